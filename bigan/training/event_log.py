"""TensorBoard event files. TensorBoard's records are used, not its Writer, which imports TensorFlow where it can."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import BinaryIO

from bigan.runtime import files


class EventLog:
    """Scalars by epoch, for `tensorboard --logdir`. The file is made with the first row.

    Args:
        folder: where event files go; each process adds its own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: BinaryIO | None = None

    def write(self, row: dict[str, float]) -> None:
        """Writes the numbers of one row of metrics.csv at its epoch."""
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter

        now = time.time()
        values = [Summary.Value(tag=n, simple_value=float(v)) for n, v in row.items() if n != "epoch"]
        events = [Event(wall_time=now, step=int(row["epoch"]), summary=Summary(value=values))]
        with files.writable(self.folder):
            if self._file is None:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._file = open(self.folder / f"events.out.tfevents.{int(now)}.{os.getpid()}", "ab")  # noqa: SIM115
                events.insert(0, Event(wall_time=now, file_version="brain.Event:2"))
            writer = RecordWriter(self._file)
            for event in events:
                writer.write(event.SerializeToString())
            self._file.flush()

    def close(self) -> None:
        """Ends the event file."""
        if self._file is not None:
            self._file.close()
