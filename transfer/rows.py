"""Runs over seeds side by side: what each recorded, gathered by variation.

A variation is whatever differs between runs that are compared: a method in Table 5.1, a field or two of the
configuration in an ablation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bigan.evaluation.tables import Cell, Table
from bigan.training.run import Run

RATIO = "reconstruction ratio"  # of reconstructions' distances, to their own images and to others

Runs = Sequence[tuple[str, int, Run]]  # (variation, seed, its run)


@dataclass
class Row:
    """One line of a table.

    Args:
        name: of the variation.
        metrics: each by its name, a value a seed.
        seconds: of training alone, a value a seed; empty of what is not trained.
        rates: images a second in the last epoch, likewise.
    """

    name: str
    metrics: dict[str, dict[int, float]] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    rates: dict[int, float] = field(default_factory=dict)

    def add(self, seed: int, metrics: dict[str, float]) -> None:
        """Adds one run's metrics."""
        for name, value in metrics.items():
            self.metrics.setdefault(name, {})[seed] = value
        if "reconstruction" in metrics:
            self.metrics.setdefault(RATIO, {})[seed] = ratio(metrics)

    def values(self, name: str) -> list[float]:
        """A metric's values, of all seeds that have one."""
        return list(self.metrics.get(name, {}).values())


def ratio(metrics: dict[str, float]) -> float:
    """Reconstruction distance over its shuffled baseline: below 1 when G(E(x)) tells images apart."""
    return metrics["reconstruction"] / metrics["reconstruction_shuffled"]


def collect(runs: Runs) -> list[Row]:
    """A row a variation, in the order in which they come.

    Args:
        runs: complete ones.
    """
    rows: dict[str, Row] = {}
    for name, seed, run in runs:
        results = run.results
        row = rows.setdefault(name, Row(name))
        row.add(seed, results["figures"])
        row.seconds[seed] = results["training_seconds"]
        if records := run.history:
            row.rates[seed] = records[-1]["images_per_second"]
    return list(rows.values())


def raw_input(runs: Runs) -> Row:
    """The row of what needs no training: the first run's, since it is the same for all."""
    row = Row("raw input")
    for _, seed, run in runs[:1]:
        row.add(seed, run.results["raw"])
    return row


def names(rows: Iterable[Row]) -> list[str]:
    """The metrics that any row has, in their order."""
    return list(dict.fromkeys(name for row in rows for name in row.metrics))


def numbers(rows: Iterable[Row], what: str) -> Table:
    """Each run's metrics, unrounded, one in each row.

    Args:
        rows: from `collect`.
        what: the first column's name: what is varied.
    """
    lines: list[list[Cell]] = [
        [row.name, seed, name, value]
        for row in rows
        for name, values in row.metrics.items()
        for seed, value in values.items()
    ]
    return Table([what, "seed", "figure", "value"], lines)


def history(run: Run, name: str, x: str = "epoch") -> list[tuple[float, float]]:
    """A metric at each evaluation of a run against its epochs, or another column of metrics.csv (0 before training)."""
    if name == RATIO:
        return [(row.get(x, 0.0), ratio(row)) for row in run.history if "reconstruction" in row]
    return [(row.get(x, 0.0), row[name]) for row in run.history if name in row]
