"""A trained detector: an image and its regions in, boxes with classes and scores out; kept in a folder, and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PIL import Image

from bigan.errors import UserError
from bigan.runtime import backend, files
from transfer import predictor
from transfer.detection import boxes, layout

if TYPE_CHECKING:
    import keras

NETWORK = "detector.keras"
LEAST, OVERLAP, MOST = 0.01, 0.3, 100  # score of a detection; IoU of two of one class, at most; detections of an image
SMALLEST = 256  # regions that the network is given at once; more are made up to a power of two times as many


class Found(NamedTuple):
    """Detections in one image, best first: boxes `(n, 4)`, 1-based and inclusive, classes from 0 on, scores."""

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


class Detector(predictor.Predictor):
    """A network from `network.build`, trained, and what its numbers mean.

    Args:
        network: of scaled canvases and regions.
        edge: the shorter one of images, scaled.
        classes: names, background not among them.
        affine: scale and offset from raw pixels to what the network takes.
    """

    def __init__(self, network: keras.Model, edge: int, classes: tuple[str, ...], affine: tuple[float, float]) -> None:
        self.network, self.edge, self.classes, self.affine = network, edge, classes, affine

    def detect(self, image: Image.Image, regions: np.ndarray) -> Found:
        """Objects of an RGB image, given `(n, 4)` regions, 1-based and inclusive."""
        if not len(regions):
            return Found(np.zeros((0, 4)), np.zeros(0, np.int64), np.zeros(0))
        odds, offsets = self._outputs(image, regions)
        places = boxes.clip(boxes.decode(np.asarray(regions, np.float64)[:, None], offsets), *image.size)
        parts = []
        for label in range(len(self.classes)):
            likely = np.flatnonzero(odds[:, label + 1] >= LEAST)
            own, scores = places[likely, label + 1], odds[likely, label + 1]
            stay = boxes.suppress(own, scores, OVERLAP)
            parts.append(Found(own[stay], np.full(len(stay), label), scores[stay]))
        merged = Found(*(np.concatenate(part) for part in zip(*parts, strict=True)))
        order = np.argsort(-merged.scores, kind="stable")[:MOST]
        return Found(*(part[order] for part in merged))

    def _outputs(self, image: Image.Image, regions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities `(n, 1 + classes)`, background first, and offsets of each `(n, 1 + classes, 4)`."""
        canvas, scale = layout.placed(image, self.edge)
        padded = SMALLEST
        while padded < len(regions):
            padded *= 2
        asked = np.zeros((1, padded, 4), np.float32)
        asked[0, : len(regions)] = layout.on_canvas(regions, scale)
        x = (canvas[None] * np.float32(self.affine[0]) + np.float32(self.affine[1])).astype(np.float32)
        output = np.asarray(self.network.predict_on_batch([x, asked]), np.float64)[0, : len(regions)]
        count = 1 + len(self.classes)
        logits, offsets = output[:, :count], output[:, count:].reshape(-1, count, 4) * boxes.DEVIATIONS
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True), offsets

    def save(self, folder: Path) -> None:
        """Writes what `load` reads.

        Raises:
            UserError: if the folder cannot be written.
        """
        import keras

        plain = keras.Model(self.network.inputs, self.network.outputs[0])  # without the optimizer that trained it
        with files.replacing(folder / NETWORK) as aside, backend.silent_libraries():
            plain.save(aside)
        facts = {"edge": self.edge, "classes": list(self.classes), "affine": list(self.affine)}
        predictor.describe(folder, type(self), facts)

    @classmethod
    def load(cls, folder: Path) -> Detector:
        """See `Predictor`."""
        facts = predictor.facts_of(folder)
        try:
            edge, classes = int(facts["edge"]), tuple(map(str, facts["classes"]))
            scale, offset = map(float, facts["affine"])
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"{folder / predictor.FILE}: describes no detector ({error})") from error
        if not (folder / NETWORK).is_file():
            raise UserError(f"{folder / NETWORK}: is missing")
        import keras

        from transfer.detection import pooling  # noqa: F401 (the layer is found by its name)

        try:
            network = keras.models.load_model(folder / NETWORK, compile=False)
        except Exception as error:  # zipfile's, h5py's and Keras's own
            line = " ".join(str(error).split())[:200]
            raise UserError(f"{folder / NETWORK}: cannot be loaded by Keras ({line})") from error
        side, outputs = layout.canvas(edge), 5 * (1 + len(classes))
        shapes = [tuple(v.shape[1:]) for v in (*network.inputs, *network.outputs)]
        if shapes != [(side, side, 3), (None, 4), (None, outputs)]:
            raise UserError(f"{folder / NETWORK}: is no detector of {len(classes)} classes at edge {edge}: {shapes}")
        return cls(network, edge, classes, (scale, offset))

    def predict(self, image: np.ndarray) -> Found:
        """Objects in an image, on regions of selective search."""
        from transfer.detection import proposals

        return self.detect(Image.fromarray(image), proposals.search(image))

    def write(self, name: str, prediction: Any, size: tuple[int, int], out: Path) -> list[Path]:
        """Writes STEM.json: 'image', its 'width' and 'height', and 'objects', best first.

        Of each object: 'class', 'score', and 'box': left, top, right, bottom in pixels, 1-based and inclusive.
        """
        objects = [
            {"class": self.classes[k], "score": round(float(s), 4), "box": [round(float(v), 1) for v in b]}
            for b, k, s in zip(*prediction, strict=True)
        ]
        path = out / f"{Path(name).stem}.json"
        files.write_json(path, {"image": name, "width": size[0], "height": size[1], "objects": objects})
        return [path]
