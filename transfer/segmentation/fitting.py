"""Training a segmenter on images and masks: the network, its minibatches, and the way from one to the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from bigan.models.method import Method
from bigan.runtime import memory
from bigan.streams import Stream, generator
from transfer.backbone import classifier, training, trunk
from transfer.backbone.recipe import Recipe
from transfer.datasets.decoding import Kept, decoded
from transfer.datasets.masks import CLASSES, VOID, Masked
from transfer.segmentation import fcn
from transfer.segmentation.layout import Layout

EXAMPLES = 1000  # windows at least, on which fc6 and fc7 are initialised


@dataclass(frozen=True)
class Fitted:
    """What a training comes to.

    Args:
        network: from `fcn.convolutional`, trained.
        places: where images and cells lie.
        curve: of the loss, see `training.train`.
        scales: that balanced the layers, by layer.
    """

    network: keras.Model
    places: Layout
    curve: list[list[float]]
    scales: dict[str, float]


class Scaled(Kept[tuple[np.ndarray, np.ndarray]]):
    """Images, `(height, width, 3)`, and masks, `(height, width)`, uint8, scaled as a layout says.

    Args:
        images: the files.
        places: where images lie.
        memory: bytes of scaled images and masks kept.
    """

    def __init__(self, images: Masked, places: Layout, memory: int = 1 << 31) -> None:
        super().__init__(len(images), memory)
        self.images, self.places = images, places

    def made(self, i: int) -> tuple[tuple[np.ndarray, np.ndarray], int]:
        """The i-th image and its mask, and their bytes."""
        pixels = self.places.scaled(decoded(self.images.encoded[i], self.images.names[i], self.places.edge))
        mask = self.places.scaled_mask(self.images.mask(i))
        return (pixels, mask), pixels.nbytes + mask.nbytes

    def minibatch(self, index: np.ndarray, numbers: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Canvases `(k, canvas, canvas, 3)` and masks `(k, edge, edge)`, uint8, mirrored half of the time."""
        mirrored = numbers.random(len(index)) < 0.5
        pairs = [self[int(i)] for i in index]
        pairs = [(a[:, ::-1], b[:, ::-1]) if flip else (a, b) for (a, b), flip in zip(pairs, mirrored, strict=True)]
        canvases = np.stack([self.places.placed(pixels) for pixels, _ in pairs])
        return canvases, np.stack([self.places.placed_mask(mask, VOID) for _, mask in pairs])

    def windows(self, count: int, numbers: np.random.Generator) -> np.ndarray:
        """`(count, window, window, 3)` uint8: what cells see around random pixels, of one image after the other."""
        places, out = self.places, []
        for k in range(count):
            pixels, _ = self[k % len(self)]
            centre = [numbers.integers(side) for side in pixels.shape[:2]]
            starts = [
                int(np.clip(places.pad + c - places.window // 2, 0, places.canvas - places.window)) for c in centre
            ]
            top, left = starts
            out.append(places.placed(pixels)[top : top + places.window, left : left + places.window])
        return np.stack(out)


def fit(
    model: Method,
    images: Masked,
    trained: tuple[str, ...],
    window: int,
    edge: int,
    recipe: Recipe,
    about: str,
    snapshot: Path | None = None,
) -> Fitted:
    """Trains a segmenter.

    Args:
        model: a trained method with convolutions of colour images.
        images: with their masks.
        trained: the layers that move; none named: all.
        window: edge of the images that the classifier is for, which becomes the segmenter; 227 in the thesis.
        edge: the longer one of the images, scaled.
        recipe: how to train.
        about: what progress lines begin with.
        snapshot: see `training.train`.

    Raises:
        UserError: naming the file, if an image is damaged; or if the network would not fit into memory.
    """
    places = fcn.layout(model, window, edge)
    scaled = Scaled(images, places)
    scaled.check()
    some = max(2 * recipe.units, EXAMPLES)
    memory.need(15 * some * window**2 * 3, f"{some:,} images of `crop={window}`", "pass fewer `units`")
    sample = scaled.windows(some, generator(recipe.seed, Stream.CLASSIFIER_SAMPLE))
    head, scales = fcn.initialized(model, window, len(CLASSES), sample, recipe)
    network = fcn.convolutional(model, head, places, recipe)
    classifier.move(network, trained)

    def minibatch(i: int) -> tuple[np.ndarray, np.ndarray]:
        numbers = generator(recipe.seed, Stream.SEGMENTER_MIRROR, i)
        canvases, masks = scaled.minibatch(training.places(len(images), i, recipe), numbers)
        return trunk.scaled(model, canvases), masks

    curve = training.train(network, minibatch, fcn.pixel_cross_entropy(places), recipe, about, snapshot)
    return Fitted(network, places, curve, scales)
