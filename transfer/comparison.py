"""Methods side by side, over seeds: Table 5.1 as Markdown, CSV and pictures, from finished runs' own records.

Nothing is computed here but means and spreads: every figure is one that a run recorded in results.json or metrics.csv.
"""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigan import files, pictures
from bigan.training import Run

# Table 5.1, 1-NN accuracy (%) on permutation-invariant MNIST, 400 epochs.
TABLE_5_1 = {
    "bigan": 97.39, "gan": 97.30, "latent_regressor": 97.44, "joint_latent_regressor": 97.13,
    "autoencoder_l2": 97.58, "autoencoder_l1": 97.63,
}  # fmt: skip
FIGURES = ("knn_hidden", "knn_output", "logistic_hidden")
RATIO = "reconstruction ratio"


@dataclass
class Row:
    """One line of the table: figures by name, each a list over seeds."""

    name: str
    seeds: list[int] = field(default_factory=list)
    figures: dict[str, list[float]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def add(self, seed: int, figures: dict[str, float]) -> None:
        """Adds one run's figures."""
        self.seeds.append(seed)
        values = {name: figures[name] for name in FIGURES if name in figures}
        if "reconstruction" in figures:
            values[RATIO] = ratio(figures)
        for name, value in values.items():
            self.figures.setdefault(name, []).append(value)


def ratio(figures: dict[str, Any]) -> float:
    """Reconstruction distance over its shuffled baseline: below 1 when G(E(x)) tells images apart."""
    return figures["reconstruction"] / figures["reconstruction_shuffled"]


def spread(values: list[float], digits: int = 2) -> str:
    """'mean ± sample standard deviation', or the one value."""
    if not values:
        return "-"
    mean = f"{statistics.mean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def collect(runs: Iterable[tuple[str, int, Run]]) -> list[Row]:
    """Rows for raw input, the untrained network, and each method, from complete runs of (method, seed)."""
    raw, untrained = Row("raw input"), Row("untrained network")
    rows: dict[str, Row] = {}
    for name, seed, run in runs:
        results = run.results
        row = rows.setdefault(name, Row(name))
        row.add(seed, results["figures"])
        row.seconds.append(results["training_seconds"])
        row.rates += [r["images_per_second"] for r in run.history[-1:]]
        if seed not in raw.seeds:  # the same for every method
            raw.add(seed, results["raw"])
        # Every encoder starts from the same weights for the same seed (but for a latent regressor's last layer).
        if seed not in untrained.seeds and name in ("bigan", "autoencoder_l2", "autoencoder_l1"):
            untrained.add(seed, results["untrained"])
    raw.figures = {name: values[:1] for name, values in raw.figures.items()}
    return [row for row in (raw, untrained, *rows.values()) if row.seeds]


def write(folder: Path, rows: list[Row], protocol: dict[str, Any], epochs: int, paper: bool, variant: str) -> None:
    """Writes table.md, table.csv and table.png.

    Args:
        folder: where to.
        rows: from `collect`.
        protocol: of any of the runs, as results.json records it.
        epochs: of the whole schedule.
        paper: whether the thesis's own column belongs beside these figures.
        variant: thesis or released.
    """
    names = [n for n in (*FIGURES, RATIO) if any(n in row.figures for row in rows)]
    header = ["method", "seeds", *names, *(["Table 5.1 (400 epochs)"] if paper else []), "s per run", "images/s"]
    table = [header]
    for row in rows:
        cells = [row.name, str(len(row.seeds)) if row.rates else "-"]
        cells += [spread(row.figures.get(n, []), 3 if n == RATIO else 2) for n in names]
        cells += [f"{TABLE_5_1[row.name]:.2f}" if row.name in TABLE_5_1 else "-"] if paper else []
        cells += [f"{statistics.median(row.seconds):.0f}" if row.seconds else "-"]
        cells += [f"{statistics.median(row.rates):,.0f}" if row.rates else "-"]
        table.append(cells)
    lines = ["| " + " | ".join(cells) + " |" for cells in table]
    lines.insert(1, "| --- |" + " ---: |" * (len(header) - 1))
    about = (
        f"{epochs} epochs, variant {variant}; {protocol['evaluation']}; {protocol['training_examples']} training "
        f"examples; mean ± standard deviation over seeds; 1-NN Euclidean; {protocol['batch_norm']}; logistic: "
        f"{protocol['logistic']}. Time and rate: training alone, median over seeds."
    )
    files.write_text(folder / "table.md", "\n".join([*lines, "", about, ""]))
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(
        [["method", "seed", "figure", "value"]]
        + [
            [row.name, str(seed), name, repr(value)]
            for row in rows
            for name, values in row.figures.items()
            for seed, value in zip(row.seeds, values, strict=False)
        ]
    )
    files.write_text(folder / "table.csv", buffer.getvalue())
    _dots(folder / "table.png", rows, paper)


def _dots(path: Path, rows: list[Row], paper: bool) -> None:
    """Mean, spread and single runs, a row a method in both panels; dots, since the axes do not begin at zero."""
    figure = pictures.new_figure(9, 3.8)
    axes = figure.subplots(1, 2, sharey=True)
    for axis, name in zip(axes, ("knn_hidden", "knn_output"), strict=True):
        shown = [(place, row, row.figures[name]) for place, row in enumerate(rows) if name in row.figures]
        if not shown:
            axis.set_axis_off()
            continue
        means = [statistics.mean(values) for _, _, values in shown]
        errors = [statistics.stdev(values) if len(values) > 1 else 0.0 for _, _, values in shown]
        colours = ["C0" if row.rates else "0.6" for _, row, _ in shown]
        for (place, _, _), mean, error, colour in zip(shown, means, errors, colours, strict=True):
            axis.errorbar(mean, place, xerr=error or None, fmt="D", color=colour, markersize=7, capsize=4)
        runs = [(value, place) for place, row, values in shown if row.rates for value in values]
        axis.plot(*zip(*runs, strict=True), "o", color="C1", markersize=3, label="each run")
        every = [value for _, _, values in shown for value in values]
        axis.set_xlim(left=max(0, min(every) - 1), right=min(100, max(every) + 1))
        axis.set_title(f"{name}, 1-NN accuracy (%)")
        axis.grid(axis="x", alpha=0.3)
        if paper and name == "knn_hidden":
            points = [(TABLE_5_1[row.name], place) for place, row, _ in shown if row.name in TABLE_5_1]
            if points:
                axis.plot(*zip(*points, strict=True), "k|", markersize=14, label="Table 5.1, 400 epochs")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8)
    axes[0].set_yticks(range(len(rows)), [row.name for row in rows])
    axes[0].invert_yaxis()
    pictures.write_figure(path, figure)


def write_curves(path: Path, runs: Iterable[tuple[str, int, Run]]) -> None:
    """knn_output, knn_hidden and the reconstruction ratio against epochs, every method in one plot, a line a seed."""
    figure = pictures.new_figure(15, 4)
    axes = figure.subplots(1, 3)
    colours: dict[str, str] = {}
    for name, _, run in runs:
        first = name not in colours
        colour = colours.setdefault(name, f"C{len(colours)}")
        rows = [dict(row) for row in run.history]
        for row in rows:
            if "reconstruction" in row:
                row[RATIO] = ratio(row)
        for axis, title in zip(axes, ("knn_output", "knn_hidden", RATIO), strict=True):
            points = [(row["epoch"], row[title]) for row in rows if title in row]
            # A latent regressor's last layer starts at zero: its untrained output classifies at random, and would
            # squeeze the others' curves.
            if title == "knn_output" and points and points[0][1] < 0.5 * points[-1][1]:
                points = points[1:]
            if points:
                x, y = zip(*points, strict=True)
                axis.plot(x, y, color=colour, marker=".", linewidth=1.2, label=name if first else None)
            axis.set_title(title + ("" if title == RATIO else " (%)"))
            axis.set_xlabel("epoch")
            axis.grid(alpha=0.3)
    handles, labels = axes[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6, fontsize=9)
    pictures.write_figure(path, figure)
