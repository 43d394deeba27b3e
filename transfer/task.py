"""The interface of a transfer task: its options, its columns, what a result depends on, and how a result reads.

A task of your own is one class in one file:

    class Norms(transfer.Task):
        measure = "mean norm"

        def columns(self, encoder):
            return ["hidden", "output"]

        def key(self, encoder, column):
            return {"weights": encoder.digest(), "data": encoder.split().fingerprint}

        def evaluate(self, encoder, column):
            norms = np.linalg.norm(encoder.features(encoder.split().evaluation, column), axis=1)
            return {"accuracy": norms.mean(), "interval": [norms.min(), norms.max()]}

It is used by its importable name, 'module:Norms', or by a short name that `transfer.TASKS.add` gives it. The runner,
the tables, the plots and the scripts ask nothing else of a task.
"""

from __future__ import annotations

import abc
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from bigan.config import checked, setting
from bigan.types import Json
from transfer.encoders.encoder import Encoder

Result = dict[str, Json]


class Point(NamedTuple):
    """One number of a table: its column's label, the value, and the ends of the interval around it."""

    column: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user chooses of a task. Each field is a `bigan.config.setting`, and becomes a flag of the same name.

    Raises:
        UserError: naming the field, for a value of the wrong type or out of bounds.
    """

    limit: int = setting(0, "training examples, at most, chosen at random; 0 for all", least=0)

    def __post_init__(self) -> None:
        checked(self)


class Task(abc.ABC):
    """Base of all tasks.

    Args:
        options: an instance of the class's own `Options`.
    """

    Options: ClassVar[type[Any]] = Options  # of each task its own class; their fields have nothing in common
    measure = "accuracy (%)"  # what the numbers are, with their unit in parentheses
    spread = "95 % bootstrap interval"  # what the numbers in brackets are
    caption: tuple[str, ...] = ("training_examples", "evaluation")  # entries of a result that stand below the table

    kept: Path | None = None  # where `evaluate` may keep what belongs to its result, set before it; None for nowhere

    def __init__(self, options: Any) -> None:
        self.options = options

    @property
    def name(self) -> str:
        """Its short name in the list of tasks or, of one that has none, 'module:Class'."""
        from transfer.tasks import TASKS

        place = f"{type(self).__module__}:{type(self).__qualname__}"
        return next((name for name in TASKS if TASKS.place(name) == place), place)

    def check_data(self, encoder: Encoder) -> None:  # noqa: B027 (a task need not refuse anything)
        """Refuses data and options that do not fit, before any network is loaded.

        Raises:
            UserError: for data that cannot be used.
        """

    @abc.abstractmethod
    def columns(self, encoder: Encoder) -> list[str]:
        """The columns that are evaluated if none is named: layers, or whatever the task varies."""

    def check(self, encoder: Encoder, column: str) -> None:  # noqa: B027
        """Refuses a column that the task does not know, before anything is computed.

        Raises:
            UserError: if there is no such column.
        """

    @abc.abstractmethod
    def key(self, encoder: Encoder, column: str) -> dict[str, Json]:
        """All that the result depends on, ready for JSON; the task's name and the column are added to it."""

    @abc.abstractmethod
    def evaluate(self, encoder: Encoder, column: str) -> Result:
        """The result, ready for JSON: what `points` reads, and the protocol under the names in `caption`.

        Raises:
            UserError: if the data or the encoder cannot be used.
        """

    def points(self, column: str, result: Result) -> list[Point]:
        """The numbers of a result as the table and the plot show them."""
        low, high = result["interval"]
        return [Point(column, result["accuracy"], low, high)]

    def curve(self, result: Result) -> list[tuple[int, float]]:
        """(iteration, training loss) of a task that trains; otherwise empty."""
        return []
