"""Plots of results: values with the intervals around them, side by side, and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bigan.visualization import plots
from transfer.task import Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Curve:
    """A line of a plot.

    Args:
        points: (x, y).
        label: of the legend; '' for none.
        colour: matplotlib's name of one; '' for the next that is free.
        marker: matplotlib's sign for points.
    """

    points: Sequence[tuple[float, float]]
    label: str = ""
    colour: str = ""
    marker: str = ""


@dataclass(frozen=True)
class Panel:
    """One of several axes side by side.

    Args:
        title: above it.
        x, y: what the axes are; '' for nothing.
        curves: the lines.
    """

    title: str = ""
    x: str = ""
    y: str = ""
    curves: list[Curve] = field(default_factory=list)


def write_curves(path: Path, panels: Sequence[Panel], width: float = 5, columns: int = 6) -> None:
    """Writes a picture of panels, `width` inches each, with one legend below, in so many columns at most."""
    plot = plots.new_plot(width * len(panels), 4)
    axes = plot.subplots(1, len(panels), squeeze=False)[0]
    for axis, panel in zip(axes, panels, strict=True):
        for curve in panel.curves:
            x, y = zip(*curve.points, strict=True)
            style = {"color": curve.colour} if curve.colour else {}
            axis.plot(x, y, marker=curve.marker, linewidth=1.2, label=curve.label or None, **style)
        axis.set_title(panel.title)
        axis.set_xlabel(panel.x)
        axis.set_ylabel(panel.y)
        axis.grid(alpha=0.3)
    legend(plot, axes, columns)
    plots.write_plot(path, plot)


def write_points(path: Path, series: Mapping[str, Sequence[Point]], title: str, measure: str) -> None:
    """Writes a picture of values over columns, a line a series, with the intervals around them.

    Args:
        path: of the PNG.
        series: points by name.
        title: above the plot.
        measure: what the values are.
    """
    columns = list(dict.fromkeys(point.column for points in series.values() for point in points))
    plot = plots.new_plot(max(5, 1.1 * len(columns)), 3.8)
    axis = plot.subplots()
    for i, (name, points) in enumerate(series.items()):
        x = [columns.index(point.column) + 0.06 * (i - (len(series) - 1) / 2) for point in points]
        line = "-" if len(points) > 1 else ""
        axis.errorbar(
            x, [p.value for p in points], yerr=errors(points), label=name, marker="o", linestyle=line, capsize=2
        )
    axis.set_xticks(range(len(columns)), columns, rotation=30 if len(columns) > 4 or max(map(len, columns)) > 12 else 0)
    axis.set_ylabel(measure)
    axis.set_title(title)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    plots.write_plot(path, plot)


def errors(points: Sequence[Point]) -> list[list[float]]:
    """How far the intervals reach below and above the values.

    The bootstrap's interval of an average precision may lie above its value, since repeated positives raise it: it then
    reaches no way below.
    """
    return [[max(0.0, p.value - p.low) for p in points], [max(0.0, p.high - p.value) for p in points]]


def legend(plot: Figure, axes: Sequence[Axes], columns: int) -> None:
    """One legend below the plot, of all panels' labels, each once."""
    labelled = {label: handle for axis in axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    if labelled:
        plot.legend(labelled.values(), labelled.keys(), loc="outside lower center", ncols=columns, fontsize=8)
