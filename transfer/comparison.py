"""Methods side by side, over seeds: Table 5.1 as Markdown, CSV and plots, from finished runs' own records.

Nothing is computed here but means and spreads: every number is one that a run recorded in results.json or metrics.csv.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from bigan.evaluation import tables
from bigan.evaluation.tables import Table
from bigan.training.run import Run
from bigan.types import Json
from bigan.visualization import plots
from transfer import rows
from transfer.plots import Curve, Panel, errors, legend, write_curves
from transfer.rows import RATIO, Row, Runs
from transfer.task import Point

# Table 5.1, 1-NN accuracy (%) on permutation-invariant MNIST, 400 epochs.
TABLE_5_1 = {
    "bigan": 97.39,
    "gan": 97.30,
    "latent_regressor": 97.44,
    "joint_latent_regressor": 97.13,
    "autoencoder_l2": 97.58,
    "autoencoder_l1": 97.63,
}
METRICS = ("knn_hidden", "knn_output", "logistic_hidden")
SHOWN = (*METRICS, RATIO)
# Their encoders start from the same weights for the same seed; a latent regressor's last layer does not.
STANDARD = ("bigan", "autoencoder_l2", "autoencoder_l1")


def point(row: Row, name: str) -> Point:
    """A metric's mean over seeds and the standard deviation around it."""
    values = row.values(name)
    mean, deviation = statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0
    return Point(name, mean, mean - deviation, mean + deviation)


def spread(values: list[float], digits: int = 2) -> str:
    """'mean ± sample standard deviation', or the one value."""
    if not values:
        return "-"
    mean = f"{statistics.mean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def write(folder: Path, runs: Runs) -> None:
    """Writes table.md, table.csv, table.png and curves.png.

    Args:
        folder: where to.
        runs: complete ones, of one configuration but for method and seed.
    """
    found, paper = collect(runs), _like_paper(runs[0][2])
    tables.write(folder, table(found, paper, _caption(runs[0][2])), rows.numbers(found, "method"))
    write_dots(folder / "table.png", found, paper)
    write_curves(folder / "curves.png", _panels(runs))


def collect(runs: Runs) -> list[Row]:
    """Rows for raw input, the untrained network, and each method."""
    untrained = Row("untrained network")
    for name, seed, run in runs:
        if name in STANDARD and seed not in untrained.metrics.get(METRICS[0], {}):
            untrained.add(seed, run.results["untrained"])
    above = [row for row in (rows.raw_input(runs), untrained) if row.metrics]
    found = [*above, *rows.collect(runs)]
    for row in found:
        row.metrics = {name: row.metrics[name] for name in SHOWN if name in row.metrics}
    return found


def table(found: list[Row], paper: bool, caption: str) -> Table:
    """The table that people read.

    Args:
        found: from `collect`.
        paper: whether the thesis's own column belongs beside these metrics.
        caption: how they came about.
    """
    names = [name for name in SHOWN if any(name in row.metrics for row in found)]
    own = ["Table 5.1 (400 epochs)"] if paper else []
    lines = []
    for row in found:
        cells = [row.name, str(len(row.seconds)) if row.rates else "-"]
        cells += [spread(row.values(name), 3 if name == RATIO else 2) for name in names]
        cells += [f"{TABLE_5_1[row.name]:.2f}" if row.name in TABLE_5_1 else "-" for _ in own]
        cells += [f"{statistics.median(row.seconds.values()):.0f}" if row.seconds else "-"]
        cells += [f"{statistics.median(row.rates.values()):,.0f}" if row.rates else "-"]
        lines.append(cells)
    return Table(["method", "seeds", *names, *own, "s per run", "images/s"], lines, caption)


def write_dots(path: Path, found: list[Row], paper: bool) -> None:
    """Mean, spread and single runs, a row a method in both panels; dots, since the axes do not begin at zero."""
    plot = plots.new_plot(9, 3.8)
    axes = plot.subplots(1, 2, sharey=True)
    for axis, name in zip(axes, ("knn_hidden", "knn_output"), strict=True):
        shown = [(place, row) for place, row in enumerate(found) if name in row.metrics]
        if not shown:
            axis.set_axis_off()
            continue
        for place, row in shown:
            mean, colour = point(row, name), "C0" if row.rates else "0.6"
            axis.errorbar(mean.value, place, xerr=errors([mean]), fmt="D", color=colour, markersize=7, capsize=4)
        runs = [(value, place) for place, row in shown if row.rates for value in row.values(name)]
        axis.plot([x for x, _ in runs], [y for _, y in runs], "o", color="C1", markersize=3, label="each run")
        every = [value for _, row in shown for value in row.values(name)]
        axis.set_xlim(left=max(0, min(every) - 1), right=min(100, max(every) + 1))
        axis.set_title(f"{name}, 1-NN accuracy (%)")
        axis.grid(axis="x", alpha=0.3)
        theirs = [(TABLE_5_1[row.name], place) for place, row in shown if row.name in TABLE_5_1]
        if paper and name == "knn_hidden" and theirs:
            axis.plot(*zip(*theirs, strict=True), "k|", markersize=14, label="Table 5.1, 400 epochs")
    legend(plot, axes, columns=2)
    axes[0].set_yticks(range(len(found)), [row.name for row in found])
    axes[0].invert_yaxis()
    plots.write_plot(path, plot)


def _panels(runs: Runs) -> list[Panel]:
    """knn_output, knn_hidden and the reconstruction ratio against epochs, a line a run, a colour a method."""
    names = ("knn_output", "knn_hidden", RATIO)
    panels = [Panel(name if name == RATIO else f"{name} (%)", x="epoch") for name in names]
    colours: dict[str, str] = {}
    for method, _, run in runs:
        colour = colours.setdefault(method, f"C{len(colours)}")
        for panel, name in zip(panels, names, strict=True):
            points = rows.history(run, name)
            # A latent regressor's last layer starts at zero: its untrained output classifies at random, and would
            # squeeze the others' curves.
            if name == "knn_output" and points and points[0][1] < 0.5 * points[-1][1]:
                points = points[1:]
            if points:
                panel.curves.append(Curve(points, method, colour, "."))
    return panels


def _like_paper(run: Run) -> bool:
    """Whether the runs are of the thesis's own setting."""
    config = run.config
    return config.preset == "mnist" and config.split == "test" and config.dataset in ("idx", "tfds:mnist")


def _caption(run: Run) -> str:
    protocol: dict[str, Json] = run.results["protocol"]
    return (
        f"{run.config.epochs} epochs, variant {run.config.variant}; {protocol['evaluation']}; "
        f"{protocol['training_examples']} training examples; mean ± standard deviation over seeds; 1-NN Euclidean; "
        f"{protocol['batch_norm']}; logistic: {protocol['logistic']}. Time and rate: training alone, median over seeds."
    )
