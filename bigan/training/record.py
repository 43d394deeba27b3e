"""What a run has come to: where it stands, its rows of metrics, and what results.json says of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from bigan.config import Config
from bigan.types import Json


@dataclass
class Record:
    """The state of a run beside its arrays. Snapshots keep all of it, as JSON.

    Args:
        epoch: epochs done.
        step: minibatches done of the next one.
        rows: of metrics.csv, one an epoch from 0 on.
        best: the highest score so far by which the best checkpoint is chosen.
        raw: metrics of the raw input.
        untrained, untrained_protocol: metrics before training, and how they came about.
        seconds: spent in training.
    """

    epoch: int = 0
    step: int = 0
    rows: list[dict[str, float]] = field(default_factory=list)
    best: float | None = None
    raw: dict[str, float] = field(default_factory=dict)
    untrained: dict[str, float] = field(default_factory=dict)
    untrained_protocol: dict[str, Json] = field(default_factory=dict)
    seconds: float = 0.0

    def notes(self, config: Config) -> dict[str, Json]:
        """Ready for JSON, with the length of the schedule."""
        return dataclasses.asdict(self) | {"epochs": config.epochs}

    @classmethod
    def from_notes(cls, notes: dict[str, Json]) -> Record:
        """The inverse of `notes`."""
        return cls(**{name: value for name, value in notes.items() if name != "epochs"})

    def results(self, config: Config, measured: set[str], protocol: dict[str, Json], complete: bool) -> dict[str, Json]:
        """What results.json says.

        Args:
            config: of the run.
            measured: names of the metrics among a row's columns.
            protocol: how they came about.
            complete: whether training has finished.
        """
        last = next(row for row in reversed(self.rows) if row["epoch"] == self.epoch)
        return {
            "complete": complete,
            "epoch": self.epoch,
            "epochs": config.epochs,
            "method": config.method,
            "variant": config.variant,
            "figures": {name: value for name, value in last.items() if name in measured},
            "untrained": self.untrained,
            "raw": self.raw,
            "protocol": protocol,
            "untrained_protocol": self.untrained_protocol,
            "training_seconds": round(self.seconds, 1),
        }
