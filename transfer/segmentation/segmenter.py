"""A trained segmenter: images of any size in, masks of their sizes out; kept in a folder, loaded without its run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from bigan.errors import UserError
from transfer import predictor
from transfer.segmentation.layout import Layout

if TYPE_CHECKING:
    import keras

    from bigan.models.method import Method

CHUNK = 16  # canvases at once
NETWORK = "segmenter.keras"


class Segmenter(predictor.Predictor):
    """Scores of canvases, and what they say of every pixel of an image.

    Args:
        scores: `(n, canvas, canvas, 3)` uint8 to `(n, cells, cells, classes)`.
        places: where images and cells lie.
        classes: their names.
    """

    def __init__(self, scores: Callable[[np.ndarray], np.ndarray], places: Layout, classes: tuple[str, ...]) -> None:
        self.scores, self.places, self.classes = scores, places, classes

    def masks(self, images: Iterable[Image.Image]) -> Iterator[np.ndarray]:
        """The class of every pixel of RGB images of any size, `(height, width)` uint8 each, one after the other."""
        rest = iter(images)
        while chunk := list(islice(rest, CHUNK)):
            canvases = np.stack([self.places.placed(self.places.scaled(image)) for image in chunk])
            for image, cells in zip(chunk, self.scores(canvases), strict=True):
                yield self._mask(cells, *image.size)

    def predict(self, image: np.ndarray) -> np.ndarray:
        """The class of every pixel of an image, `(height, width)` uint8."""
        return next(self.masks([Image.fromarray(image)]))

    def write(self, name: str, prediction: Any, size: tuple[int, int], out: Path) -> list[Path]:
        """Writes STEM.png: the image's classes as a palette image in VOC's colours."""
        from transfer.segmentation import pictures

        path = out / f"{Path(name).stem}.png"
        pictures.write_mask(path, prediction)
        return [path]

    @classmethod
    def load(cls, folder: Path) -> Segmenter:
        """See `Predictor`."""
        about = predictor.facts_of(folder)
        try:
            numbers: dict[str, Any] = {k: float(v) if k == "first" else int(v) for k, v in about["layout"].items()}
            places = Layout(**numbers)
            classes = tuple(map(str, about["classes"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{folder / predictor.FILE}: describes no segmenter ({error})") from error
        if not (folder / NETWORK).is_file():
            raise UserError(f"{folder / NETWORK}: is missing")
        from transfer.encoders import wrapped

        network = wrapped.load(folder / NETWORK).encoder
        expected = (places.canvas, places.canvas, 3), (places.cells, places.cells, len(classes))
        shapes = tuple(network.input_shape[1:]), tuple(network.output_shape[1:])
        if shapes != expected or not 0 <= places.pad <= places.canvas - places.edge:
            raise UserError(
                f"{folder / NETWORK}: is no segmenter of {len(classes)} classes as {predictor.FILE} says. "
                f"Its images and scores are {shapes}, which should be {expected}"
            )
        return cls(lambda canvases: np.asarray(network.predict_on_batch(canvases)), places, classes)

    def _mask(self, cells: np.ndarray, width: int, height: int) -> np.ndarray:
        across, down = self.places.size(width, height)
        rows, columns = self.places.interpolation(height, down), self.places.interpolation(width, across)
        half = np.einsum("xj,ijc->ixc", columns, cells)  # interpolated along rows
        out = np.empty((height, width), np.uint8)
        for start in range(0, height, 64):  # a large image's scores need not fit into memory at once
            scores = np.tensordot(rows[start : start + 64], half, 1)
            out[start : start + 64] = scores.argmax(axis=-1)
        return out


def trained(network: keras.Model, model: Method, places: Layout, classes: tuple[str, ...]) -> Segmenter:
    """The segmenter of a network from `fcn.convolutional`, whose canvases are scaled as `model` says."""
    from transfer.backbone import classifier, trunk

    return Segmenter(lambda canvases: classifier.scores(network, trunk.scaled(model, canvases), CHUNK), places, classes)


def save(folder: Path, network: keras.Model, model: Method, places: Layout, classes: tuple[str, ...]) -> None:
    """Writes what `Segmenter.load` reads: a plain Keras model of raw canvases, and where images and cells lie.

    Raises:
        UserError: if the folder cannot be written.
    """
    import keras

    from bigan.models.export import write_encoder

    plain = keras.Model(network.inputs, network.outputs[0])  # the same weights, without the optimizer that trained them
    write_encoder(folder / NETWORK, plain, model.spec, model.value_range)
    facts = {"layout": dataclasses.asdict(places), "classes": list(classes)}
    predictor.describe(folder, Segmenter, facts)
