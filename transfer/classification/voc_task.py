"""What the tasks on VOC share: two splits of one data folder, colour images, and which layers are trained."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from bigan.config import setting
from bigan.errors import UserError
from bigan.types import Json
from transfer.backbone.recipe import Recipe
from transfer.classification.trained import Trained
from transfer.encoders.encoder import Encoder

TRAINED = {"fc8": ("fc8",), "fc6-8": ("fc6", "fc7", "fc8"), "all": ()}  # columns of Table 5.3; (): every layer


class Images(Protocol):
    """Labelled images of a split."""

    def limited(self: Split, most: int) -> Split:
        """At most that many of them, chosen at random, always the same ones; 0 for all."""

    def digest(self) -> str:
        """Identifies images and labels."""


Split = TypeVar("Split", bound=Images)


@dataclass(frozen=True, kw_only=True)
class VocOptions(Recipe):
    """Of the tasks on VOC."""

    splits: tuple[str, ...] = setting(("train", "val"), "of VOC: trained and tested on, separated by a comma")

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(set(self.splits)) != 2 or len(self.splits) != 2:
            raise UserError(f"`splits` must be two, TRAINED,TESTED. Received: {','.join(map(str, self.splits))!r}")


class VocTask(Trained, Generic[Split]):
    """A task on VOC's images, whatever the encoder was trained on. They are read once for all encoders.

    Labels of the images that are tested on are used for the results only.
    """

    Options = VocOptions
    options: VocOptions

    def __init__(self, options: VocOptions) -> None:
        super().__init__(options)
        self._read: dict[tuple[str, str], tuple[Split, Split]] = {}

    @abc.abstractmethod
    def read(self, dataset: str, data_dir: str, split: str) -> Split:
        """The images of a split."""

    def images(self, encoder: Encoder) -> tuple[Split, Split]:
        """Those to train on, at most `limit`, and those to test on."""
        if encoder.resize:
            raise UserError(f"`resize` is not for `task={self.name}`, which takes images of any sizes")
        place = encoder.dataset, encoder.data_dir
        if place not in self._read:
            train, test = (self.read(*place, split) for split in self.options.splits)
            self._read[place] = train.limited(self.options.limit), test
        return self._read[place]

    def columns(self, encoder: Encoder) -> list[str]:
        """Table 5.3's."""
        return list(TRAINED)

    def check(self, encoder: Encoder, column: str) -> None:
        """Refuses columns that are none, and networks that cannot be transferred or are not for colour images."""
        if column not in TRAINED:
            raise UserError(f"`layer` of `task={self.name}`: one or more of {', '.join(TRAINED)}. Received: {column!r}")
        shape = encoder.method.spec.shape
        if shape[-1] != 3:
            raise UserError(f"`task={self.name}` is for colour images. Received: a network of {shape}")
        super().check(encoder, column)

    def key(self, encoder: Encoder, column: str) -> dict[str, Json]:
        """With the images' own digests."""
        return super().key(encoder, column) | {"data": [images.digest() for images in self.images(encoder)]}
