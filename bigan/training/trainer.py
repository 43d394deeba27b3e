"""What happens around the steps of a run: it is recorded, saved, evaluated, looked at, and resumed.

After every epoch: the row of metrics.csv, then the snapshot. Where due: an evaluation with re-estimated statistics,
pictures, a checkpoint. A kill at any instant loses at most the unfinished epoch; SIGTERM and Ctrl-C lose nothing.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Iterator

import numpy as np

from bigan.config import Config
from bigan.data.splits import Split
from bigan.errors import UserError
from bigan.evaluation.evaluator import Evaluator, selection
from bigan.evaluation.tables import rounded
from bigan.models.method import Method
from bigan.runtime import distribution, files
from bigan.training import checkpoint
from bigan.training.event_log import EventLog
from bigan.training.follower import Follower, Logs
from bigan.training.progress import Progress
from bigan.training.record import Record
from bigan.training.run_directory import RunDir
from bigan.training.signals import Interruption
from bigan.visualization import plots, samples
from bigan.visualization.pictures import is_picture

TIMING = ("seconds", "images_per_second")
SHOWN = 64


class Trainer(Follower):
    """The callback of one run, in process 0 if several train it.

    Args:
        config: of the run.
        model: compiled, and built.
        split: its examples.
        run: its directory.
        steps: minibatches in an epoch.
        interrupted: knows whether a signal came.
        report: whether to report progress on standard error.
    """

    def __init__(
        self,
        config: Config,
        model: Method,
        split: Split,
        run: RunDir,
        steps: int,
        interrupted: Interruption,
        report: bool,
    ) -> None:
        super().__init__(config, model, steps, interrupted)
        self.run = run
        self.evaluator = Evaluator(config, split)
        self.progress = Progress(config.epochs, steps, config.batch_size, report)
        self.events = EventLog(run.path / "tensorboard")
        self._labelled = {"training": split.train.labels is not None, "test": split.evaluation.labels is not None}
        self._shown = samples.chosen(split.evaluation, SHOWN, config.seed)
        self._measured: set[str] = set()
        self._seconds = 0.0  # of earlier processes

    # Beginning, resuming, ending.

    def resume(self) -> None:
        """Restores the snapshot, if there is one."""
        if self.run.snapshot.exists():
            self._restored, notes = self.run.read_snapshot()
            checkpoint.assign_training_state(self.method, self._restored, self.run.snapshot)
            self.record = Record.from_notes(notes)
            self._seconds = self.record.seconds
            at = f"{self.record.epoch} epochs and {self.record.step} steps"
            self.progress.say(f"resuming {self.run.path} after {at}")
        super().resume()

    def begin(self) -> None:
        """Makes good what a kill after the last snapshot may have left undone."""
        record = self.record
        if not record.rows:
            missing = [which for which, labelled in self._labelled.items() if not labelled]
            if missing:
                self.progress.say(f"no labels of the {missing[0]} examples: metrics that need them are left out")
            with distribution.alone():
                record.raw = self.evaluator.raw(self.method, self.stop_if_asked)
            record.rows = [{"epoch": 0}]
            self._evaluate()
            record.untrained = {k: v for k, v in record.rows[0].items() if k in self._measured}
            record.untrained_protocol = self.evaluator.protocol(self.method)
            self._snapshot()
            self.events.write(record.rows[-1])
        elif record.step == 0:
            before = dict(record.rows[-1])
            self._visit()
            if record.rows[-1] != before:  # an evaluation that a kill had cut off
                self.events.write(record.rows[-1])
        self.run.write_metrics(record.rows)

    def finish(self) -> None:
        """The last pictures, and the mark that the run is complete."""
        names = {name for row in self.record.rows for name in row}
        losses = [n for n in self.method.logged if n.startswith("loss")]
        plots.write_curves(self.run.path / "curves.png", self.record.rows, plots.by_unit(names, losses))
        self._results(complete=True)
        self.events.close()

    def stop_if_asked(self) -> None:
        """Ends the run if a signal asked for it; to be called where nothing would be lost."""
        if self.interrupted.happened:
            self.progress.say(f"interrupted; the same command resumes {self.run.path}")
        super().stop_if_asked()

    # During training.

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Time runs from here."""
        super().on_epoch_begin(epoch, logs)
        self.progress.start()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Looks at the losses now and then, and stops when asked to."""
        done = self.record.step
        super().on_train_batch_end(batch, logs)
        self.progress.count(self.record.step - done)
        if self.progress.due():
            self._check_finite(logs)
            self.progress.step(self.record.epoch, self.record.step, self._losses(logs))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Records the epoch and makes it safe; evaluates and saves a checkpoint where due."""
        record = self.record
        self._check_finite(logs)
        self.progress.stop()
        if record.step < self.steps:
            self._snapshot()
            return
        super().on_epoch_end(epoch, logs)
        row = {"epoch": record.epoch} | {k: float(v) for k, v in (logs or {}).items()}
        row["learning_rate"] = checkpoint.learning_rate(self.method)
        row["seconds"] = round(self._seconds + self.progress.seconds, 3)
        row["images_per_second"] = round(self.progress.rate, 1)
        record.rows.append(row)
        self._snapshot()
        self.progress.epoch_done(epoch, self._losses(logs))
        if self.interrupted.happened:
            self.method.stop_training = True  # what is due now is made good when the run resumes
            return
        self._visit()
        self.run.write_metrics(record.rows)
        self.events.write(record.rows[-1])

    def _visit(self) -> None:
        """Evaluates, or only saves a checkpoint, if it is time. Snapshots come first: what is done here is repeated
        in the same way when a run is killed meanwhile."""
        if self._due(self.config.eval_every):
            self._evaluate()
        elif self._due(self.config.save_every):
            with self._statistics():
                self._checkpoint()

    def _due(self, every: int) -> bool:
        return self.record.epoch % every == 0 or self.record.epoch == self.config.epochs

    def _losses(self, logs: Logs) -> str:
        return "  ".join(f"{n} {float((logs or {})[n]):.3f}" for n in self.method.logged if n in (logs or {}))

    def _check_finite(self, logs: Logs) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            raise self._diverged(f"the loss became {loss}")

    def _diverged(self, how: str) -> UserError:
        return UserError(
            f"{how} in epoch {self.record.epoch + (self.record.step > 0)}; stopped. The last good state is "
            f"{self.run.snapshot}; try a smaller `learning_rate` in a new `workdir`"
        )

    # Evaluating and writing.

    @contextlib.contextmanager
    def _statistics(self) -> Iterator[None]:
        """Averaged weights and re-estimated batch-norm statistics for a while: snapshots hold the state of training."""
        variables = [v for network in self.method.networks.values() for v in network.non_trainable_variables]
        averages = self.method.optimizer.averages()
        trained = list(self.method.trainable_variables) if averages else []
        variables += trained
        kept = [checkpoint.to_numpy(v) for v in variables]
        try:
            for variable, average in zip(trained, averages or [], strict=True):
                distribution.assign(variable, checkpoint.to_numpy(average))
            self.evaluator.estimate_statistics(self.method)
            yield
        finally:
            for variable, value in zip(variables, kept, strict=True):
                distribution.assign(variable, value)

    def _evaluate(self) -> None:
        record = self.record
        self.progress.say("evaluating")
        began = time.perf_counter()
        with distribution.alone(), self._statistics():
            metrics = self.evaluator.metrics(self.method, self.stop_if_asked)
            self._measured = set(metrics)
            record.rows[-1] |= metrics
            self._look()
            self._checkpoint()
            score = selection(metrics)
            if self.config.split == "validation" and (record.best is None or score > record.best):
                record.best = score
                files.write_arrays(self.run.checkpoints / "best.npz", checkpoint.weights(self.method))
        self._results(complete=False)
        self.stop_if_asked()
        shown = "  ".join(f"{name} {rounded(value)}" for name, value in metrics.items())
        self.progress.say(f"epoch {record.epoch}: {shown}  ({time.perf_counter() - began:.0f} s)")
        for line in self.evaluator.alarms if record.epoch else ():  # an untrained encoder has nothing to lose
            self.progress.say(f"warning: epoch {record.epoch}: {line}")

    def _look(self) -> None:
        method, name = self.method, f"{self.record.epoch}.png"
        if not is_picture(method.spec.shape) or method.spec.dtype != "uint8":
            return
        shown = [self._shown]
        if method.has("generator") and method.samples_prior:
            generated = samples.samples(method, SHOWN, self.config.seed)
            samples.write_samples(self.run.path / "samples" / name, generated)
            if method.encodes_generated:
                shown.append(generated["images"])
        if method.has("encoder", "generator"):
            pairs = [samples.reconstructions(method, images) for images in shown]
            samples.write_reconstructions(self.run.path / "reconstructions" / name, *pairs)

    def _snapshot(self) -> None:
        arrays = checkpoint.training_state(self.method)
        for name, array in arrays.items():  # the last loss was measured before the last update
            if not np.isfinite(array).all():
                raise self._diverged(f"{name} became infinite or NaN")
        self.record.seconds = self._seconds + self.progress.seconds
        notes = json.dumps(self.record.notes(self.config))
        files.write_arrays(self.run.snapshot, arrays | {"notes": np.array(notes)})

    def _checkpoint(self) -> None:
        path = self.run.checkpoints / f"{self.record.epoch}.npz"
        files.write_arrays(path, checkpoint.weights(self.method))
        self.run.prune(self.config.keep)

    def _results(self, complete: bool) -> None:
        self.record.seconds = self._seconds + self.progress.seconds
        protocol = self.evaluator.protocol(self.method)
        results = self.record.results(self.config, self._measured, protocol, complete)
        files.write_json(self.run.path / "results.json", results)
