"""TensorBoard event files, written by TensorBoard's own writer: no TensorFlow needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bigan import files


class EventLog:
    """Scalars by epoch, for `tensorboard --logdir`. The file is made with the first row.

    Args:
        folder: where event files go; each process adds its own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer: Any = None

    def write(self, row: dict[str, Any]) -> None:
        """Writes the numbers of one row of metrics.csv at its epoch."""
        with files.writable(self.folder):
            if self._writer is None:
                from tensorboard.summary import Writer

                self._writer = Writer(str(self.folder))
            for name, value in row.items():
                if name != "epoch":
                    self._writer.add_scalar(name, float(value), step=int(row["epoch"]))
            self._writer.flush()

    def close(self) -> None:
        """Ends the event file."""
        if self._writer is not None:
            self._writer.close()
