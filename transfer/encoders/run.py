"""A trained run, at one of its checkpoints."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from bigan.data.splits import Split
from bigan.training.run import Run
from bigan.training.run_directory import RunDir
from transfer.encoders.encoder import Encoder

if TYPE_CHECKING:
    from bigan.models.method import Method


class TrainedRun(Encoder):
    """The encoder of a run directory.

    Args:
        directory: of the run.
        checkpoint: 'last', 'best' or an epoch's number; '0' is the untrained network.
        name: as tables call it; the directory's own name if not given.
        dataset, data_dir, resize: see `Encoder`.
        device: auto | cpu | gpu, if not the run's.

    Raises:
        UserError: if there is no run in the directory.
    """

    def __init__(
        self,
        directory: str | Path,
        checkpoint: str = "last",
        name: str = "",
        dataset: str = "",
        data_dir: str = "",
        device: str = "",
        resize: int = 0,
    ) -> None:
        super().__init__(name or Path(directory).name, dataset, data_dir, resize)
        self.run, self.checkpoint = Run(RunDir(directory)), checkpoint
        if device:
            self.run.config = self.run.config.replace(device=device)

    @property
    def folder(self) -> Path:
        """The run directory."""
        return self.run.directory.path

    @property
    def flip(self) -> bool:
        """As in the run's own training."""
        return self.run.config.flip

    def digest(self) -> str:
        """Of the checkpoint's bytes.

        Raises:
            UserError: if there is no such checkpoint.
        """
        return digest_of(self.run.directory.checkpoint(self.checkpoint))

    def _load(self) -> Method:
        return self.run.load(self.checkpoint)

    def _split(self, crop: int) -> Split:
        return self.run.split(self.dataset, self.data_dir, crop, self.resize)


def digest_of(path: Path) -> str:
    """Identifies a file by its bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
