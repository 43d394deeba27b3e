"""Training a detector: images on canvases, regions drawn from each, and the way from one to the other."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from bigan.errors import UserError
from bigan.models.method import Method
from bigan.streams import Stream, generator
from transfer.backbone import classifier, training, trunk
from transfer.backbone.recipe import Recipe
from transfer.datasets.boxed import Boxed
from transfer.datasets.decoding import Kept, decoded
from transfer.datasets.voc import CLASSES
from transfer.detection import boxes, layout, network

FOREGROUND, BACKGROUND = 0.5, 0.1  # IoU with an object, at least
PART = 0.25  # of the regions that are foreground, at most


def drawn(
    regions: np.ndarray, truth: np.ndarray, labels: np.ndarray, count: int, numbers: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Regions of one image to train on: a quarter foreground, if there is so much, and background that is near objects.

    Args:
        regions: `(n, 4)`; the objects' own boxes are added to them.
        truth: `(m, 4)` objects.
        labels: `(m,)` their classes, from 1 on.
        count: regions wanted.
        numbers: that choose.

    Returns:
        `(count, 4)` regions and `(count, 5)` labels, see `network.multi_task`; -1 where there are too few.
    """
    chosen, out = np.ones((count, 4)), np.zeros((count, 5))
    out[:, 0] = -1
    if not len(truth):
        return chosen, out
    everything = np.concatenate([regions, truth])
    overlaps = boxes.iou(everything, truth)
    best, most = overlaps.argmax(axis=1), overlaps.max(axis=1)
    front = numbers.permutation(np.flatnonzero(most >= FOREGROUND))[: round(PART * count)]
    back = numbers.permutation(np.flatnonzero((most < FOREGROUND) & (most >= BACKGROUND)))[: count - len(front)]
    index = np.concatenate([front, back])
    chosen[: len(index)] = everything[index]
    out[: len(index), 0] = 0
    out[: len(front), 0] = labels[best[front]]
    out[: len(front), 1:] = boxes.encode(everything[front], truth[best[front]]) / boxes.DEVIATIONS
    return chosen, out


class Canvases(Kept[tuple[np.ndarray, float]]):
    """Canvases of images, `(canvas, canvas, 3)` uint8, and the images' scales; see `layout.placed`.

    Args:
        images: the files.
        edge: the shorter one of images, scaled.
    """

    def __init__(self, images: Boxed, edge: int) -> None:
        super().__init__(len(images))
        self.images, self.edge = images, edge

    def made(self, i: int) -> tuple[tuple[np.ndarray, float], int]:
        """The i-th canvas and scale, and their bytes."""
        made = layout.placed(decoded(self.images.encoded[i], self.images.names[i]), self.edge)
        return made, made[0].nbytes


class Minibatches:
    """What a step gets, by its number.

    Args:
        model: whose range images are scaled to.
        images: with their objects; those without any that is not difficult are left out.
        regions: of each image, `(n, 4)`.
        edge: the shorter one of images, scaled.
        recipe: batch_size and seed are read.

    Raises:
        UserError: if no image has an object, or one is damaged.
    """

    def __init__(self, model: Method, images: Boxed, regions: list[np.ndarray], edge: int, recipe: Recipe) -> None:
        kept = np.array([i for i in range(len(images)) if not images.difficult[i].all()], np.int64)
        if not len(kept):
            raise UserError("`splits`: the images to train on show no object, or difficult ones alone")
        self.model, self.images, self.recipe = model, images.some(kept), recipe
        self.regions = [regions[i] for i in kept]
        self.canvases = Canvases(self.images, edge)
        self.canvases.check()

    def __call__(self, number: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        """Scaled canvases and regions on them, and the regions' labels."""
        index = training.places(len(self.images), number, self.recipe)
        numbers = generator(self.recipe.seed, Stream.DETECTOR_REGIONS, number)
        parts = [self._one(int(i), numbers) for i in index]
        canvases, regions, labels = (np.stack(part) for part in zip(*parts, strict=True))
        return (trunk.scaled(self.model, canvases), regions), labels.astype(np.float32)

    def sample(self, count: int) -> np.ndarray:
        """Scaled canvases, at most so many."""
        order = generator(self.recipe.seed, Stream.CLASSIFIER_SAMPLE).permutation(len(self.images))[:count]
        return trunk.scaled(self.model, np.stack([self.canvases[int(i)][0] for i in order]))

    def _one(self, i: int, numbers: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        easy, width = ~self.images.difficult[i], self.images.sizes[i][0]
        truth, regions, (pixels, scale) = self.images.boxes[i][easy], self.regions[i], self.canvases[i]
        if numbers.random() < 0.5:
            pixels = layout.mirrored_canvas(pixels, width, scale)
            truth, regions = layout.mirrored(truth, width), layout.mirrored(regions, width)
        count = network.REGIONS // self.recipe.batch_size
        chosen, labels = drawn(regions, truth, self.images.labels[i][easy] + 1, count, numbers)
        return pixels, layout.on_canvas(chosen, scale), labels


def fit(
    model: Method,
    images: Boxed,
    regions: list[np.ndarray],
    trained: tuple[str, ...],
    edge: int,
    recipe: Recipe,
    about: str,
    snapshot: Path | None = None,
) -> tuple[keras.Model, list[list[float]], dict[str, float]]:
    """Trains a detector: the network of `network.build`, the curve of its loss, and the scales that balanced it.

    Args:
        model: a trained method with convolutions of colour images.
        images: with their objects.
        regions: of each image.
        trained: the layers that move; none named: all.
        edge: see `Minibatches`.
        recipe: how to train.
        about: what progress lines begin with.
        snapshot: see `training.train`.

    Raises:
        UserError: as `Minibatches` and `training.train` do.
    """
    minibatches = Minibatches(model, images, regions, edge, recipe)
    sample = minibatches.sample(layout.canvases(recipe.units))
    made, scales = network.build(model, layout.canvas(edge), 1 + len(CLASSES), sample, recipe)
    classifier.move(made, {"scores", "offsets", *trained} if trained else ())
    return made, training.train(made, minibatches, network.multi_task, recipe, about, snapshot), scales
