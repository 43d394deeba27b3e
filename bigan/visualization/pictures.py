"""Pictures made of images: grids, pairs, blocks. PNG files written atomically."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from bigan.runtime import files


def is_picture(shape: tuple[int, ...]) -> bool:
    """Whether examples of this shape can be shown: (height, width, 1 or 3)."""
    return len(shape) == 3 and shape[-1] in (1, 3)


def grid(images: np.ndarray, columns: int | None = None, gap: int = 1) -> np.ndarray:
    """Tiles `(n, h, w, c)` uint8 images into one `(H, W, c)` picture on grey, row by row."""
    n, h, w, c = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    out = np.full((rows * (h + gap) + gap, columns * (w + gap) + gap, c), 96, np.uint8)
    for i, image in enumerate(images):
        y, x = gap + (i // columns) * (h + gap), gap + (i % columns) * (w + gap)
        out[y : y + h, x : x + w] = image
    return out


def beside(left: np.ndarray, right: np.ndarray, columns: int = 16) -> np.ndarray:
    """Rows of `left` images, each row with the `right` images that belong to it underneath, as one picture."""
    rows = []
    for start in range(0, len(left), columns):
        a, b = left[start : start + columns], right[start : start + columns]
        pad = np.full((columns - len(a), *a.shape[1:]), 96, np.uint8)
        rows += [a, pad, b, pad]
    return grid(np.concatenate(rows), columns)


def stacked(blocks: list[np.ndarray], gap: int = 6) -> np.ndarray:
    """Pictures one above the other, white between them and to their right."""
    width = max(block.shape[1] for block in blocks)
    channels = max(block.shape[2] for block in blocks)
    parts = []
    for block in blocks:
        part = np.full((block.shape[0] + gap, width, channels), 255, np.uint8)
        part[: block.shape[0], : block.shape[1]] = block
        parts.append(part)
    return np.concatenate(parts)[:-gap]


def write_png(path: Path, picture: np.ndarray, longest: int = 800) -> None:
    """Writes a `(H, W, 1 or 3)` uint8 picture, enlarged by a whole factor to some `longest` pixels wide or high."""
    from PIL import Image

    factor = max(1, round(longest / max(picture.shape[:2])))
    image = Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)
    image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    files.write(path, lambda file: image.save(file, "PNG"))
