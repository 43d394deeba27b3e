"""What every process of a run does around the steps: it counts them, keeps step with the others, and stops with them.

Process 0 does more, and alone writes (`bigan.training.trainer`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import keras
import numpy as np

from bigan.config import Config
from bigan.models.method import Method
from bigan.runtime import distribution, hub, processes
from bigan.training import checkpoint
from bigan.training.record import Record
from bigan.training.signals import Interruption

Logs = Mapping[str, float] | None


class Follower(keras.callbacks.Callback):
    """The callback of one process of a run.

    Args:
        config: of the run.
        model: compiled, and built.
        steps: minibatches in an epoch.
        interrupted: knows whether a signal came.
    """

    def __init__(self, config: Config, model: Method, steps: int, interrupted: Interruption) -> None:
        super().__init__()
        self.config, self.method, self.steps, self.interrupted = config, model, steps, interrupted
        self.record = Record()
        self._restored: dict[str, np.ndarray] = {}
        self._first_step = 0

    @property
    def position(self) -> int:
        """Minibatches trained on so far."""
        return self.record.epoch * self.steps + self.record.step

    def resume(self) -> None:
        """Takes over the state that process 0 has resumed from, if it has."""
        notes = processes.gather(json.dumps(self.record.notes(self.config)))[0]
        if processes.first():
            resumed = bool(self.record.rows)
        else:
            self.record = Record.from_notes(json.loads(notes))
            resumed = bool(self.record.rows)
        if resumed and processes.count() > 1:
            state = checkpoint.training_state(self.method)
            values = distribution.shared([self._restored.get(name, array) for name, array in state.items()])
            self._restored = dict(zip(state, values, strict=True))
            checkpoint.assign_training_state(self.method, self._restored, "process 0")

    def begin(self) -> None:
        """Before the first step."""

    def finish(self) -> None:
        """After the last step."""

    def stop_if_asked(self) -> None:
        """Ends the run if a signal asked for it; to be called where nothing would be lost."""
        if self.interrupted.happened:
            self.interrupted.end()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Waits for process 0, which may evaluate; puts back the running means of an interrupted epoch."""
        processes.wait()
        if self.record.step:
            checkpoint.assign_metrics(self.method, self._restored, "process 0")
        self._first_step = self.record.step

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Counts, and stops when any process is asked to."""
        self.record.step = self._first_step + batch + 1
        self.interrupted.agree(hub.STEP if self.record.step < self.steps else None)
        if self.interrupted.happened:
            self.method.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Counts."""
        if self.record.step == self.steps:
            self.record.epoch, self.record.step = epoch + 1, 0
