"""A run on disk, as the library's users see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigan.data import sources
from bigan.data.splits import Split, split
from bigan.data.store import unpacked
from bigan.errors import UserError
from bigan.registry import LATENTS, METHODS, NETWORKS, SOURCES
from bigan.runtime import backend
from bigan.training.run_directory import RunDir, read_arrays
from bigan.types import Json

if TYPE_CHECKING:
    from bigan.models.method import Method


class Run:
    """A run directory that has a run in it.

    Args:
        directory: of the run.

    Raises:
        UserError: if there is no run, or one of a newer format.
    """

    def __init__(self, directory: RunDir) -> None:
        self.directory = directory
        self.config, self.spec, self.data = directory.read_config()

    @property
    def history(self) -> list[dict[str, float]]:
        """metrics.csv, a row an epoch. A UserError if it is damaged."""
        return self.directory.read_metrics()

    @property
    def results(self) -> dict[str, Json]:
        """results.json, {} before the first evaluation. A UserError if it is damaged."""
        return self.directory.results()

    @property
    def model(self) -> Method:
        """The method at its last checkpoint (`load` for another)."""
        return self.load()

    def load(self, checkpoint: str = "last") -> Method:
        """The method at a checkpoint: 'last', 'best' or an epoch's number; 0 is the untrained network.

        Runs code of the modules that the run names as its method, networks and latent.

        Raises:
            UserError: if there is no such checkpoint, or it is damaged.
        """
        self._check_modules()
        path = self.directory.checkpoint(checkpoint)
        arrays = read_arrays(path)  # what is missing or damaged is seen before a backend is started
        backend.prepare(self.config)
        from bigan.models.method import create
        from bigan.runtime import distribution
        from bigan.training.checkpoint import assign_weights

        with distribution.strategy(self.config.replace(replicas=1)):
            model = create(self.config, self.spec)
        assign_weights(model, arrays, path)
        return model

    def split(self, dataset: str = "", data_dir: str = "", crop: int = 0, resize: int = 0) -> Split:
        """The examples the run was trained and evaluated on, or another dataset's in the same way.

        Args:
            dataset: another than the run's.
            data_dir: its place, or the run's data's if not where it was in training.
            crop: edge of the crops, if not the run's.
            resize: what another dataset's images, of any sizes, have their shorter edge resized to; 0: not at all.

        Raises:
            UserError: if the run's data was given as arrays and no dataset is named, or if shapes differ.
        """
        if not dataset and self.config.dataset == "arrays":
            raise UserError(f"{self.directory.path} was trained on arrays given in Python; pass `dataset`")
        self._check_modules()
        config = self.config
        name = dataset or config.dataset
        place = data_dir or (config.data_dir if name == config.dataset else "")
        if resize and not dataset:
            raise UserError("`resize` is for another `dataset` than the run's")
        if resize:
            whole = unpacked.load(name, place, resize)
            source = whole.cropped(self.spec.shape[0])
        else:
            whole = sources.load(name, place, config.scaling if sources.takes_scaling(name) else "minmax")
            source = whole.cropped(config.crop)
        if source.spec.shape != self.spec.shape or source.spec.dtype != self.spec.dtype:
            raise UserError(
                f"{self.directory.path} takes examples of {self.spec.shape} {self.spec.dtype}. "
                f"Received: {source.spec.shape} {source.spec.dtype}"
                + ("" if resize or not dataset else "; `resize` makes images of any sizes fit")
            )
        parts = split(source, config.split, config.seed)
        if not dataset and parts.fingerprint != self.data["fingerprint"]:
            raise UserError(
                f"`data_dir`: {config.dataset} holds other data than {self.directory.path} was trained on; pass "
                "`dataset` too, if that is meant"
            )
        if crop and crop != self.spec.shape[0]:
            parts = split(whole.cropped(crop), config.split, config.seed)
        return parts

    def _check_modules(self) -> None:
        """Refuses a run whose method, networks, latent or source of data lies in a module that is not there."""
        config = self.config
        recorded = [(METHODS, config.method), (NETWORKS, config.networks), (LATENTS, config.latent)]
        if ":" in config.dataset and config.dataset.partition(":")[0] not in SOURCES:
            recorded.append((SOURCES, config.dataset))
        for registry, name in recorded:
            try:
                registry.check(name)
            except UserError as error:
                raise UserError(
                    f"{self.directory.path} was made with the {registry.kind} {name!r}, and that module is not on the "
                    "Python path; put it there"
                ) from error
