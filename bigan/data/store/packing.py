"""Makes a store: decodes and resizes every image once, on all cores, and appends it to one flat file.

Images go to `SPLIT.pixels` first and to `SPLIT.index` after, in their own order; what a kill leaves beyond the last
whole record is cut off when the same request is made again. So a store has the same bytes however often its making
was interrupted, and `store.json`, written last, makes it one.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from bigan.data.sources.images import FORMATS, deep
from bigan.data.store import layout
from bigan.data.store.layout import FORMAT, RECORD
from bigan.data.store.origins import Item, Origin
from bigan.errors import UserError
from bigan.runtime import files
from bigan.types import Json

CHUNK = 256  # images between two flushes, at most
MEMORY = 2**29  # bytes of images that wait for a flush, as far as their edge tells
SMALLEST = 8  # pixels: an image with a shorter edge below cannot be meant
LONGEST = 16  # times the shorter edge


class Reporter:
    """What `pack` says while it works; this one says nothing."""

    def say(self, line: str) -> None:
        """A line for the user."""

    def count(self, split: str, done: int, total: int) -> None:
        """So many of a split's images are done."""


def pack(origin: Origin, out: Path, edge: int, skip_bad: bool, reporter: Reporter | None = None) -> dict[str, Json]:
    """Makes, or goes on making, the store `out`.

    Every image becomes RGB (grey is repeated, CMYK converted, transparency dropped), its shorter edge `edge` pixels,
    by Lanczos's antialiased filter, smaller images enlarged. EXIF rotation is not applied, as in ImageNet's tools.

    Args:
        origin: the images.
        out: the store's folder, made if missing.
        edge: of the shorter side, in pixels.
        skip_bad: whether images that cannot be used are left out and listed, or refused.
        reporter: told what happens.

    Returns:
        What store.json says.

    Raises:
        UserError: naming the image that cannot be used, or the folder that holds something else or a damaged store.
    """
    request = {
        "format": FORMAT,
        "edge": edge,
        "dataset": origin.name,
        "classes": list(origin.classes),
        "counts": origin.counts,
        "digest": origin.digest,
    }
    reporter = reporter or Reporter()
    with files.exclusive(out, f"`out`: another process is making a store in {out}"):
        finished, begun = out / "store.json", out / "request.json"
        files.sweep(out, ["request.json"])  # a kill may have come before there was any
        if finished.exists():
            description = layout.describe(out)
            if description.get("request") != request:
                raise UserError(f"`out`: {out} holds a store of other images or of another size; use another folder")
            for split, facts in description["splits"].items():
                if _digest(layout.check(out, split, facts)) != facts["digest"]:
                    raise UserError(f"{out}: the images of {split} are damaged; remove the folder and prepare it again")
            reporter.say(f"the store in {out} is complete; nothing to do")
        else:
            if begun.exists():
                if _read(begun) != request:
                    raise UserError(
                        f"`out`: {out} holds an unfinished store made from something else; remove it, or use another "
                        "folder"
                    )
                files.sweep(out)
            elif [path for path in out.iterdir() if path.name != ".lock"]:
                raise UserError(f"`out`: {out} is not empty and holds no store; use another folder")
            written = sum(path.stat().st_size for path in out.glob("*.pixels"))
            least = 3 * edge * edge * sum(origin.counts.values())  # no image is smaller than a square
            files.check_room(out, least - written)
            files.write_json(begun, request)
            splits = {split: _pack_split(origin, split, out, edge, skip_bad, reporter) for split in origin.counts}
            description = {
                "format": FORMAT,
                "edge": edge,
                "classes": list(origin.classes),
                "splits": splits,
                "ignored": list(origin.ignored),
                "request": request,
            }
            files.write_json(finished, description)
        begun.unlink(missing_ok=True)
        return description


def resized(content: Path | bytes, edge: int) -> np.ndarray:
    """One image as `(height, width, 3)` uint8 with a shorter edge of `edge` pixels.

    Raises:
        ValueError: if it cannot be decoded or used; the message says why.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content) if isinstance(content, bytes) else content, formats=FORMATS) as image:
            if deep(image):
                raise ValueError(f"has more than 8 bits a channel, mode {image.mode}")
            width, height = image.size
            short, long = min(width, height), max(width, height)
            if short < SMALLEST or long > LONGEST * short:
                raise ValueError(f"has {width} x {height} pixels: too small or too long")
            size = max(edge, round(edge * width / short)), max(edge, round(edge * height / short))
            # JPEGs are decoded at a smaller size where that comes for free; at least half the way is left to Lanczos.
            image.draft(None, (2 * size[0], 2 * size[1]))
            # Converted first: palettes and what is transparent cannot be interpolated.
            return np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS), np.uint8)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"cannot be read as an image ({error})") from error


def _pack_split(
    origin: Origin, split: str, out: Path, edge: int, skip_bad: bool, reporter: Reporter
) -> dict[str, Json]:
    total, paths = origin.counts[split], (out / f"{split}.pixels", out / f"{split}.index")
    with files.writable(out), _appending(*paths) as (pixels, index, done, position):
        if position:
            reporter.say(f"{split}: going on after {position} of {total} images")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            results = _in_order(pool, origin.items(split, position), edge)
            while chunk := list(islice(results, _chunk(edge))):
                bad = [f"{item.name}: {result}" for item, result in chunk if isinstance(result, ValueError)]
                if bad and not skip_bad:
                    for line in bad[1:]:
                        reporter.say(line)
                    raise UserError(f"{bad[0]}; pass `bad=skip`, and the same command goes on without such images")
                for line in bad:
                    reporter.say(f"skipped {line}")
                records = []
                for offset, (item, result) in enumerate(chunk):
                    if not isinstance(result, ValueError):
                        pixels.write(result.data)
                        height, width, _ = result.shape
                        records.append((done, height, width, item.label, position + offset))
                        done += height * width
                _flush(pixels)
                index.write(np.array(records, RECORD).tobytes())
                _flush(index)
                position += len(chunk)
                reporter.count(split, position, total)
    packed = np.fromfile(paths[1], RECORD)
    if not len(packed):
        raise UserError(f"{split}: none of {total} images can be used; nothing to make a store of")
    missing = set(range(total)) - set(packed["source"].tolist())
    names = [item.name for i, item in enumerate(origin.items(split, 0)) if i in missing] if missing else []
    return {"images": len(packed), "pixels": done, "skipped": names, "digest": _digest(paths)}


def _in_order(
    pool: ThreadPoolExecutor, items: Iterator[Item], edge: int
) -> Iterator[tuple[Item, np.ndarray | ValueError]]:
    """Each item with its resized image or the ValueError, in order, the pool being kept two chunks ahead."""
    ahead: deque[tuple[Item, Future]] = deque()
    for item in items:
        ahead.append((item, pool.submit(_attempt, item, edge)))
        if len(ahead) >= 2 * _chunk(edge):
            first, future = ahead.popleft()
            yield first, future.result()
    while ahead:
        first, future = ahead.popleft()
        yield first, future.result()


def _chunk(edge: int) -> int:
    """Images between two flushes: the same bytes, however large the images are."""
    return max(2, min(CHUNK, MEMORY // (2 * 3 * edge * edge)))


def _attempt(item: Item, edge: int) -> np.ndarray | ValueError:
    try:
        return resized(item.content, edge)
    except ValueError as error:
        return error


@contextlib.contextmanager
def _appending(pixels: Path, index: Path) -> Iterator[tuple[BinaryIO, BinaryIO, int, int]]:
    """Both files open at the end of their last whole image: files, pixels so far, next position in the origin."""
    pixels.touch()
    index.touch()
    records = np.fromfile(index, RECORD)  # a torn last record is left out
    # A crash of the machine may have lost pixels that records tell of, or left other bytes in place of records.
    first, size = records["first"].astype(np.int64), records["height"].astype(np.int64) * records["width"]
    source, ends = records["source"].astype(np.int64), np.cumsum(size)
    sound = (
        (first == ends - size) & (size > 0) & (np.diff(source, prepend=-1) > 0) & (3 * ends <= pixels.stat().st_size)
    )
    count = len(records) if sound.all() else int(np.argmin(sound))
    done, position = (int(ends[count - 1]), int(source[count - 1]) + 1) if count else (0, 0)
    os.truncate(index, count * RECORD.itemsize)
    os.truncate(pixels, done * 3)
    with open(pixels, "ab") as p, open(index, "ab") as i:
        yield p, i, done, position


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _digest(paths: tuple[Path, Path]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        with open(path, "rb") as file:
            while block := file.read(1 << 24):
                digest.update(block)
    return digest.hexdigest()


def _read(path: Path) -> dict[str, Json]:
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise UserError(f"{path}: is damaged; remove the folder and prepare it again") from error
