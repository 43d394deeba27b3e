"""Stores in shards: any number of machines pack a part each, side by side; merging writes the index of them all.

OUT/shard-00003-of-00064/    a store of its own: the images of each split from 3/64 of its length on, up to 4/64
OUT/SPLIT.index              after merging: byte for byte the index that one process would have written
OUT/store.json               after merging: as of any store, and how many shards hold the pixels

The shards' pixels, one after the other, are the bytes that one process would have written; they stay where they are.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from bigan.data.store import layout
from bigan.data.store.origins import Item, Origin
from bigan.errors import UserError
from bigan.runtime import files
from bigan.types import Json

FOLDER = re.compile(r"shard-(\d{5})-of-(\d{5})")


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`, from 0 on."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """From 'i/n', i from 0 to n - 1.

        Raises:
            UserError: if it is nothing of the kind.
        """
        index, slash, count = text.partition("/")
        if not (slash and index.isdecimal() and count.isdecimal() and int(index) < int(count) < 100_000):
            raise UserError(f"`shard` must be I/N with I from 0 to N - 1, e.g. 0/64. Received: {text!r}")
        return cls(int(index), int(count))

    def rows(self, length: int) -> range:
        """Which of `length` things belong to it."""
        return range(length * self.index // self.count, length * (self.index + 1) // self.count)

    @property
    def name(self) -> str:
        """For files and folders."""
        return layout.part(self.index, self.count)


def part(origin: Origin, shard: Shard) -> Origin:
    """The images of one shard.

    Raises:
        UserError: if a split has fewer images than there are shards.
    """
    for split, length in origin.counts.items():
        if length < shard.count:
            raise UserError(f"`shard`: split {split!r} has {length} images, too few for {shard.count} shards")
    rows = {split: shard.rows(length) for split, length in origin.counts.items()}

    def items(split: str, first: int) -> Iterator[Item]:
        start, stop = rows[split].start + first, rows[split].stop
        return islice(origin.items(split, start), max(0, stop - start))

    counts = {split: len(which) for split, which in rows.items()}
    digest = f"{origin.digest}/{shard.name}"
    return Origin(origin.name, origin.classes, counts, items, digest, origin.ignored)


def merge(out: Path) -> dict[str, Json]:
    """Writes the index of the shards in `out`, which makes them a store.

    Returns:
        What store.json says.

    Raises:
        UserError: if a shard is missing, unfinished or there twice, or shards were made from other images or sizes.
    """
    with files.exclusive(out, f"`out`: another process is merging the store in {out}"):
        folders = _folders(out)
        facts = [layout.describe(folder) for folder in folders]
        requests = [description["request"] for description in facts]
        for folder, description, request in zip(folders, facts, requests, strict=True):
            if description["edge"] != facts[0]["edge"]:
                raise UserError(
                    f"{folder}: has the edge {description['edge']}, and {folders[0]} has {facts[0]['edge']}"
                )
            origin, _, name = str(request["digest"]).partition("/")
            if f"shard-{name}" != folder.name:
                raise UserError(f"{folder}: holds shard {name}, which is there twice")
            if origin != str(requests[0]["digest"]).partition("/")[0] or request["classes"] != requests[0]["classes"]:
                raise UserError(f"{folder}: was made from other images than {folders[0]}")
        splits = {split: _merge_split(out, split, folders, facts) for split in facts[0]["splits"]}
        counts = {split: sum(request["counts"][split] for request in requests) for split in splits}
        request = requests[0] | {"counts": counts, "digest": str(requests[0]["digest"]).partition("/")[0]}
        description = facts[0] | {
            "format": layout.SHARDED,
            "shards": len(folders),
            "splits": splits,
            "request": request,
        }
        files.write_json(out / "store.json", description)
    return description


def _folders(out: Path) -> list[Path]:
    there: dict[int, Path] = {}
    counts: dict[int, Path] = {}
    for folder in sorted(out.iterdir()):
        match = FOLDER.fullmatch(folder.name)
        if match:
            index, count = int(match[1]), int(match[2])
            counts[count] = folder
            if len(counts) > 1:
                raise UserError(f"{folder}: shards of {' and of '.join(map(str, sorted(counts)))} lie in {out}")
            there[index] = folder
    if not there:
        raise UserError(f"`out`: there are no shards in {out}; make them with scripts.prepare --shard=I/N")
    (count,) = counts
    missing = [index for index in range(count) if index not in there]
    if missing:
        raise UserError(f"`out`: shard {missing[0]}/{count} is missing in {out}" + _more(len(missing) - 1))
    return [there[index] for index in range(count)]


def _more(count: int) -> str:
    return f", and {count} more" if count else ""


def _merge_split(out: Path, split: str, folders: list[Path], facts: list[dict[str, Json]]) -> dict[str, Json]:
    pixels = position = images = 0
    skipped: list[str] = []
    digest = hashlib.blake2b(digest_size=16)
    with files.replacing(out / f"{split}.index") as aside, open(aside, "wb") as index:
        for folder, description in zip(folders, facts, strict=True):
            here = description["splits"][split]
            _, path = layout.check(folder, split, here)
            records = np.fromfile(path, layout.RECORD)
            records["first"] += np.uint64(pixels)
            records["source"] += np.uint32(position)
            index.write(records.tobytes())
            pixels, images = pixels + here["pixels"], images + here["images"]
            position += description["request"]["counts"][split]
            skipped += here["skipped"]
            digest.update(here["digest"].encode())
    each = [description["splits"][split]["pixels"] for description in facts]
    return {"images": images, "pixels": pixels, "skipped": skipped, "digest": digest.hexdigest(), "shards": each}


def folder(out: Path, shard: Shard) -> Path:
    """Where a shard lies.

    Raises:
        UserError: if `out` is a store already, or holds shards of another number.
    """
    if (out / "store.json").exists() or any(out.glob("*.pixels")):
        raise UserError(f"`out`: {out} holds a store already; use another folder")
    for path in sorted(out.glob("shard-*")):
        match = FOLDER.fullmatch(path.name)
        if match and int(match[2]) != shard.count:
            raise UserError(f"`shard`: {out} holds shards of {int(match[2])}. Received: {shard.index}/{shard.count}")
    return out / f"shard-{shard.name}"
