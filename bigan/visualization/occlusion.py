"""Where in an image a score comes from: a grey patch is moved over it (Zeiler and Fergus 2014, section 4.2)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bigan.data.dataset import Examples
from bigan.errors import UserError
from bigan.evaluation import metrics
from bigan.runtime import memory
from bigan.visualization import pictures

if TYPE_CHECKING:
    from bigan.models.method import Method

PART = 4  # the patch's edge is a quarter of the image's shorter one, its steps a quarter of its edge
GREY = 128
HEAD = 10_000  # training images on which the head is fitted, at most
DIM = 0.2  # how much is left, in pictures, of what does not matter

Score = Callable[[np.ndarray], np.ndarray]


def occluded(image: np.ndarray, patch: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """The image with a grey square at each place on a grid, that of the far edges included.

    Args:
        image: `(height, width, channels)` uint8.
        patch: the square's edge, in pixels.
        step: between places, in pixels.

    Returns:
        `(places, height, width, channels)` images, and `(places, height, width)` booleans: what is covered.
    """
    rows, columns = (sorted({*range(0, edge - patch + 1, step), edge - patch}) for edge in image.shape[:2])
    covered = np.zeros((len(rows) * len(columns), *image.shape[:2]), bool)
    for i, (row, column) in enumerate((row, column) for row in rows for column in columns):
        covered[i, row : row + patch, column : column + patch] = True
    return np.where(covered[..., None], np.uint8(GREY), image), covered


def importance(score: Score, image: np.ndarray, patch: int, step: int) -> np.ndarray:
    """By how much each score falls, on average over the patches that cover a pixel: `(k, height, width)` float32.

    Args:
        score: `(n, height, width, channels)` raw images, of which the first is whole -> `(n, k)`.
        image: `(height, width, channels)` uint8.
        patch, step: as for `occluded`.
    """
    images, covered = occluded(image, patch, step)
    scores = np.asarray(score(np.concatenate([image[None], images])), np.float64)
    fall = np.tensordot((scores[0] - scores[1:]).T, covered, 1)
    return (fall / covered.sum(axis=0)).astype(np.float32)


def maps(model: Method, images: np.ndarray, labels: np.ndarray | None, train: Examples, layer: str) -> dict:
    """Of each image, how far its features move, and how far its class's score falls, where it is covered.

    Args:
        model: its representation network gives the features.
        images: `(n, height, width, channels)` uint8.
        labels: `(n,)` their classes, if known.
        train: where labels of several classes are known, the score is the log-probability that logistic regression on
            these examples' features gives an image's class.
        layer: as in `Method.features`.

    Returns:
        'images', 'distance' `(n, height, width)` float32, the Euclidean distance of features and, with such labels,
        'labels' and 'score', in nats.

    Raises:
        UserError: if examples are no uint8 images, or there is no such layer.
    """
    if images.dtype != np.uint8 or images.ndim != 4:
        raise UserError(
            f"`what=occlusion` is for images of uint8. Received: examples of {images.shape[1:]} {images.dtype}"
        )
    patch = max(1, min(images.shape[1:3]) // PART)
    step = max(1, patch // PART)
    head = None
    if labels is not None and train.labels is not None:
        count = min(len(train), HEAD)
        size = 4 * count * model.features(images[:1], layer).size
        memory.need(size, f"{layer}'s features of {count:,} images", "pass another `layer`")
        index = np.linspace(0, len(train) - 1, count).astype(int)
        if len(np.unique(train.labels[index])) > 1:  # one class has no score
            head = metrics.logistic(model.features(train.images[index], layer), train.labels[index])

    def scores(x: np.ndarray, label: int | None) -> np.ndarray:
        features = model.features(x, layer)
        near = -np.linalg.norm(features - features[0], axis=1)
        if head is None or label is None:
            return near[:, None]
        place = int(np.searchsorted(head.classes_, label))
        return np.stack([near, head.predict_log_proba(features)[:, place]], axis=1)

    own = labels if head is not None and labels is not None else [None] * len(images)
    found = [
        importance(functools.partial(scores, label=label), image, patch, step)
        for image, label in zip(images, own, strict=True)
    ]
    names = ("distance",) if head is None else ("distance", "score")
    known = {} if head is None else {"labels": labels}
    return {"images": images, **dict(zip(names, np.stack(found, axis=1), strict=True)), **known}


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """A row for each image: itself, and as bright as its pixels matter to its features and to its class."""
    shown = [arrays["images"], *(_lit(arrays["images"], arrays[n]) for n in ("distance", "score") if n in arrays)]
    lines = np.stack(shown, axis=1)
    pictures.write_png(path, pictures.grid(lines.reshape(-1, *lines.shape[2:]), len(shown) * _abreast(len(lines))))


def _abreast(count: int) -> int:
    return max(1, round(np.sqrt(count / 2)))


def _lit(images: np.ndarray, maps: np.ndarray) -> np.ndarray:
    least = np.maximum(maps.min(axis=(1, 2), keepdims=True), 0)  # a score that rises there does not come from there
    most = np.maximum(maps.max(axis=(1, 2), keepdims=True) - least, 1e-12)
    light = DIM + (1 - DIM) * np.clip((maps - least) / most, 0, 1)
    return np.rint(images * light[..., None]).astype(np.uint8)
