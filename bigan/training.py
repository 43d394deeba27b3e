"""`train(config, workdir)`: the one entry point for every method. Light to import; the heavy part is `loop`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigan import devices
from bigan.config import Config
from bigan.data import loading
from bigan.data.splits import Split, split, steps_per_epoch
from bigan.errors import UserError
from bigan.imports import findable
from bigan.rundir import RunDir, read_arrays

if TYPE_CHECKING:
    from bigan.method import Method


def train(
    config: Config,
    workdir: str | Path,
    *,
    images: Any = None,
    labels: Any = None,
    test_images: Any = None,
    test_labels: Any = None,
    progress: bool = True,
) -> Run:
    """Trains, resumes, or finds complete, the run in `workdir`.

    The same call again resumes from the last snapshot. Changing what matters to training is refused; the number of
    epochs may change while both schedules are in their constant half.

    Args:
        config: what to train and how.
        workdir: the run directory; made if missing.
        images: `(n, ...)` uint8 images or float vectors, instead of `config.dataset`.
        labels: `(n,)` integers; without labels, figures that need them are left out.
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
        raise UserError(f"workdir must be a path. Received: {workdir!r}")
    if test_labels is not None and test_images is None:
        raise UserError("test_labels are for test_images; pass both, or neither to hold out some of images")
    if images is None and any(given is not None for given in (labels, test_images, test_labels)):
        raise UserError("labels and test images are for images given as arrays; pass images too")
    findable(config.method, "--method")
    findable(config.networks, "--networks")
    if images is not None:
        if config.crop or config.flip:
            raise UserError(
                "crop and flip are for dataset='store'; pass config.replace(crop=0, flip=False) with arrays"
            )
        source = loading.from_arrays(images, labels, test_images, test_labels, config.scaling)
        config = config.replace(dataset="arrays")
    else:
        source = loading.load(config.dataset, config.data_dir, config.scaling, config.crop, config.flip)
    parts = split(source, config.split, config.seed)
    steps = steps_per_epoch(len(parts.train), config.batch_size)
    run = RunDir(workdir)
    with run.locked():
        fingerprint = parts.fingerprint
        if run.snapshot.exists() and not run.exists():
            raise UserError(f"--workdir: {run.path} has a snapshot but no config.json to say of what; use another")
        if run.exists():
            _check_same(run, config, fingerprint)
            if run.complete() and run.read_config()[0].epochs == config.epochs:
                if progress:
                    print(f"the run in {run.path} is complete ({config.epochs} epochs); nothing to do", file=sys.stderr)
                return Run(run)
        if not run.snapshot.exists() and run.latest_checkpoint() > 0:
            raise UserError(
                f"--workdir: {run.path} has checkpoints but no {run.snapshot.name} to go on from; use another, or "
                "remove checkpoints/ to begin anew"
            )
        if run.snapshot.exists():
            _check_epochs(run, config.epochs, steps)
        devices.prepare(config)
        from bigan.loop import run_training

        run_training(config, source, parts, run, fingerprint, progress)
    return Run(run)


class Run:
    """A run on disk, as the library's users see it."""

    def __init__(self, directory: RunDir) -> None:
        self.directory = directory
        self.config, self.spec, self.data = directory.read_config()

    @property
    def history(self) -> list[dict[str, float]]:
        """metrics.csv, a row an epoch."""
        return self.directory.read_metrics()

    @property
    def results(self) -> dict[str, Any]:
        """results.json."""
        return self.directory.results()

    @property
    def model(self) -> Method:
        """The method at its last checkpoint (`load` for another)."""
        return self.load()

    def load(self, checkpoint: str = "last") -> Method:
        """The method at a checkpoint: 'last', 'best' or an epoch's number; 0 is the untrained network.

        Runs code of the modules that the run names as its method and networks.
        """
        path = self.directory.checkpoint(checkpoint)
        arrays = read_arrays(path)  # what is missing or damaged is seen before a backend is started
        devices.prepare(self.config)
        from bigan import state
        from bigan.imports import resolve

        with devices.strategy(self.config.replace(replicas=1)):
            model = resolve(self.config.method, "build_networks").create(self.config, self.spec)
        state.assign_weights(model, arrays, path)
        return model

    def split(self, dataset: str = "", data_dir: str = "", crop: int = 0) -> Split:
        """The examples the run was trained and evaluated on, or another dataset's in the same way.

        Args:
            dataset: another than the run's.
            data_dir: its place, or the run's data's if not where it was in training.
            crop: edge of a store's crops, if not the run's.

        Raises:
            UserError: if the run's data was given as arrays and no dataset is named, or if shapes differ.
        """
        if not dataset and self.config.dataset == "arrays":
            raise UserError(f"{self.directory.path} was trained on arrays given in Python; pass --dataset")
        config = self.config
        place = data_dir or (config.data_dir if not dataset or dataset == config.dataset else "")
        name = dataset or config.dataset
        own = config.crop if name == "store" else 0
        source = loading.load(name, place, config.scaling, own, config.flip and bool(own))
        if source.spec.shape != self.spec.shape or source.spec.dtype != self.spec.dtype:
            raise UserError(
                f"{self.directory.path} takes examples of {self.spec.shape} {self.spec.dtype}. "
                f"Received: {source.spec.shape} {source.spec.dtype}"
            )
        parts = split(source, config.split, config.seed)
        if not dataset and parts.fingerprint != self.data["fingerprint"]:
            raise UserError(
                f"--data_dir: {config.dataset} holds other data than {self.directory.path} was trained on; pass "
                "--dataset too, if that is meant"
            )
        if crop and crop != self.spec.shape[0]:
            parts = split(loading.load(name, place, crop=crop, flip=config.flip), config.split, config.seed)
        return parts


def _check_epochs(run: RunDir, new: int, steps: int) -> None:
    _, notes = run.read_snapshot()
    old, done = notes["epochs"], notes["epoch"] + notes["step"] / steps
    if old != new and done > min(old, new) / 2:
        raise UserError(
            f"--epochs: the run in {run.path} has done {done:g} of {old} epochs; its step size decays "
            f"from mid-schedule on, so a change to {new} is possible up to epoch {min(old, new) / 2:g} only"
        )


def _check_same(run: RunDir, config: Config, fingerprint: str) -> None:
    old, _, data = run.read_config()
    changes = old.training_changes(config)
    if changes:
        name = changes[0]
        raise UserError(
            f"--workdir: the run in {run.path} has --{name}={getattr(old, name)}, which cannot change. "
            f"Received: {getattr(config, name)}; use another --workdir"
        )
    if data["fingerprint"] != fingerprint:
        place = f" in {config.data_dir}" if config.data_dir else ""
        raise UserError(
            f"--data_dir: the run in {run.path} was trained on other data than the {config.dataset}{place} of now; "
            "pass what it was trained on, or another --workdir"
        )
