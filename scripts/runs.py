"""Flags shared by the scripts that look at finished runs: which run, which checkpoint, which data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from bigan.config import DEVICES
from bigan.data.splits import Split
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


def runs_from_flags() -> list[Named]:
    """The runs that --run names, separated by commas; 'random' is the first one's untrained network.

    Raises:
        UserError: if there is none, or 'random' comes first.
    """
    places = [place for place in (FLAGS.run or "").split(",") if place]
    if not places or places[0] == "random":
        raise UserError("--run is needed: run directories, separated by commas; 'random' may follow the first")
    first = _run(places[0])
    names = [Path(place).name for place in places]
    return [
        Named("random", first, "0")
        if place == "random"
        else Named(name if names.count(name) == 1 else place, _run(place), FLAGS.checkpoint)
        for place, name in zip(places, names, strict=True)
    ]


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
