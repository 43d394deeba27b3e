"""All figures of finished runs, measured anew on one protocol, so that runs of any age and settings compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bigan.errors import UserError
from bigan.evaluation import tables
from bigan.evaluation.tables import Cell, Table, rounded
from bigan.runtime import files
from bigan.training.run import Run
from bigan.types import Json


@dataclass(frozen=True)
class Evaluation:
    """What one checkpoint of one run is worth.

    Args:
        name: of the run, and the checkpoint if it is not the last.
        figures, raw, protocol: as in results.json.
        alarms: what is wrong with E's outputs, a line each.
    """

    name: str
    figures: dict[str, float]
    raw: dict[str, float]
    protocol: dict[str, Json]
    alarms: list[str]


def evaluate(run: Run, checkpoint: str = "last", dataset: str = "", data_dir: str = "", **changes: Any) -> Evaluation:
    """Measures all figures of a checkpoint as training does. Nothing is written to the run.

    Args:
        run: with a checkpoint.
        checkpoint: as for `Run.load`.
        dataset, data_dir: as for `Run.split`.
        changes: fields of the configuration that concern evaluation, if not the run's.

    Raises:
        UserError: if the checkpoint or the data cannot be used, or a field matters to training.
    """
    config = run.config.replace(**changes)
    if matters := run.config.training_changes(config):
        raise UserError(f"`{matters[0]}` is the run's, and cannot change in evaluation")
    split = run.split(dataset, data_dir)
    model = run.load(checkpoint)
    from bigan.evaluation.evaluator import Evaluator

    evaluator = Evaluator(config, split)
    raw, figures = evaluator.raw(model), evaluator.metrics(model)
    name = run.directory.path.name + ("" if checkpoint == "last" else f" ({checkpoint})")
    return Evaluation(name, figures, raw, evaluator.protocol(model), evaluator.alarms)


def table(evaluations: Sequence[Evaluation]) -> Table:
    """A row for each figure, a column for each run, and one for the raw input of the first."""
    columns = [("raw input", evaluations[0].raw), *((e.name, e.figures) for e in evaluations)]
    names = list(dict.fromkeys(name for _, figures in columns for name in figures))
    rows = [[name, *(rounded(f[name]) if name in f else "-" for _, f in columns)] for name in names]
    about = evaluations[0].protocol
    features = {str(e.protocol["sample_features"]) for e in evaluations if "sample_features" in e.protocol}
    caption = f"{about['evaluation']}; samples compared on: {', '.join(sorted(features)) or 'nothing'}."
    if len(features) > 1:
        caption += " Figures on different features do not compare."
    return Table(["figure", *(name for name, _ in columns)], rows, caption)


def write(folder: Path, evaluations: Sequence[Evaluation]) -> None:
    """Writes table.md, table.csv (one number in each row) and results.json."""
    numbers: list[list[Cell]] = [[e.name, name, value] for e in evaluations for name, value in e.figures.items()]
    tables.write(folder, table(evaluations), Table(["run", "figure", "value"], numbers))
    files.write_json(folder / "results.json", [vars(e) for e in evaluations])
