"""Pictures: grids of images, pairs of images, curves. PNG files written atomically."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np

from bigan import files


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


def write_curves(path: Path, rows: list[dict[str, Any]], panels: dict[str, list[str]]) -> None:
    """Plots columns of `rows` against 'epoch', a panel for each entry of `panels` (title -> column names)."""
    figure = new_figure(5 * len(panels), 3.6)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (title, names) in zip(axes, panels.items(), strict=True):
        for name in names:
            points = [(row["epoch"], row[name]) for row in rows if row.get(name) not in (None, "")]
            if points:
                x, y = zip(*points, strict=True)
                axis.plot(x, y, label=name, marker="." if len(points) < 40 else "", linewidth=1.2)
        axis.set_title(title)
        axis.set_xlabel("epoch")
        axis.grid(alpha=0.3)
        if axis.lines:
            axis.legend(fontsize=8)
    write_figure(path, figure)


def new_figure(width: float, height: float) -> Any:
    """A matplotlib figure that needs no display and leaves pyplot's state alone."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def write_figure(path: Path, figure: Any) -> None:
    """Writes a matplotlib figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    files.write(path, lambda file: file.write(buffer.getvalue()))
