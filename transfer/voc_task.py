"""What the tasks on VOC share: two splits of one data folder, colour images, and which layers are trained."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bigan.config import setting
from bigan.errors import UserError
from bigan.types import Json
from transfer.backbone.recipe import Recipe
from transfer.datasets.encoded import Encoded
from transfer.encoders.encoder import Encoder
from transfer.task import Point, Result
from transfer.trained import Trained

TRAINED = {"fc8": ("fc8",), "fc6-8": ("fc6", "fc7", "fc8"), "all": ()}  # columns of Table 5.3; (): every layer
EXAMPLES = ("training_examples", "evaluation", "evaluation_examples")  # of a result, below its table
Split = TypeVar("Split", bound=Encoded)


@dataclass(frozen=True, kw_only=True)
class VocOptions(Recipe):
    """Of the tasks on VOC."""

    splits: tuple[str, ...] = setting(("train", "val"), "of VOC: trained and tested on, separated by a comma")
    by_heart: bool = setting(
        False, "test on the very images that are trained on instead, to see whether they can be learned at all"
    )

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
        """Those to train on, at most `limit`, and those to test on: with `by_heart`, the same."""
        if encoder.resize:
            raise UserError(f"`resize` is not for `task={self.name}`, which takes images of any sizes")
        place = encoder.dataset, encoder.data_dir
        if place not in self._read:
            first, second = self.options.splits
            train = self.read(*place, first).limited(self.options.limit)
            self._read[place] = train, train if self.options.by_heart else self.read(*place, second)
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
        """With the images' own digests, which say `by_heart` too."""
        key: dict[str, Any] = super().key(encoder, column)
        options = {name: value for name, value in key["options"].items() if name != "by_heart"}
        return key | {"options": options, "data": [images.digest() for images in self.images(encoder)]}

    def evaluation(self) -> str:
        """What results are of."""
        trained, tested = self.options.splits
        return f"{trained}, the images trained on" if self.options.by_heart else tested

    def points(self, column: str, result: Result) -> list[Point]:
        """A column for each kind of mean average precision."""
        return [Point(f"{column}, {kind}", ap, *result["intervals"][kind]) for kind, ap in result["mean_ap"].items()]
