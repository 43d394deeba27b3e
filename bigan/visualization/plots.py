"""Plots of numbers, drawn with matplotlib. PNG files written atomically."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from bigan.runtime import files

if TYPE_CHECKING:
    from matplotlib.figure import Figure


ACCURACIES = ("knn_hidden", "knn_output", "logistic_hidden", "reconstruction_class")  # in %
DISTANCES = ("reconstruction", "regeneration", "nearest")
SAMPLES = ("sample_precision", "sample_recall", "sample_coverage")


def by_unit(names: set[str], losses: list[str]) -> dict[str, list[str]]:
    """A run's columns by panels of its curves, those of one unit in each; title -> column names.

    Args:
        names: columns that the run has.
        losses: of its method.
    """
    distances = sorted(name for name in names if name.startswith(DISTANCES) and name not in ACCURACIES)
    found = {
        "losses": losses,
        "accuracy (%)": [name for name in ACCURACIES if name in names],
        "distances": distances,
        "samples": [name for name in SAMPLES if name in names],
    }
    return {title: columns for title, columns in found.items() if columns or title == "losses"}


def write_curves(path: Path, rows: list[dict[str, float]], panels: dict[str, list[str]]) -> None:
    """Plots columns of `rows` against 'epoch', a panel for each entry of `panels` (title -> column names)."""
    plot = new_plot(5 * len(panels), 3.6)
    axes = plot.subplots(1, len(panels), squeeze=False)[0]
    for axis, (title, names) in zip(axes, panels.items(), strict=True):
        for name in names:
            points = [(row["epoch"], row[name]) for row in rows if name in row]
            if points:
                x, y = zip(*points, strict=True)
                axis.plot(x, y, label=name, marker="." if len(points) < 40 else "", linewidth=1.2)
        axis.set_title(title)
        axis.set_xlabel("epoch")
        axis.grid(alpha=0.3)
        if axis.lines:
            axis.legend(fontsize=8)
    write_plot(path, plot)


def new_plot(width: float, height: float) -> Figure:
    """A matplotlib plot that needs no display and leaves pyplot's state alone."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    plot = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(plot)
    return plot


def write_plot(path: Path, plot: Figure) -> None:
    """Writes a matplotlib plot as PNG."""
    buffer = io.BytesIO()
    plot.savefig(buffer, format="png", dpi=120)
    files.write(path, lambda file: file.write(buffer.getvalue()))
