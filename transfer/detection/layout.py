"""Where an image and its boxes lie on a detector's input: a square grey canvas, the image in its first corner."""

from __future__ import annotations

import numpy as np
from PIL import Image

from transfer.datasets.decoding import GREY

# On which a head is initialised: the whole image, its quarters and its middle.
SAMPLED = np.array(
    [[0, 0, 1, 1], [0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1], [0.5, 0.5, 1, 1]] + [[0.25, 0.25, 0.75, 0.75]]
)
EXAMPLES = 1000  # such regions at least
LONGEST = 4 / 3  # of a canvas's edge to the shorter edge of images: VOC's commonest shape; longer ones are made smaller


def canvas(edge: int) -> int:
    """Edge of the square on which images of that shorter edge are put."""
    return round(LONGEST * edge)


def canvases(units: int) -> int:
    """How many a head of fc6 and fc7 with so many units each is initialised on, by the regions of `SAMPLED`."""
    return -(-max(2 * units, EXAMPLES) // len(SAMPLED))


def placed(image: Image.Image, edge: int) -> tuple[np.ndarray, float]:
    """An RGB image on its canvas, `(canvas, canvas, 3)` uint8, and its scale: shorter edge `edge`, if it fits."""
    side = canvas(edge)
    factor = min(edge / min(image.size), side / max(image.size))
    width, height = (min(side, max(1, round(length * factor))) for length in image.size)
    out = np.full((side, side, 3), GREY, np.uint8)
    out[:height, :width] = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    return out, factor


def on_canvas(regions: np.ndarray, factor: float) -> np.ndarray:
    """Boxes, 1-based and inclusive, in a canvas's pixels, 0-based and inclusive."""
    return np.concatenate([(regions[..., :2] - 1) * factor, regions[..., 2:] * factor - 1], axis=-1).astype(np.float32)


def mirrored(regions: np.ndarray, width: int) -> np.ndarray:
    """Boxes of an image as they lie on its mirror image."""
    return np.stack([width + 1 - regions[:, 2], regions[:, 1], width + 1 - regions[:, 0], regions[:, 3]], axis=1)


def mirrored_canvas(pixels: np.ndarray, width: int, factor: float) -> np.ndarray:
    """The canvas of an image's mirror image, given the image's own, its width and its scale."""
    inside = min(pixels.shape[1], max(1, round(width * factor)))
    return np.concatenate([pixels[:, :inside][:, ::-1], pixels[:, inside:]], axis=1)
