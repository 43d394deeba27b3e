"""Masks as pictures: VOC's colours, palette files, and images beside their masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from bigan.runtime import files
from bigan.visualization import pictures

EDGE = 200  # the longer one of an image in a picture


def palette() -> np.ndarray:
    """VOC's colours, `(256, 3)` uint8: bits 0, 3, 6 of a class are red's highest, 1, 4, 7 green's, 2, 5 blue's."""
    classes = np.arange(256)[:, None]
    out = np.zeros((256, 3), np.int64)
    for k in range(8):
        out |= (classes >> (3 * k + np.arange(3)) & 1) << (7 - k)
    return out.astype(np.uint8)


def write_mask(path: Path, mask: np.ndarray) -> None:
    """Writes `(height, width)` uint8 classes as a PNG with VOC's palette, as VOC's own masks are."""
    image = Image.fromarray(mask)
    image.putpalette(palette().tobytes())
    files.write(path, lambda file: image.save(file, "PNG"))


def write_beside(path: Path, rows: Sequence[tuple[Image.Image, Sequence[np.ndarray]]], columns: int = 2) -> None:
    """Writes images, each with its masks to its right, several in a row.

    Args:
        path: of the PNG.
        rows: RGB images, each with as many masks of its own size, `(height, width)` uint8.
        columns: images with their masks in a row.
    """
    colours = palette()
    tiles = []
    for image, masks in rows:
        tiles.append(_tile(image, Image.Resampling.BILINEAR))
        tiles += [_tile(Image.fromarray(colours[mask]), Image.Resampling.NEAREST) for mask in masks]
    pictures.write_png(path, pictures.grid(np.stack(tiles), columns * (1 + len(rows[0][1])), gap=2))


def _tile(image: Image.Image, how: Image.Resampling) -> np.ndarray:
    """An image, its longer edge `EDGE`, in the middle of a white square."""
    scale = EDGE / max(image.size)
    image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), how)
    out = np.full((EDGE, EDGE, 3), 255, np.uint8)
    top, left = (EDGE - image.height) // 2, (EDGE - image.width) // 2
    out[top : top + image.height, left : left + image.width] = np.asarray(image)
    return out
