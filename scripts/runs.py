"""Flags shared by the scripts that look at finished runs: which run, which checkpoint, which data."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from bigan import devices
from bigan.config import DEVICES, Config
from bigan.data import loading
from bigan.data.splits import Split, split
from bigan.errors import UserError
from bigan.rundir import RunDir
from bigan.training import Run
from scripts.main import FLAGS

if TYPE_CHECKING:
    from bigan.method import Method

flags.disclaim_key_flags()


def define_run_flags() -> None:
    """--run, --checkpoint, --dataset, --data_dir, --device."""
    flags.DEFINE_string("run", None, "run directory, as --workdir was in training")
    flags.DEFINE_string("checkpoint", "last", "last, best, or an epoch's number (0: the untrained network)")
    flags.DEFINE_string("dataset", "", "another dataset than the run's")
    flags.DEFINE_string("data_dir", "", "the data's place, if not where it was in training")
    flags.DEFINE_enum("device", "", ["", *DEVICES], "another device than the run's")


def run_from_flags() -> Run:
    """The run that --run names, on --device."""
    if not FLAGS.run:
        raise UserError("--run is needed: the run directory, as --workdir was in training")
    return _run(FLAGS.run)


@dataclass(frozen=True)
class Named:
    """A run at a checkpoint, under the name that tables give it."""

    name: str
    run: Run
    checkpoint: str

    @property
    def folder(self) -> Path:
        """Where results lie, if not told otherwise."""
        return self.run.directory.path

    @property
    def weights(self) -> Path:
        """The file of the weights."""
        return self.run.directory.checkpoint(self.checkpoint)

    def load(self) -> Method:
        """The method."""
        return self.run.load(self.checkpoint)

    def split(self, crop: int = 0) -> Split:
        """The run's examples, or those of --dataset; `crop`: of a store, if not the run's."""
        return self.run.split(FLAGS.dataset, FLAGS.data_dir, crop)


@dataclass
class File:
    """A user's own Keras model, under the name that tables give it."""

    name: str
    weights: Path

    @property
    def folder(self) -> Path:
        """Where results lie, if not told otherwise."""
        return self.weights.parent

    @functools.cached_property
    def _method(self) -> Method:
        given = ",".join(FLAGS.input_range)
        try:
            low, high = (float(end) for end in FLAGS.input_range)
        except ValueError as error:
            raise UserError(f"--input_range must be LOW,HIGH. Received: {given!r}") from error
        if not (math.isfinite(low) and math.isfinite(high) and low != high):
            raise UserError(f"--input_range must be two different numbers. Received: {given!r}")
        if not self.weights.is_file():
            raise UserError(f"--run: no such file: {self.weights}")
        devices.prepare(Config(device=FLAGS.device or "auto"))
        from transfer import external

        return external.load(self.weights, (low, high))

    def load(self) -> Method:
        """The model under a method's interface."""
        return self._method

    def split(self, crop: int = 0) -> Split:
        """The examples of --dataset; a store's as crops of that size, or of the model's."""
        if not FLAGS.dataset:
            raise UserError(f"--dataset is needed: {self.weights} was trained on data of its own")
        shape = self.load().spec.shape
        edge = crop or (shape[0] if FLAGS.dataset == "store" else 0)
        source = loading.load(FLAGS.dataset, FLAGS.data_dir, crop=edge)
        if source.spec.shape != shape and not crop:
            raise UserError(f"{self.weights} takes images of {shape}. Received: {source.spec.shape}")
        return split(source, "test", 0)


def runs_from_flags() -> list[Named | File]:
    """What --run names, separated by commas: run directories, .keras files, or 'random', the first run untrained.

    Raises:
        UserError: if there is none, or 'random' comes first.
    """
    places = [place for place in (FLAGS.run or "").split(",") if place]
    if not places or places[0] == "random":
        raise UserError("--run is needed: run directories, separated by commas; 'random' may follow the first")
    places = list(dict.fromkeys(places))
    names = [Path(place).name for place in places]
    named: list[Named | File] = []
    for place, short in zip(places, names, strict=True):
        name = short if names.count(short) == 1 else place
        if place.endswith(".keras"):
            named.append(File(name, Path(place)))
        elif place != "random":
            named.append(Named(name, _run(place), FLAGS.checkpoint))
        elif isinstance(named[0], Named):
            named.append(Named("random", named[0].run, "0"))
        else:
            raise UserError(f"--run: 'random' stands for the first run's untrained network, and {places[0]} is no run")
    return named


def split_from_flags(run: Run) -> Split:
    """The run's examples, or those of --dataset."""
    return run.split(FLAGS.dataset, FLAGS.data_dir)


def _run(place: str) -> Run:
    run = Run(RunDir(place))
    if FLAGS.device:
        run.config = run.config.replace(device=FLAGS.device)
    return run


def model_from_flags(run: Run) -> Method:
    """The method at --checkpoint."""
    return run.load(FLAGS.checkpoint)
