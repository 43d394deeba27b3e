"""The training loop: one `keras.Model.fit`, and a callback that records, saves, evaluates, looks and resumes.

After every epoch: the row of metrics.csv, then the snapshot. Where due: an evaluation with re-estimated statistics,
pictures, a checkpoint. A kill at any instant loses at most the unfinished epoch; SIGTERM and Ctrl-C lose nothing.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from bigan import devices, evaluation, files, looking, pictures, state
from bigan.config import Config
from bigan.data.batches import Minibatches
from bigan.data.source import Source
from bigan.data.splits import Split
from bigan.errors import UserError
from bigan.eventlog import EventLog
from bigan.imports import resolve
from bigan.interruption import Interruption
from bigan.method import Method
from bigan.progress import Progress
from bigan.rundir import RunDir

TIMING = ("seconds", "images_per_second")
SHOWN = 64


def run_training(
    config: Config, source: Source, split: Split, run: RunDir, fingerprint: str, report: bool = True
) -> None:
    """Trains the run to its end from wherever it stands. See `bigan.train`."""
    with devices.strategy(config):
        with devices.silent_libraries():  # on JAX too, Keras imports TensorFlow here, to seed it
            keras.utils.set_random_seed(config.seed)  # for networks of a user's, whose initializers have no seed
        model = resolve(config.method, "build_networks").create(config, source.spec)
        batches = Minibatches(split.train, model.latent, config.batch_size, config.seed)
        model.compile_for(config, batches.steps, devices.use_xla(config, model.xla_on_cpu))
        trainer = Trainer(config, model, split, run, batches.steps, report)
        trainer.resume()
        # Keras dispatches in whole groups, so a group must fit into the epoch and into what is left of it.
        whole = math.gcd(batches.steps, trainer.step)
        model.steps_per_execution = max(n for n in range(1, config.steps_per_dispatch + 1) if whole % n == 0)
        if model.steps_per_execution < config.steps_per_dispatch:
            trainer.progress.say(
                f"{batches.steps} steps an epoch are dispatched {model.steps_per_execution} at a time: "
                f"--steps_per_dispatch={config.steps_per_dispatch} does not divide them"
            )
        run.write_config(config, source.spec, fingerprint, {"name": source.name, "classes": list(source.classes)})
        with Interruption() as interruption:
            trainer.interrupted = interruption
            trainer.begin()
            while trainer.epoch < config.epochs:
                # fit knows whole epochs only: what is left of an interrupted one is a fit of its own.
                partial = trainer.step > 0
                model.fit(
                    Minibatches(split.train, model.latent, config.batch_size, config.seed, trainer.position).feed(),
                    initial_epoch=trainer.epoch,
                    epochs=trainer.epoch + 1 if partial else config.epochs,
                    steps_per_epoch=batches.steps - trainer.step,
                    shuffle=False,
                    verbose=0,
                    callbacks=[trainer],
                )
                trainer.stop_if_asked()
            trainer.finish()


class Trainer(keras.callbacks.Callback):
    """What happens around the steps of one run."""

    def __init__(self, config: Config, model: Method, split: Split, run: RunDir, steps: int, report: bool) -> None:
        super().__init__()
        self.config, self.method, self.split, self.run, self.steps = config, model, split, run, steps
        self.evaluation = evaluation.Evaluation(config, split)
        self._shown = looking.chosen(split.evaluation, SHOWN, config.seed)
        self.epoch, self.step = 0, 0
        self.rows: list[dict[str, Any]] = []
        self.best: float | None = None
        self.raw: dict[str, float] = {}
        self.untrained: dict[str, float] = {}
        self.untrained_protocol: dict[str, Any] = {}
        self.evaluated: set[str] = set()
        self.arrays: dict[str, np.ndarray] = {}
        self.interrupted = Interruption()
        self.progress = Progress(config.epochs, steps, config.batch_size, report)
        self.events = EventLog(run.path / "tensorboard")
        self._seconds = 0.0

    @property
    def position(self) -> int:
        """Minibatches trained on so far."""
        return self.epoch * self.steps + self.step

    # Beginning, resuming, ending.

    def resume(self) -> None:
        """Restores the snapshot, if there is one."""
        if self.run.snapshot.exists():
            arrays, notes = self.run.read_snapshot()
            state.assign_training_state(self.method, arrays, self.run.snapshot)
            self.arrays = arrays
            self.epoch, self.step = notes["epoch"], notes["step"]
            self.rows, self.best = notes["rows"], notes["best"]
            self.raw, self.untrained, self._seconds = notes["raw"], notes["untrained"], notes["seconds"]
            self.untrained_protocol = notes.get("untrained_protocol", {})
            self.progress.say(f"resuming {self.run.path} after {self.epoch} epochs and {self.step} steps")

    def begin(self) -> None:
        """Makes good what a kill after the last snapshot may have left undone."""
        if not self.rows:
            if not self.evaluation.labelled:
                which = "training" if self.split.train.labels is None else "test"
                self.progress.say(f"no labels of the {which} examples: figures that need them are left out")
            self.raw = self.evaluation.raw(self.method)
            self.rows = [{"epoch": 0}]
            self._evaluate()
            self.untrained = {k: v for k, v in self.rows[0].items() if k in self.evaluated}
            self.untrained_protocol = self.evaluation.protocol(self.method)
            self._snapshot()
            self.events.write(self.rows[-1])
        elif self.step == 0:
            before = dict(self.rows[-1])
            self._visit()
            if self.rows[-1] != before:  # an evaluation that a kill had cut off
                self.events.write(self.rows[-1])
        self.run.write_metrics(self.rows)

    def finish(self) -> None:
        """The last pictures, and the mark that the run is complete."""
        names = {name for row in self.rows for name in row}
        accuracy: list[str] = [n for n in ("knn_hidden", "knn_output", "logistic_hidden") if n in names]
        distances = [n for n in names if n.startswith(("reconstruction", "regeneration", "nearest"))]
        panels: dict[str, list[str]] = {"losses": [n for n in self.method.logged if n.startswith("loss")]}
        panels |= {"accuracy (%)": list(accuracy)} if accuracy else {}
        panels |= {"distances": sorted(distances)} if distances else {}
        pictures.write_curves(self.run.path / "curves.png", self.rows, panels)
        self._results(complete=True)
        self.events.close()

    # During training.

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Puts back the running means of an interrupted epoch."""
        if self.step:
            state.assign_metrics(self.method, self.arrays, self.run.snapshot)
        self._first_step = self.step
        self.progress.start()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the losses now and then, and stops when asked to."""
        done, self.step = self.step, self._first_step + batch + 1
        self.progress.count(self.step - done)
        if self.progress.due():
            self._check_finite(logs)
            self.progress.step(self.epoch, self.step, self._losses(logs))
        if self.interrupted.happened:
            self.method.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Records the epoch and makes it safe; evaluates and saves a checkpoint where due."""
        self._check_finite(logs)
        self.progress.stop()
        if self.step < self.steps:
            self._snapshot()
            return
        self.epoch, self.step = epoch + 1, 0
        row = {"epoch": self.epoch} | {k: float(v) for k, v in (logs or {}).items()}
        row["learning_rate"] = float(keras.ops.convert_to_numpy(self.method.optimizer.learning_rate))
        row["seconds"] = round(self._seconds + self.progress.seconds, 3)
        row["images_per_second"] = round(self.progress.rate, 1)
        self.rows.append(row)
        self._snapshot()
        self.progress.epoch_done(epoch, self._losses(logs))
        if self.interrupted.happened:
            self.method.stop_training = True  # what is due now is made good when the run resumes
            return
        self._visit()
        self.run.write_metrics(self.rows)
        self.events.write(self.rows[-1])

    def _visit(self) -> None:
        """Evaluates, or only saves a checkpoint, if it is time. Snapshots come first: what is done here is repeated
        in the same way when a run is killed meanwhile."""
        if self._due(self.config.eval_every):
            self._evaluate()
        elif self._due(self.config.save_every):
            with self._statistics():
                self._checkpoint()

    @contextlib.contextmanager
    def _statistics(self) -> Iterator[None]:
        """Re-estimated batch-norm statistics for a while: snapshots hold the state of training, which they are not."""
        variables = [v for network in self.method.networks.values() for v in network.non_trainable_variables]
        kept = [state.to_numpy(v) for v in variables]
        self.evaluation.estimate_statistics(self.method)
        yield
        for variable, value in zip(variables, kept, strict=True):
            variable.assign(value)

    def stop_if_asked(self) -> None:
        """Ends the run if a signal asked for it; to be called where nothing would be lost."""
        if self.interrupted.happened:
            self.progress.say(f"interrupted; the same command resumes {self.run.path}")
            self.interrupted.end()

    def _due(self, every: int) -> bool:
        return self.epoch % every == 0 or self.epoch == self.config.epochs

    def _losses(self, logs: dict[str, Any] | None) -> str:
        return "  ".join(f"{n} {float((logs or {})[n]):.3f}" for n in self.method.logged if n in (logs or {}))

    def _check_finite(self, logs: dict[str, Any] | None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            raise self._diverged(f"the loss became {loss}")

    def _diverged(self, how: str) -> UserError:
        return UserError(
            f"{how} in epoch {self.epoch + (self.step > 0)}; stopped. The last good state is {self.run.snapshot}"
            "; try a smaller --learning_rate in a new --workdir"
        )

    # What is written.

    def _snapshot(self) -> None:
        arrays = state.training_state(self.method)
        for name, array in arrays.items():  # the last loss was measured before the last update
            if not np.isfinite(array).all():
                raise self._diverged(f"{name} became infinite or NaN")
        notes = {
            "epoch": self.epoch, "step": self.step, "epochs": self.config.epochs, "rows": self.rows,
            "best": self.best, "raw": self.raw, "untrained": self.untrained,
            "untrained_protocol": self.untrained_protocol, "seconds": self._seconds + self.progress.seconds,
        }  # fmt: skip
        files.write_arrays(self.run.snapshot, arrays | {"notes": np.array(json.dumps(notes))})

    def _evaluate(self) -> None:
        self.progress.say("evaluating")
        began = time.perf_counter()
        with self._statistics():
            figures = self.evaluation.figures(self.method, self.stop_if_asked)
            self.evaluated = set(figures)
            self.rows[-1] |= figures
            self._look()
            self._checkpoint()
            score = evaluation.selection(figures)
            if self.config.split == "validation" and (self.best is None or score > self.best):
                self.best = score
                files.write_arrays(self.run.checkpoints / "best.npz", state.weights(self.method))
        self._results(complete=False)
        self.stop_if_asked()
        shown = "  ".join(f"{name} {value:.2f}" for name, value in figures.items())
        self.progress.say(f"epoch {self.epoch}: {shown}  ({time.perf_counter() - began:.0f} s)")

    def _checkpoint(self) -> None:
        path = self.run.checkpoints / f"{self.epoch}.npz"
        files.write_arrays(path, state.weights(self.method))
        self.run.prune(self.config.keep)

    def _look(self) -> None:
        if not pictures.is_picture(self.method.spec.shape) or self.method.spec.dtype != "uint8":
            return
        name, seed = f"{self.epoch}.png", self.config.seed
        shown = [self._shown]
        if self.method.generator is not None and self.method.samples_prior:
            generated = looking.samples(self.method, SHOWN, seed)
            looking.write_samples(self.run.path / "samples" / name, generated)
            if self.method.encodes_generated:
                shown.append(generated["images"])
        if self.method.generator is not None and self.method.encoder is not None:
            pairs = [looking.reconstructions(self.method, images) for images in shown]
            looking.write_reconstructions(self.run.path / "reconstructions" / name, *pairs)

    def _results(self, complete: bool) -> None:
        last = next(row for row in reversed(self.rows) if row["epoch"] == self.epoch)
        figures = {k: v for k, v in last.items() if k in self.evaluated}
        files.write_json(
            self.run.path / "results.json",
            {
                "complete": complete, "epoch": self.epoch, "epochs": self.config.epochs,
                "method": self.config.method, "variant": self.config.variant,
                "figures": figures,
                "untrained": self.untrained, "raw": self.raw,
                "protocol": self.evaluation.protocol(self.method),
                "untrained_protocol": self.untrained_protocol,
                "training_seconds": round(self._seconds + self.progress.seconds, 1),
            },
        )  # fmt: skip
