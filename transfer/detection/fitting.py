"""Training a detector: images on canvases, regions drawn from each, and the way from one to the other."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from PIL import Image

from bigan.errors import UserError
from bigan.models.method import Method
from bigan.streams import Stream, generator
from transfer.backbone import classifier, training, trunk
from transfer.backbone.recipe import Recipe
from transfer.datasets import decoding
from transfer.datasets.boxed import Boxed
from transfer.datasets.voc import CLASSES
from transfer.detection import boxes, network

LONGEST = 4 / 3  # of a canvas's edge to the shorter edge of images: VOC's commonest shape; longer ones are made smaller
REGIONS = 128  # of a minibatch
FOREGROUND, BACKGROUND = 0.5, 0.1  # IoU with an object, at least
PART = 0.25  # of the regions that are foreground, at most
DEVIATIONS = np.array([0.1, 0.1, 0.2, 0.2])  # that targets are divided by
GREY = 127  # beside images
EXAMPLES = 1000  # regions at least, on which fc6 and fc7 are initialised


def canvas_of(edge: int) -> int:
    """Edge of the square on which images of that shorter edge are put."""
    return round(LONGEST * edge)


def placed(image: Image.Image, edge: int) -> tuple[np.ndarray, float]:
    """An RGB image on its canvas, `(canvas, canvas, 3)` uint8, and its scale: shorter edge `edge`, if it fits."""
    canvas = canvas_of(edge)
    scale = min(edge / min(image.size), canvas / max(image.size))
    width, height = (min(canvas, max(1, round(side * scale))) for side in image.size)
    size = width, height
    out = np.full((canvas, canvas, 3), GREY, np.uint8)
    out[: size[1], : size[0]] = np.asarray(image.resize(size, Image.Resampling.BILINEAR))
    return out, scale


def on_canvas(regions: np.ndarray, scale: float) -> np.ndarray:
    """Boxes, 1-based and inclusive, in a canvas's pixels, 0-based and inclusive."""
    return np.concatenate([(regions[..., :2] - 1) * scale, regions[..., 2:] * scale - 1], axis=-1).astype(np.float32)


def mirrored(regions: np.ndarray, width: int) -> np.ndarray:
    """Boxes of an image as they lie on its mirror image."""
    return np.stack([width + 1 - regions[:, 2], regions[:, 1], width + 1 - regions[:, 0], regions[:, 3]], axis=1)


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
    out[: len(front), 1:] = boxes.encode(everything[front], truth[best[front]]) / DEVIATIONS
    return chosen, out


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
        self.model, self.images, self.edge, self.recipe = model, images.some(kept), edge, recipe
        self.regions = [regions[i] for i in kept]
        self.canvases = [self._decoded(i) for i in range(len(kept))]  # uint8: 200 kB each at an edge of 192

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
        return trunk.scaled(self.model, np.stack([self.canvases[i][0] for i in order]))

    def _one(self, i: int, numbers: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        easy = ~self.images.difficult[i]
        truth, regions, (pixels, scale) = self.images.boxes[i][easy], self.regions[i], self.canvases[i]
        width = self.images.sizes[i][0]
        if numbers.random() < 0.5:
            inside = min(pixels.shape[1], max(1, round(width * scale)))
            pixels = np.concatenate([pixels[:, :inside][:, ::-1], pixels[:, inside:]], axis=1)
            truth, regions = mirrored(truth, width), mirrored(regions, width)
        count = max(1, REGIONS // self.recipe.batch_size)
        chosen, labels = drawn(regions, truth, self.images.labels[i][easy] + 1, count, numbers)
        return pixels, on_canvas(chosen, scale), labels

    def _decoded(self, i: int) -> tuple[np.ndarray, float]:
        return placed(decoding.decoded(self.images.encoded[i], self.images.names[i]), self.edge)


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
    sample = minibatches.sample(-(-max(2 * recipe.units, EXAMPLES) // len(network.SAMPLED)))
    made, scales = network.build(model, canvas_of(edge), 1 + len(CLASSES), sample, recipe)
    classifier.move(made, {"scores", "offsets", *trained} if trained else ())
    return made, training.train(made, minibatches, network.multi_task, recipe, about, snapshot), scales
