"""Flags shared by the scripts that look at finished runs: which run, which checkpoint, which data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from absl import flags

from bigan.data.splits import Split
from bigan.errors import UserError
from bigan.training.run import Run
from bigan.training.run_directory import RunDir

from .flags import FLAGS

if TYPE_CHECKING:
    from bigan.models.method import Method

flags.disclaim_key_flags()


def define_run_flags(about: str = "run directory, as --workdir was in training", checkpoint: bool = True) -> None:
    """--run, which is `about`, --checkpoint if one is looked at, --dataset, --data_dir, --device."""
    flags.DEFINE_string("run", None, about)
    if checkpoint:
        flags.DEFINE_string("checkpoint", "last", "last, best, or an epoch's number (0: the untrained network)")
    flags.DEFINE_string("dataset", "", "another dataset than the run's")
    flags.DEFINE_string("data_dir", "", "the data's place, if not where it was in training")
    flags.DEFINE_string("device", "", "auto | cpu | gpu, if not the run's")


def run_from_flags() -> Run:
    """The run that --run names, on --device."""
    if not FLAGS.run:
        raise UserError("--run is needed: the run directory, as --workdir was in training")
    return _run(str(FLAGS.run))


def runs_from_flags() -> list[Run]:
    """The runs that --run names, separated by commas, on --device."""
    if not FLAGS.run:
        raise UserError("--run is needed: run directories, separated by commas")
    return [_run(path) for path in str(FLAGS.run).split(",")]


def _run(path: str) -> Run:
    run = Run(RunDir(path))
    if FLAGS.device:
        run.config = run.config.replace(device=FLAGS.device)
    return run


def split_from_flags(run: Run) -> Split:
    """The run's examples, or those of --dataset."""
    return run.split(FLAGS.dataset, FLAGS.data_dir)


def model_from_flags(run: Run) -> Method:
    """The method at --checkpoint."""
    return run.load(FLAGS.checkpoint)
