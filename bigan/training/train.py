"""`train(config, workdir)`: the one entry point for every method. Light to import; the heavy part is `loop`."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from numpy.typing import ArrayLike

from bigan.config import Config
from bigan.data import augment, sources
from bigan.data.dataset import Dataset
from bigan.data.sources import arrays
from bigan.data.splits import Split, split, steps_per_epoch
from bigan.errors import UserError
from bigan.registry import LATENTS, METHODS, NETWORKS
from bigan.runtime import backend, distribution, processes
from bigan.training.run import Run
from bigan.training.run_directory import RunDir
from bigan.version import __version__

GO, DONE = "go", "done"  # what process 0 tells the others


def train(
    config: Config,
    workdir: str | Path,
    *,
    images: ArrayLike | None = None,
    labels: ArrayLike | None = None,
    test_images: ArrayLike | None = None,
    test_labels: ArrayLike | None = None,
    progress: bool = True,
) -> Run:
    """Trains, resumes, or finds complete, the run in `workdir`.

    The same call again resumes from the last snapshot. Changing what matters to training is refused; the number of
    epochs may change while both schedules are in their constant half.

    Args:
        config: what to train and how.
        workdir: the run directory; made if missing.
        images: `(n, ...)` uint8 images or float vectors, instead of `config.dataset`.
        labels: `(n,)` integers; without labels, metrics that need them are left out.
        test_images, test_labels: a test set; without it, part of `images` is held out.
        progress: whether to report on standard error.

    Returns:
        The run: `.model`, `.history` (one row an epoch), `.results`.

    Raises:
        UserError: if anything given cannot be used; nothing is half-written.
        KeyboardInterrupt: on Ctrl-C or SIGTERM, after the state was saved.
    """
    if not isinstance(config, Config):
        raise UserError(f"config must be a bigan.Config, e.g. bigan.presets.digits(). Received: {config!r}")
    if not isinstance(workdir, str | Path):
        raise UserError(f"`workdir` must be a path. Received: {workdir!r}")
    if test_labels is not None and test_images is None:
        raise UserError("test_labels are for test_images; pass both, or neither to hold out some of images")
    if images is None and any(given is not None for given in (labels, test_images, test_labels)):
        raise UserError("labels and test images are for images given as arrays; pass images too")
    for registry in (METHODS, NETWORKS, LATENTS):
        registry.check(getattr(config, registry.kind))
    if images is None:
        dataset = _load(config)
    else:
        dataset = arrays.from_arrays(images, labels, test_images, test_labels, config.scaling).cropped(config.crop)
        config = config.replace(dataset="arrays")
    augment.check(config.flip, dataset.train.images)
    return _train(config, dataset, RunDir(workdir), progress)


def follow(config: Config) -> None:
    """What `train` is in a process that follows process 0: it trains on its part of each minibatch, and writes nothing.

    Raises:
        UserError: as `train` does, or if it has another configuration or other data than process 0.
        KeyboardInterrupt: on Ctrl-C or SIGTERM to any process.
    """
    for registry in (METHODS, NETWORKS, LATENTS):
        registry.check(getattr(config, registry.kind))
    dataset = _load(config)
    parts = _parts(config, dataset)
    augment.check(config.flip, dataset.train.images)
    if processes.gather("")[0] == GO:
        _run(config, dataset, parts, None, progress=False)


def _load(config: Config) -> Dataset:
    return sources.load(config.dataset, config.data_dir, config.scaling, config.crop)


def _parts(config: Config, dataset: Dataset) -> Split:
    """The dataset's split, once every process is known to have the same."""
    distribution.check(config)
    parts = split(dataset, config.split, config.seed)
    settings = {f"`{f.name}`": getattr(config, f.name) for f in dataclasses.fields(config) if f.name != "data_dir"}
    processes.agree(settings | {"`data_dir`: the data": parts.fingerprint, "the version of bigan": __version__})
    return parts


def _run(config: Config, dataset: Dataset, parts: Split, run: RunDir | None, progress: bool) -> None:
    backend.prepare(config)
    with backend.uninterrupted():
        from bigan.training.loop import run_training

    run_training(config, dataset, parts, run, progress)


def _train(config: Config, dataset: Dataset, run: RunDir, progress: bool) -> Run:
    parts = _parts(config, dataset)
    steps = steps_per_epoch(len(parts.train), config.batch_size)
    with run.locked():
        if run.snapshot.exists() and not run.exists():
            raise UserError(f"`workdir`: {run.path} has a snapshot but no config.json to say of what; use another")
        if run.exists():
            _check_same(run, config, parts.fingerprint)
            if run.complete() and run.read_config()[0].epochs == config.epochs:
                if progress:
                    print(f"the run in {run.path} is complete ({config.epochs} epochs); nothing to do", file=sys.stderr)
                processes.gather(DONE)
                return Run(run)
        if not run.snapshot.exists() and run.latest_checkpoint() > 0:
            raise UserError(
                f"`workdir`: {run.path} has checkpoints but no {run.snapshot.name} to go on from; use another, or "
                "remove checkpoints/ to begin anew"
            )
        if run.snapshot.exists():
            _check_epochs(run, config.epochs, steps)
        processes.gather(GO)
        _run(config, dataset, parts, run, progress)
    return Run(run)


def _check_epochs(run: RunDir, new: int, steps: int) -> None:
    _, notes = run.read_snapshot()
    old, done = notes["epochs"], notes["epoch"] + notes["step"] / steps
    if old != new and done > min(old, new) / 2:
        raise UserError(
            f"`epochs`: the run in {run.path} has done {done:g} of {old} epochs; its step size decays "
            f"from mid-schedule on, so a change to {new} is possible up to epoch {min(old, new) / 2:g} only"
        )


def check_config(run: RunDir, config: Config) -> None:
    """Refuses to go on in a run of another configuration.

    Args:
        run: with a run in it.
        config: to train it with.

    Raises:
        UserError: naming a field that matters to training and is not the run's.
    """
    old = run.read_config()[0]
    changes = old.training_changes(config)
    if changes:
        name = changes[0]
        raise UserError(
            f"`workdir`: the run in {run.path} has `{name}={getattr(old, name)}`, which cannot change. "
            f"Received: {getattr(config, name)}; use another `workdir`"
        )


def _check_same(run: RunDir, config: Config, fingerprint: str) -> None:
    check_config(run, config)
    data = run.read_config()[2]
    if data["fingerprint"] != fingerprint:
        place = f" in {config.data_dir}" if config.data_dir else ""
        raise UserError(
            f"`data_dir`: the run in {run.path} was trained on other data than the {config.dataset}{place} of now; "
            "pass what it was trained on, or another `workdir`"
        )
