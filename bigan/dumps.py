"""What can be dumped of a run, by name: how its arrays are made and how they are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bigan import exploring, looking
from bigan.data.splits import Split
from bigan.errors import UserError

if TYPE_CHECKING:
    from bigan.method import Method

NEIGHBORS = 6


@dataclass(frozen=True)
class Request:
    """How much of what: number, seed, and the layer whose features are looked at. `split` where images are needed."""

    num: int
    seed: int
    layer: str
    split: Split | None

    def images(self, each: int) -> np.ndarray:
        """`each * num` random evaluation images.

        Raises:
            UserError: if there are fewer.
        """
        if self.split is None:
            raise ValueError("this kind of dump needs images")
        examples, count = self.split.evaluation, each * self.num
        if count > len(examples):
            raise UserError(f"--num={self.num}: {count} images are needed, and there are {len(examples)}")
        return looking.chosen(examples, count, self.seed)


@dataclass(frozen=True)
class Kind:
    """One kind of dump.

    Args:
        roles: networks that it needs.
        images: how many images it needs for each of `num`.
        arrays: (method, request) -> arrays by name.
        write: (path, arrays) -> a PNG file.
        least: the smallest `num` that makes sense.
    """

    roles: tuple[str, ...]
    images: int
    arrays: Callable[[Method, Request], dict[str, Any]]
    write: Callable[[Path, dict[str, Any]], None]
    least: int = 1


def _neighbors(model: Method, request: Request) -> dict[str, Any]:
    queries = request.images(1)
    gallery = request.split.train  # type: ignore[union-attr]
    return exploring.neighbors(model, gallery, queries, request.layer, NEIGHBORS, request.seed)


KINDS: dict[str, Kind] = {
    "samples": Kind(("generator",), 0, lambda m, r: looking.samples(m, r.num, r.seed), looking.write_samples),
    "reconstructions": Kind(
        ("encoder", "generator"), 1, lambda m, r: looking.reconstructions(m, r.images(1)),
        looking.write_reconstructions,
    ),
    "interpolations": Kind(
        ("encoder", "generator"), 2, lambda m, r: looking.interpolations(m, r.images(2)), looking.write_interpolations
    ),
    "filters": Kind((), 0, lambda m, r: exploring.filters(m, r.num), exploring.write_filters),
    "neighbors": Kind((), 1, _neighbors, exploring.write_neighbors),
    "map": Kind(
        (), 1, lambda m, r: exploring.feature_map(m, r.images(1), r.layer, r.seed), exploring.write_feature_map,
        exploring.FEWEST,
    ),
}  # fmt: skip
