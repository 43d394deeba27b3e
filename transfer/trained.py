"""What the tasks that train a classifier on transferred convolutions share."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bigan.runtime import memory
from bigan.types import Json
from transfer.encoders.encoder import Encoder
from transfer.task import Result, Task

if TYPE_CHECKING:
    from transfer.backbone.recipe import Recipe

AT_ONCE = 1000  # images, to initialise on, to test on


class Trained(Task):
    """A task whose results come from a training, with a curve of its loss."""

    options: Recipe

    def __init__(self, options: Recipe) -> None:
        super().__init__(options)
        self._architectures: dict[Encoder, str] = {}

    def crop(self, encoder: Encoder) -> int:
        """The option of that name, or what 0 stands for."""
        return self.options.crop or int(encoder.method.spec.shape[0])

    def at_once(self) -> int:
        """Images that lie in memory together."""
        return AT_ONCE

    def edge(self, encoder: Encoder) -> int:
        """Of the images that the classifier sees, in pixels."""
        return self.crop(encoder)

    def architecture(self, encoder: Encoder) -> str:
        """Identifies the transferred network, its weights aside.

        Raises:
            UserError: if the network cannot be transferred, or to images of this size.
        """
        if encoder not in self._architectures:
            method = encoder.method  # it starts the backend, as it must be, before anything else imports Keras
            from transfer.backbone import trunk

            edge, channels = self.edge(encoder), method.spec.shape[-1]
            count = self.at_once()
            memory.need(12 * count * edge**2 * channels, f"{count:,} images of `crop={self.crop(encoder)}`")
            self._architectures[encoder] = trunk.identity(trunk.transferred(method, edge))
        return self._architectures[encoder]

    def check(self, encoder: Encoder, column: str) -> None:
        """Refuses networks that cannot be transferred."""
        self.architecture(encoder)

    def key(self, encoder: Encoder, column: str) -> dict[str, Json]:
        """Weights, their input, and the recipe; a task adds its data."""
        options = dataclasses.asdict(self.options) | {"crop": self.crop(encoder)}
        return {"weights": encoder.digest(), "range": encoder.method.value_range, "options": options}

    def curve(self, result: Result) -> list[tuple[int, float]]:
        """The loss curve."""
        return [(iteration, loss) for iteration, loss in result["loss_curve"]]
