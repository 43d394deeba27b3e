"""A store: images resized once to a common shorter edge, packed into one flat file a split, memory-mapped.

FOLDER/store.json        what it holds and what it was made from; written last, so without it a store is unfinished
FOLDER/SPLIT.pixels      uint8, image after image, row by row, three channels
FOLDER/SPLIT.index       one `RECORD` an image

`scripts.prepare` makes stores (see `bigan.data.store.packing`); training reads nothing else.
"""

from __future__ import annotations

import json
import operator
from pathlib import Path

import numpy as np

from bigan.errors import UserError
from bigan.runtime import files
from bigan.types import Json

FORMAT = 1
SHARDED = 2  # the format of a store whose pixels lie in shards, see `bigan.data.store.shards`
RECORD = np.dtype(
    [
        ("first", "<u8"),  # the image's first pixel in SPLIT.pixels
        ("height", "<u2"),
        ("width", "<u2"),
        ("label", "<i4"),  # -1: none
        ("source", "<u4"),  # the image's position among those that the store was made from
    ]
)


def describe(root: Path) -> dict[str, Json]:
    """What store.json says.

    Raises:
        UserError: if there is no store, an unfinished one, or one of a newer format.
    """
    path = root / "store.json"
    if not root.is_dir():
        raise UserError(f"`data_dir`: no such folder: {root}; make a store with python -m scripts.prepare --out={root}")
    if not path.exists():
        unfinished = (root / "request.json").exists()
        raise UserError(
            f"{root}: is an unfinished store; run the same scripts.prepare again, it goes on where it was stopped"
            if unfinished
            else f"{root}: holds shards that are not merged yet; run scripts.prepare --merge --out={root}"
            if any(root.glob("shard-*"))
            else f"{root}: is no store (it has no store.json); make one with python -m scripts.prepare"
        )
    try:
        with files.readable(path):
            description = json.loads(path.read_text())
        version = description["format"]
        if version <= SHARDED:
            _ = operator.index(description["edge"]), list(description["classes"])
            for facts in description["splits"].values():
                _ = operator.index(facts["pixels"]), operator.index(facts["images"]), facts["digest"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: is damaged ({type(error).__name__}); remove the folder and prepare it again"
        ) from error
    if version > SHARDED:
        raise UserError(f"{path}: has format {version}, and this version of bigan reads up to {SHARDED}; update bigan")
    return description


def part(index: int, count: int) -> str:
    """What part `index` of `count` is called, in names of files and folders."""
    return f"{index:05d}-of-{count:05d}"


def index(root: Path, name: str, facts: dict[str, Json]) -> Path:
    """The file that holds a split's index.

    Raises:
        UserError: if it is missing or has another size than it was left with.
    """
    return _sized(root / f"{name}.index", facts["images"] * RECORD.itemsize, root)


def pixels(root: Path, name: str, description: dict[str, Json]) -> list[Path]:
    """The files that hold a split's pixels, in their order.

    Raises:
        UserError: if one is missing or has another size than it was left with.
    """
    facts = description["splits"][name]
    if description["format"] < SHARDED:
        return [_sized(root / f"{name}.pixels", facts["pixels"] * 3, root)]
    count = description["shards"]
    folders = [root / f"shard-{part(i, count)}" for i in range(count)]
    return [
        _sized(folder / f"{name}.pixels", size * 3, root) for folder, size in zip(folders, facts["shards"], strict=True)
    ]


def check(root: Path, name: str, facts: dict[str, Json]) -> tuple[Path, Path]:
    """A split's two files, in a store or shard that one process made.

    Raises:
        UserError: if one is missing or has another size than it was left with.
    """
    return _sized(root / f"{name}.pixels", facts["pixels"] * 3, root), index(root, name, facts)


def _sized(path: Path, size: int, root: Path) -> Path:
    if not path.exists() or path.stat().st_size != size:
        found = f"{path.stat().st_size} bytes" if path.exists() else "no file"
        raise UserError(f"{path}: must have {size} bytes. Received: {found}; remove {root} and prepare it again")
    return path
