"""A user's own Keras model, in a `.keras` file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from bigan.config import Config
from bigan.data import sources
from bigan.data.crops import Crops
from bigan.data.splits import Split, split
from bigan.data.store import unpacked
from bigan.errors import UserError
from bigan.runtime import backend
from transfer.encoders.encoder import Encoder
from transfer.encoders.run import digest_of

if TYPE_CHECKING:
    from bigan.models.method import Method


class KerasFile(Encoder):
    """The model of a `.keras` file, see `wrapped.wrap` for the models that can be used.

    Args:
        path: of the file.
        name: as tables call it; the file's own name if not given.
        dataset: what it is evaluated on; there is no default.
        data_dir: where that lies.
        device: auto | cpu | gpu.
        input_range: what 0 and 255 become before they reach the model.
        resize: see `Encoder`.

    Raises:
        UserError: if there is no such file, or the range is none.
    """

    def __init__(
        self,
        path: str | Path,
        name: str = "",
        dataset: str = "",
        data_dir: str = "",
        device: str = "",
        input_range: tuple[float, float] = (0.0, 255.0),
        resize: int = 0,
    ) -> None:
        self.path = Path(path)
        super().__init__(name or self.path.name, dataset, data_dir, resize)
        low, high = input_range
        if not (math.isfinite(low) and math.isfinite(high) and low != high):
            raise UserError(f"`input_range` must be two different numbers. Received: {low:g}, {high:g}")
        if not self.path.is_file():
            raise UserError(f"`run`: no such file: {self.path}")
        self.input_range, self.device = (low, high), device

    @property
    def folder(self) -> Path:
        """The file's own folder."""
        return self.path.parent

    def digest(self) -> str:
        """Of the file's bytes."""
        return digest_of(self.path)

    def _load(self) -> Method:
        backend.prepare(Config(device=self.device or "auto"))
        from transfer.encoders import wrapped

        return wrapped.load(self.path, self.input_range)

    def _split(self, crop: int) -> Split:
        if not self.dataset:
            raise UserError(f"`dataset` is needed: {self.path} was trained on data of its own")
        shape = self.method.spec.shape
        if self.resize:
            data = unpacked.load(self.dataset, self.data_dir, self.resize)
        else:
            data = sources.load(self.dataset, self.data_dir)
        if crop or isinstance(data.train.images, Crops):  # natural images, of any size
            data = data.cropped(crop or shape[0])
        if data.spec.shape != shape and not crop:
            raise UserError(f"{self.path} takes images of {shape}. Received: {data.spec.shape}")
        return split(data, "test", 0)
