"""What can be dumped of a run, by name: how its arrays are made and how they are drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bigan.data.splits import Split
from bigan.errors import UserError
from bigan.runtime import files, memory
from bigan.visualization import features, occlusion, samples
from bigan.visualization.samples import Streamed

if TYPE_CHECKING:
    from bigan.models.method import Method

NEIGHBORS = 6
COPIES = 6  # of a picture's pixels that are held at the same time while it is drawn, enlarged and written


@dataclass(frozen=True)
class Request:
    """How much of what.

    Args:
        num: samples, images, pairs, filters or queries.
        seed: of the latents, and of the images chosen.
        layer: whose features are looked at.
        split: examples, where images are needed.
    """

    num: int
    seed: int
    layer: str
    split: Split | None

    def images(self, each: int) -> np.ndarray:
        """`each * num` random evaluation images.

        Raises:
            UserError: if there are fewer, or they would not fit into memory.
        """
        if self.split is None:
            raise ValueError("this kind of dump needs images")
        examples, count = self.split.evaluation, each * self.num
        if count > len(examples):
            raise UserError(f"`num={self.num}`: {count} images are needed, and there are {len(examples)}")
        memory.need(count * math.prod(examples.images.shape[1:]), f"{count} images", "pass a smaller `num`")
        return samples.chosen(examples, count, self.seed)

    def labels(self) -> np.ndarray | None:
        """Classes of `images(1)`, if they are known."""
        if self.split is None or self.split.evaluation.labels is None:
            return None
        return self.split.evaluation.labels[samples.places(self.split.evaluation, self.num, self.seed)]


def _in_memory(arrays: dict[str, np.ndarray]) -> list[Streamed]:
    return [(name, len(array), iter([array])) for name, array in arrays.items()]


@dataclass(frozen=True)
class Kind:
    """One kind of dump.

    Args:
        roles: networks that it needs.
        images: how many images it needs for each of `num`.
        drawn: how many images its picture has for each of `num`.
        streams: (method, request) -> arrays, batch by batch.
        draw: (path, arrays) -> a PNG file.
        least: the smallest `num` that makes sense.
    """

    roles: tuple[str, ...]
    images: int
    drawn: int
    streams: Callable[[Method, Request], list[Streamed]]
    draw: Callable[[Path, dict[str, np.ndarray]], None]
    least: int = 1

    def check_picture(self, num: int, shape: tuple[int, ...]) -> None:
        """Refuses a picture that would not fit into memory.

        Raises:
            UserError: naming its size.
        """
        count = self.drawn * num
        pixels = count * math.prod(side + 1 for side in shape[:2]) * shape[2]
        memory.need(COPIES * pixels, f"a picture of {count:,} images", "pass a smaller `num`, or `format=npz`")

    def write(self, path: Path, model: Method, request: Request) -> None:
        """Writes a PNG, or an `.npz` batch by batch, as the path ends.

        Raises:
            UserError: if a picture would not fit into memory, or a file not onto the disk.
        """
        if path.suffix == ".png":
            self.check_picture(request.num, model.spec.shape)
            self.draw(path, samples.gathered(self.streams(model, request)))
        else:
            files.write_batches(path, self.streams(model, request))


def _neighbors(model: Method, request: Request) -> list[Streamed]:
    queries = request.images(1)
    if request.split is None:
        raise ValueError("neighbours need images")
    found = features.neighbors(model, request.split.train, queries, request.layer, NEIGHBORS, request.seed)
    return _in_memory(found)


def _occlusion(model: Method, request: Request) -> list[Streamed]:
    images, labels = request.images(1), request.labels()
    if request.split is None:
        raise ValueError("maps of occlusion need images")
    return _in_memory(occlusion.maps(model, images, labels, request.split.train, request.layer))


KINDS: dict[str, Kind] = {
    "samples": Kind(("generator",), 0, 1, lambda m, r: samples.sample_streams(m, r.num, r.seed), samples.write_samples),
    "reconstructions": Kind(
        ("encoder", "generator"),
        1,
        2,
        lambda m, r: samples.reconstruction_streams(m, r.images(1)),
        samples.write_reconstructions,
    ),
    "interpolations": Kind(
        ("encoder", "generator"),
        2,
        samples.STEPS,
        lambda m, r: samples.interpolation_streams(m, r.images(2)),
        samples.write_interpolations,
    ),
    "filters": Kind((), 0, 0, lambda m, r: _in_memory(features.filters(m, r.num)), features.write_filters),
    "neighbors": Kind((), 1, NEIGHBORS + 2, _neighbors, features.write_neighbors),
    "map": Kind(
        (),
        1,
        1,
        lambda m, r: _in_memory(features.feature_map(m, r.images(1), r.layer, r.seed)),
        features.write_feature_map,
        features.FEWEST,
    ),
    "occlusion": Kind((), 1, 3, _occlusion, occlusion.write),
}
