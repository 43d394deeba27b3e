"""Images of any size as a store would hold them, resized in memory: for data that are looked at once or twice."""

from __future__ import annotations

import hashlib

import numpy as np

from bigan.data.crops import Crops, FilePixels
from bigan.data.dataset import Dataset, Examples
from bigan.data.spec import Spec
from bigan.data.store import origins, packing
from bigan.errors import UserError
from bigan.runtime import memory


def load(dataset: str, data_dir: str, edge: int) -> Dataset:
    """The images of a folder, or of TensorFlow Datasets, as RGB, their shorter edge `edge` pixels, see `packing.pack`.

    Args:
        dataset: 'images' or 'tfds:NAME'.
        data_dir: a folder (see `bigan.data.sources.images`), or TFDS's own.
        edge: of the shorter side, in pixels.

    Returns:
        Examples that are square crops; training ones, and test ones if the dataset has 'val' or 'test'.

    Raises:
        UserError: if there is no such dataset, they would not fit into memory, or an image cannot be used: the line
            names it.
    """
    if dataset != "images" and not dataset.startswith("tfds:"):
        raise UserError(f"`resize` is for `dataset=images` or tfds:NAME. Received: `dataset={dataset}`")
    if edge < packing.SMALLEST:
        raise UserError(f"`resize` must be at least {packing.SMALLEST} pixels. Received: {edge}")
    origin = origins.open_origin(dataset, data_dir, [], slice(None), 0)
    count = sum(origin.counts.values())
    memory.need(2 * 3 * count * edge * edge, f"{count:,} images of `resize={edge}`", "pack them with scripts.prepare")
    second = next((name for name in ("val", "test") if name in origin.counts), None)
    train = _examples(origin, "train", edge)
    test = _examples(origin, second, edge) if second else None
    return Dataset(dataset, train, test, Spec((edge, edge, 3)), origin.classes)


def _examples(origin: origins.Origin, split: str, edge: int) -> Examples:
    parts, labels, digest = [], [], hashlib.blake2b(digest_size=16)
    for item in origin.items(split, 0):
        try:
            image = packing.resized(item.content, edge)
        except ValueError as error:
            raise UserError(f"{item.name}: {error}") from error
        parts.append(image)
        labels.append(item.label)
        digest.update(repr(image.shape).encode() + image.tobytes())
    heights, widths = (np.array([part.shape[axis] for part in parts]) for axis in (0, 1))
    first = np.cumsum(heights * widths) - heights * widths
    pixels = np.concatenate([part.reshape(-1, 3) for part in parts])
    crops = Crops(FilePixels([pixels], first, heights, widths, digest.hexdigest()), (edge, edge))
    numbers = np.array(labels, np.int64)
    return Examples(crops, None if (numbers < 0).all() else numbers)
