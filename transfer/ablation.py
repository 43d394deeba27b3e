"""Variations of one configuration side by side, over seeds: a table with intervals, and quality against seconds.

Nothing is computed here but means and intervals: every number is one that a run recorded.
"""

from __future__ import annotations

import statistics
from pathlib import Path

from bigan.evaluation import tables
from bigan.evaluation.tables import Table
from bigan.runtime import files
from bigan.training.run import Run
from bigan.types import Json
from bigan.visualization import plots
from transfer import rows
from transfer.metrics.student import mean_interval
from transfer.rows import Row, Runs

BASE = "base"  # the variation that the others are compared with
FIGURE = "logistic_hidden"


def write(folder: Path, runs: Runs, figure: str = FIGURE) -> bool:
    """Writes table.md, table.csv, table.json and, if any run has the figure, quality.png.

    Args:
        folder: where to.
        runs: complete ones, at least one.
        figure: the metric of the picture.

    Returns:
        Whether there is a picture.
    """
    found = rows.collect(runs)
    shown = [row for row in (rows.raw_input(runs), *found) if row.metrics]
    compared = differences(found)
    tables.write(
        folder, table(shown, _caption(runs)), rows.numbers(shown, "variation"), *([compared] if compared.rows else [])
    )
    files.write_json(folder / "table.json", document(found))
    drawn = [row for row in found if figure in row.metrics]
    if drawn:
        write_quality(folder / "quality.png", runs, drawn, figure)
    return bool(drawn)


def table(found: list[Row], caption: str) -> Table:
    """A row for each variation, with each metric's mean and its 95 % t-interval over seeds.

    Args:
        found: from `rows.collect`.
        caption: how they came about.
    """
    names = rows.names(found)
    lines = []
    for row in found:
        cells = [row.name, str(len(row.seconds)) if row.seconds else "-"]
        cells += [_cell(row.values(name), _digits(found, name)) for name in names]
        lines.append([*cells, _cell(list(row.seconds.values()), 1)])
    return Table(["variation", "seeds", *names, "training s"], lines, caption)


def differences(found: list[Row]) -> Table:
    """A row for each variation but the base, with the mean of its differences from the base of the same seed.

    What the seeds have in common (minibatches, latents, often initial weights) cancels, so that these intervals say
    more of a change than those of the table. Without a run of the base there are no rows.

    Args:
        found: from `rows.collect`.
    """
    names, base = rows.names(found), next((row for row in found if row.name == BASE), None)
    lines = []
    for row in found:
        if base is None or row is base or not (set(row.seconds) & set(base.seconds)):
            continue
        cells = [row.name, str(len(set(row.seconds) & set(base.seconds)))]
        cells += [_cell(paired(row, base, name), _digits(found, name), "+") for name in names]
        lines.append([*cells, _cell(_paired(row.seconds, base.seconds), 1, "+")])
    caption = f"Differences from {BASE}, paired by seed: mean ± half of the 95 % t-interval."
    return Table([f"minus {BASE}", "seeds", *names, "training s"], lines, caption)


def paired(row: Row, base: Row, name: str) -> list[float]:
    """A metric's differences from the base's, of the seeds that both have."""
    return _paired(row.metrics.get(name, {}), base.metrics.get(name, {}))


def document(found: list[Row]) -> Json:
    """The same, ready for JSON: each metric's values by seed, mean, interval, and those of the paired differences."""
    base = next((row for row in found if row.name == BASE), None)
    variations = {}
    for row in found:
        figures = {}
        for name, values in {**row.metrics, "training_seconds": row.seconds}.items():
            about: dict[str, Json] = {"values": {str(seed): value for seed, value in values.items()}}
            about |= mean_interval(list(values.values())).json()
            theirs = {} if base is None else {**base.metrics, "training_seconds": base.seconds}.get(name, {})
            if row is not base and (found_both := _paired(values, theirs)):
                about["minus_base"] = mean_interval(found_both).json() | {"seeds": len(found_both)}
            figures[name] = about
        variations[row.name] = figures
    return {"confidence": 0.95, "variations": variations}


def write_quality(path: Path, runs: Runs, found: list[Row], figure: str) -> None:
    """Writes the picture: a marker a variation, small ones for its runs, and its course where they were evaluated.

    Intervals are left to the table: of two or three seeds they are as wide as the picture.

    Args:
        path: of the PNG.
        runs: as for `write`.
        found: rows that have the figure.
        figure: the metric.
    """
    plot = plots.new_plot(8, 5)
    axis = plot.subplots()
    for i, row in enumerate(found):
        colour, marker = f"C{i % 10}", "os^Dvp"[i // 10 % 6]
        seeds = sorted(row.metrics[figure].keys() & row.seconds.keys())
        seconds, values = [row.seconds[seed] for seed in seeds], [row.metrics[figure][seed] for seed in seeds]
        axis.plot(seconds, values, color=colour, linestyle="", marker=marker, markersize=4, fillstyle="none")
        axis.plot(statistics.mean(seconds), statistics.mean(values), marker, color=colour, label=row.name)
        course = mean_course([run for name, _, run in runs if name == row.name], figure)
        if len(course) > 1:
            axis.plot(*zip(*course, strict=True), color=colour, linewidth=1, marker=".", markersize=3, alpha=0.6)
    axis.set_xlabel("seconds of training")
    axis.set_ylabel(f"{figure} (%)" if figure.startswith(("knn", "logistic")) else figure)
    axis.set_title("means, and single runs" if any(len(row.seconds) > 1 for row in found) else "one seed")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
    plots.write_plot(path, plot)


def mean_course(runs: list[Run], figure: str) -> list[tuple[float, float]]:
    """(seconds, metric) at each evaluation after training began, the mean of all runs; where one has none, none."""
    return mean_of_courses(
        [
            {epoch: (seconds, value) for (epoch, value), (seconds, _) in zip(by_epoch, by_seconds, strict=True)}
            for by_epoch, by_seconds in (
                (rows.history(run, figure), rows.history(run, figure, "seconds")) for run in runs
            )
        ]
    )


def mean_of_courses(courses: list[dict[float, tuple[float, float]]]) -> list[tuple[float, float]]:
    """The mean of (seconds, metric) by epoch, of the epochs that all have; without epoch 0, the untrained network."""
    shared = set.intersection(*(set(course) for course in courses)) - {0.0}
    of_all = [[course[epoch] for course in courses] for epoch in sorted(shared)]
    return [(statistics.mean(x for x, _ in points), statistics.mean(y for _, y in points)) for points in of_all]


def _paired(values: dict[int, float], base: dict[int, float]) -> list[float]:
    return [value - base[seed] for seed, value in values.items() if seed in base]


def _cell(values: list[float], digits: int, sign: str = "") -> str:
    return mean_interval(values).text(digits, sign) if values else "-"


def _digits(found: list[Row], name: str) -> int:
    """Decimals of a metric, the same in all rows: three of what is below 1."""
    return 3 if all(abs(value) < 2 for row in found for value in row.values(name)) else 2


def _caption(runs: Runs) -> str:
    protocol: dict[str, Json] = runs[0][2].results["protocol"]
    epochs = sorted({run.config.epochs for _, _, run in runs})
    return (
        f"{' or '.join(map(str, epochs))} epochs; {protocol['evaluation']}; {protocol['training_examples']} training "
        "examples; mean ± half of the 95 % t-interval over seeds (none of a single seed). Seconds: training alone."
    )
