"""Images with boxes, each with its class and score."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from bigan.visualization import pictures
from transfer.detection.detector import Found

EDGE = 300  # the longer one of an image in a picture
COLOURS = ("red", "lime", "cyan", "yellow", "magenta", "orange", "white")


def write_boxes(
    path: Path, images: Sequence[tuple[Image.Image, Found]], classes: Sequence[str], least: float, columns: int = 4
) -> None:
    """Writes images with their detections, those with a score of at least `least`, `columns` in a row."""
    pictures.write_png(path, pictures.grid(np.stack([_tile(*one, classes, least) for one in images]), columns, gap=2))


def _tile(image: Image.Image, found: Found, classes: Sequence[str], least: float) -> np.ndarray:
    scale = EDGE / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    small = image.resize((width, height))
    draw = ImageDraw.Draw(small)
    for box, label, score in list(zip(*found, strict=True))[::-1]:  # the best on top
        if score >= least:
            left, top, right, bottom = (float(v) * scale for v in (box[0] - 1, box[1] - 1, box[2], box[3]))
            colour = COLOURS[int(label) % len(COLOURS)]
            draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour, width=2)
            text = f"{classes[int(label)]} {score:.2f}"
            draw.rectangle(draw.textbbox((left + 2, top + 1), text), fill="black")
            draw.text((left + 2, top + 1), text, fill=colour)
    out = np.full((EDGE, EDGE, 3), 255, np.uint8)
    out[: small.height, : small.width] = np.asarray(small)
    return out
