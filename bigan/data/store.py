"""A store: images resized once to a common shorter edge, packed into one flat file a split, memory-mapped.

FOLDER/store.json        what it holds and what it was made from; written last, so without it a store is unfinished
FOLDER/SPLIT.pixels      uint8, image after image, row by row, three channels
FOLDER/SPLIT.index       one `RECORD` an image

`scripts.prepare` makes stores (see `bigan.data.packing`); training reads nothing else.
"""

from __future__ import annotations

import json
import operator
from pathlib import Path
from typing import Any

import numpy as np

from bigan.data.crops import Crops
from bigan.data.source import Examples, Source
from bigan.data.spec import Spec
from bigan.errors import UserError

FORMAT = 1
RECORD = np.dtype(
    [
        ("first", "<u8"),  # the image's first pixel in SPLIT.pixels
        ("height", "<u2"),
        ("width", "<u2"),
        ("label", "<i4"),  # -1: none
        ("source", "<u4"),  # the image's position among those that the store was made from
    ]
)


def load(folder: str, crop: int = 0, flip: bool = False) -> Source:
    """The store in `folder`: its split 'train' and, if there is one, 'val' or 'test', as crops.

    Args:
        folder: as `--out` was in `scripts.prepare`.
        crop: edge of the crops; 0 for the store's shorter edge.
        flip: whether training crops are mirrored half of the time.

    Raises:
        UserError: if there is no finished, undamaged store, or its images are smaller than `crop`.
    """
    root = Path(folder)
    description = describe(root)
    edge = crop or int(description["edge"])
    if edge > description["edge"]:
        raise UserError(
            f"--crop must be at most the store's shorter edge, {description['edge']} in {root}. Received: {crop}"
        )
    splits = description["splits"]
    if "train" not in splits:
        raise UserError(f"{root}: the store has no split 'train', only {', '.join(splits) or 'none at all'}")
    second = next((name for name in ("val", "test") if name in splits), None)
    train = _split(root, "train", description, edge, flip)
    test = _split(root, second, description, edge, flip) if second else None
    return Source("store", train, test, Spec((edge, edge, 3)), tuple(description["classes"]))


def describe(root: Path) -> dict[str, Any]:
    """What store.json says.

    Raises:
        UserError: if there is no store, an unfinished one, or one of a newer format.
    """
    path = root / "store.json"
    if not root.is_dir():
        raise UserError(f"--data_dir: no such folder: {root}; make a store with python -m scripts.prepare --out={root}")
    if not path.exists():
        unfinished = (root / "request.json").exists()
        raise UserError(
            f"{root}: is an unfinished store; run the same scripts.prepare again, it goes on where it was stopped"
            if unfinished
            else f"{root}: is no store (it has no store.json); make one with python -m scripts.prepare"
        )
    try:
        description = json.loads(path.read_text())
        version = description["format"]
        if version <= FORMAT:
            _ = operator.index(description["edge"]), list(description["classes"])
            for facts in description["splits"].values():
                _ = operator.index(facts["pixels"]), operator.index(facts["images"]), facts["digest"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path}: is damaged ({type(error).__name__}); remove the folder and prepare it again"
        ) from error
    if version > FORMAT:
        raise UserError(f"{path}: has format {version}, and this version of bigan reads up to {FORMAT}; update bigan")
    return description


def check(root: Path, name: str, facts: dict[str, Any]) -> tuple[Path, Path]:
    """A split's two files.

    Raises:
        UserError: if one is missing or has another size than it was left with.
    """
    paths = root / f"{name}.pixels", root / f"{name}.index"
    for path, size in zip(paths, (facts["pixels"] * 3, facts["images"] * RECORD.itemsize), strict=True):
        if not path.exists() or path.stat().st_size != size:
            found = f"{path.stat().st_size} bytes" if path.exists() else "no file"
            raise UserError(f"{path}: must have {size} bytes. Received: {found}; remove {root} and prepare it again")
    return paths


def _split(root: Path, name: str, description: dict[str, Any], edge: int, flip: bool) -> Examples:
    facts = description["splits"][name]
    paths = check(root, name, facts)
    pixels = np.memmap(paths[0], np.uint8, "r").reshape(-1, 3)
    index = np.fromfile(paths[1], RECORD)
    first, heights, widths, labels = (index[key].astype(np.int64) for key in ("first", "height", "width", "label"))
    # The pixels are not read here, a store may have many: what the index says of them must at least be possible.
    classes = len(description["classes"])
    sound = (
        len(index) > 0
        and np.array_equal(first, np.cumsum(heights * widths) - heights * widths)
        and first[-1] + heights[-1] * widths[-1] == len(pixels)
        and (np.minimum(heights, widths) == description["edge"]).all()
        and ((labels >= -1) & (labels < classes)).all()
    )
    if not sound:
        raise UserError(f"{paths[1]}: is damaged, or {root / 'store.json'} is; remove {root} and prepare it again")
    crops = Crops(np.asarray(pixels), first, heights, widths, edge, flip, facts["digest"])
    return Examples(crops, None if (labels < 0).all() else labels)
