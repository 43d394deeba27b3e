"""VOC classification (Table 5.3): 20 binary tasks on one network, trained from fc8, from fc6, or wholly.

The recipe of the tools that the thesis used: fc6 and fc7 initialised by whitened k-means on data, fc8 zero, the scales
of all layers balanced; sigmoid cross-entropy, 'difficult' classes left out; random crops at random scales, mirrored;
scores of ten such crops added up at test.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from keras import ops
from PIL import Image

from bigan import streams
from bigan.data.images import FORMATS
from bigan.errors import UserError
from bigan.method import Method
from transfer import initialization, precision, supervised, trunk
from transfer.supervised import Recipe
from transfer.voc import Labelled

TRAINED = {"fc8": ("fc8",), "fc6-8": ("fc6", "fc7", "fc8"), "all": None}  # columns of Table 5.3
SCALES = (0.5, 2.0)
EDGE = 375 / 227  # the shorter edge of VOC's images over the thesis's crop: scale 1
CROPS = 10
EXAMPLES = 1000  # at least, on which fc6 and fc7 are initialised, if there are so many
DRAWS = 200  # of the bootstrap
RECIPE = Recipe(learning_rate=1e-2)  # for 2,000 iterations; the thesis has 80,000, and begins at 1e-3


class Decoder:
    """Decodes images no finer than crops of one resolution need, and keeps them while they fit into memory.

    Args:
        images: the files.
        resolution: edge of the crops to come.
        memory: bytes of decoded images kept.
    """

    def __init__(self, images: Labelled, resolution: int, memory: int = 1 << 31) -> None:
        self.images, self.left = images, memory
        self.size = int(resolution * EDGE * SCALES[1]) + 1
        self.kept: dict[int, Image.Image] = {}

    def __getitem__(self, i: int) -> Image.Image:
        """The i-th image, RGB.

        Raises:
            UserError: naming the file, if it cannot be decoded.
        """
        if i in self.kept:
            return self.kept[i]
        try:
            with Image.open(io.BytesIO(self.images.encoded[i]), formats=FORMATS) as image:
                image.draft("RGB", (self.size, self.size))  # JPEG's halves, quarters and eighths, not below this size
                whole = image.convert("RGB")
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise UserError(f"{self.images.names[i]}: cannot be decoded ({error})") from error
        self.left -= 3 * whole.width * whole.height
        if self.left >= 0:
            self.kept[i] = whole
        return whole


def crop(whole: Image.Image, resolution: int, generator: np.random.Generator) -> np.ndarray:
    """A random square of an image, at a random scale, mirrored half of the time: `(resolution, resolution, 3)` uint8.

    At scale 1 the shorter edge is 375 / 227 of the crop's edge, as VOC's is in the thesis; scales are uniform between
    0.5 and 2. A crop that would be larger than the image takes all of its shorter edge.
    """
    shorter = min(whole.size)
    edge = shorter * min(1.0, 1 / (EDGE * generator.uniform(*SCALES)))
    left, top = (generator.uniform(0, side - edge) for side in whole.size)
    part = whole.resize((resolution, resolution), Image.Resampling.BILINEAR, (left, top, left + edge, top + edge))
    pixels = np.asarray(part)
    return pixels[:, ::-1] if generator.random() < 0.5 else pixels


def evaluate(
    model: Method, train: Labelled, test: Labelled, layer: str, resolution: int, recipe: Recipe = RECIPE
) -> dict[str, Any]:
    """Mean average precision of a network trained on `train`, in three kinds, on `test`.

    Args:
        model: a trained method with convolutions.
        train, test: images with labels; those of `test` are used for the figures only.
        layer: which layers are trained: 'fc8', 'fc6-8' or 'all'.
        resolution: edge of the crops that the network sees, 227 in the thesis.
        recipe: how to train; the thesis's is `Recipe(iterations=80_000, units=4096, learning_rate=1e-3)`.

    Returns:
        'mean_ap', percent by kind (see `precision`), each with its bootstrap interval over test images in
        'intervals'; how many 'classes' have positives in `test`, the others being left out; the 'loss_curve'; the
        protocol.

    Raises:
        UserError: if there is no such column, no positive among `test`, a damaged image (named), or the model has no
            convolutions of colour images.
    """
    check(layer)
    if not (test.labels > 0).any():
        raise UserError("--splits: none of VOC's classes is present, other than as difficult, in the images to test on")
    if model.spec.shape[-1] != 3:
        raise UserError(f"--task=voc_classification is for colour images. Received: a network of {model.spec.shape}")

    decoders = [Decoder(images, resolution) for images in (train, test)]
    for decoder in decoders:  # a damaged image is found before anything is trained
        for i in range(len(decoder.images.encoded)):
            decoder[i]

    def crops(images: Decoder, index: Any, *entropy: int) -> np.ndarray:
        seeds = (np.random.SeedSequence([recipe.seed, *entropy, int(i), j]) for j, i in enumerate(index))
        parts = (
            crop(images[i], resolution, np.random.Generator(np.random.PCG64(s)))
            for i, s in zip(index, seeds, strict=True)
        )
        return trunk.scaled(model, np.stack(list(parts)))

    some = np.arange(min(len(train.encoded), max(2 * recipe.units, EXAMPLES)))
    network, scales = build(model, resolution, crops(decoders[0], some, 2), layer, recipe)

    def minibatch(i: int) -> tuple[np.ndarray, np.ndarray]:
        epoch, place = divmod(i * recipe.batch_size, len(train.encoded))
        ahead = range(2 + recipe.batch_size // len(train.encoded))
        index = np.concatenate([_order(len(train.encoded), recipe.seed, epoch + k) for k in ahead])
        index = index[place : place + recipe.batch_size]
        return crops(decoders[0], index, 0, i), train.labels[index].astype(np.float32)

    curve = supervised.train(network, minibatch, sigmoid_cross_entropy, recipe, f"voc_classification, {layer}")
    count = len(test.encoded)
    total = np.zeros(test.labels.shape)
    for k in range(CROPS):
        for start in range(0, count, 500):
            index = range(start, min(start + 500, count))
            total[start : start + 500] += supervised.scores(network, crops(decoders[1], index, 1, k))
    return {
        "mean_ap": precision.mean(total, test.labels),
        "intervals": interval(total, test.labels),
        "classes": int((test.labels > 0).any(axis=0).sum()), "layer": layer, "resolution": resolution,
        "iterations": recipe.iterations, "crops": CROPS, "loss_curve": curve, "scales": scales,
        "training_examples": len(train.encoded), "evaluation_examples": count,
    }  # fmt: skip


def check(layer: str) -> None:
    """Raises a UserError if there is no such column."""
    if layer not in TRAINED:
        raise UserError(
            f"--layer of --task=voc_classification: one or more of {', '.join(TRAINED)}. Received: {layer!r}"
        )


def build(
    model: Method, resolution: int, images: np.ndarray, layer: str, recipe: Recipe
) -> tuple[Any, dict[str, float]]:
    """The network before training, initialised and balanced on `images`, and the scales that balanced it."""
    network = supervised.with_head(trunk.transferred(model, resolution), 20, recipe)
    initialization.initialize(network, {"fc6": "kmeans", "fc7": "kmeans"}, images, recipe.seed)
    below = supervised.below_fc8(network)
    scales = initialization.balance(below, images[:100], recipe.seed)
    trained = TRAINED[layer]
    names = {trunk.stage(item) for item in trunk.linear_layers(network)}
    supervised.freeze(network, names - set(trained) if trained else set())
    return network, scales


def sigmoid_cross_entropy(labels: Any, logits: Any) -> Any:
    """Summed over classes, averaged over images; classes labelled 0 (difficult) count nothing.

    Args:
        labels: `(batch, 20)`: 1, 0 or -1.
        logits: `(batch, 20)`.
    """
    labels = ops.cast(labels, logits.dtype)
    return ops.mean(ops.sum(ops.abs(labels) * ops.softplus(-labels * logits), axis=1))


def interval(scores: np.ndarray, labels: np.ndarray) -> dict[str, list[float]]:
    """95 % bootstrap interval over test images of each kind of mean average precision, in percent."""
    generator = np.random.Generator(np.random.PCG64(0))
    draws = [
        precision.mean(scores[index], labels[index])
        for index in (generator.integers(0, len(scores), len(scores)) for _ in range(DRAWS))
    ]
    return {
        kind: [round(float(v), 2) for v in np.nanquantile([d[kind] for d in draws], [0.025, 0.975])]
        for kind in precision.KINDS
    }


def _order(count: int, seed: int, epoch: int) -> np.ndarray:
    return streams.generator(seed, 3, epoch).permutation(count)
