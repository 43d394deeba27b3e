"""VOC detection (Table 5.3): boxes of objects, by Fast R-CNN on the encoder's convolutions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bigan.config import setting
from bigan.errors import UserError
from bigan.types import Json
from transfer.datasets import boxed, decoding
from transfer.datasets.boxed import Boxed
from transfer.datasets.voc import CLASSES
from transfer.detection import layout, proposals
from transfer.encoders.encoder import Encoder
from transfer.metrics import detection
from transfer.metrics.bootstrap import intervals
from transfer.progress import counted
from transfer.task import Result
from transfer.voc_task import EXAMPLES, TRAINED, VocOptions, VocTask

SHOWN, SURE = 12, 0.3  # images in pictures.png, and the score of boxes in it


@dataclass(frozen=True, kw_only=True)
class DetectionOptions(VocOptions):
    """Of `VocDetection`. Fast R-CNN on AlexNet: `crop=600`, `units=4096`, `iterations=40000`, `learning_rate=0.001`."""

    crop: int = setting(192, "the shorter edge of images, scaled; 600 in Fast R-CNN", least=32)
    batch_size: int = setting(2, "images in each minibatch, of 128 regions together", least=1, below=33)
    proposals: str = setting(
        "", "an .npz of boxes, or a folder in which those of selective search are kept; '': beside the results"
    )
    test_limit: int = setting(0, "images to test on, at most, chosen at random; 0 for all", least=0)


class VocDetection(VocTask[Boxed]):
    """Mean average precision of boxes on VOC, in two kinds, of a detector trained as a column says.

    The trained detector is kept beside its result, with pictures of the first images that were tested on.
    """

    Options = DetectionOptions
    options: DetectionOptions
    measure = "mean average precision (%)"
    caption = ("classes", "left_out", "edge", "iterations", *EXAMPLES)

    def read(self, dataset: str, data_dir: str, split: str) -> Boxed:
        """The images and their boxes."""
        return boxed.load(dataset, data_dir, split)

    def images(self, encoder: Encoder) -> tuple[Boxed, Boxed]:
        """Those to train on, at most `limit`, and those to test on, at most `test_limit`."""
        train, test = super().images(encoder)
        return train, test.limited(self.options.test_limit)

    def check_data(self, encoder: Encoder) -> None:
        """Refuses missing or damaged data, images without objects, and regions of other images."""
        train, test = self.images(encoder)
        for part, which in ((train, "train"), (test, "test")):
            if all(difficult.all() for difficult in part.difficult):
                raise UserError(f"`splits`: the images to {which} on show no object, or difficult ones alone")
            if self._file:
                proposals.read(self._file, part)
        if not self._file:
            proposals.need_opencv()
            if self.options.proposals:
                proposals.check_folder(Path(self.options.proposals))

    def columns(self, encoder: Encoder) -> list[str]:
        """Table 5.3's one, in which all layers are trained."""
        return ["all"]

    def at_once(self) -> int:
        """Canvases on which a head is initialised."""
        return layout.canvases(self.options.units)

    def edge(self, encoder: Encoder) -> int:
        """Of the canvases that images are put on."""
        return layout.canvas(self.options.crop)

    def key(self, encoder: Encoder, column: str) -> dict[str, Json]:
        """With where regions come from: which folder they are kept in is no part of it."""
        key = super().key(encoder, column)
        source = proposals.digest_of(self._file) if self._file else proposals.SEARCH
        return key | {"options": key["options"] | {"proposals": source}}

    def evaluate(self, encoder: Encoder, column: str) -> Result:
        """The result of a detector whose layers were trained as the column says.

        Returns:
            'mean_ap', percent by kind (11 points; area), each with its bootstrap interval over test images in
            'intervals'; 'ap' of each class, by VOC2007's kind; the classes that have no objects but difficult ones
            among the images to test on, 'left_out' of the means; the 'loss_curve', 'scales', and the protocol.
        """
        from transfer.detection import detector, fitting, pictures

        train, test = self.images(encoder)
        about, options, model = f"{self.name}, {column}", self.options, encoder.method
        whole = decoding.Decoded(test)
        whole.check()  # a damaged one is found before anything is trained
        regions, asked = self._regions(train, f"{about}, training"), self._regions(test, f"{about}, tests")
        snapshot = self.kept and self.kept / "snapshot.npz"
        network, curve, scales = fitting.fit(
            model, train, regions, TRAINED[column], options.crop, options, about, snapshot
        )
        scale, offset = (float(np.asarray(v).reshape(-1)[0]) for v in model.spec.affine(model.value_range))
        made = detector.Detector(network, options.crop, CLASSES, (scale, offset))
        places = counted(range(len(test)), len(test), f"{about}: tests, image")
        found = [made.detect(whole[i], asked[i]) for i in places]
        if self.kept:
            made.save(self.kept)
            shown = [(whole[i], found[i]) for i in range(min(SHOWN, len(test)))]
            pictures.write_boxes(self.kept / "pictures.png", shown, CLASSES, SURE)
            (self.kept / "snapshot.npz").unlink(missing_ok=True)
        return summary(found, test) | {
            "layer": column,
            "edge": options.crop,
            "iterations": options.iterations,
            "regions": round(float(np.mean([len(part) for part in asked])), 1),
            "loss_curve": curve,
            "scales": scales,
            "training_examples": len(train),
            "evaluation": self.evaluation(),
            "evaluation_examples": len(test),
            "kept": self.kept and self.kept.name,
        }

    @property
    def _file(self) -> Path | None:
        return Path(self.options.proposals) if self.options.proposals.endswith(".npz") else None

    def _regions(self, images: Boxed, about: str) -> list[np.ndarray]:
        if self._file:
            return proposals.read(self._file, images)
        beside = self.kept and self.kept.parent / "proposals"
        cache = Path(self.options.proposals) if self.options.proposals else beside
        return proposals.searched(images, cache, about)


def summary(found: list, test: Boxed) -> Result:
    """Mean average precision with intervals, each class's, and the classes left out.

    Args:
        found: a `detector.Found` for each image.
        test: the images' objects.
    """
    tables = []
    for label in range(len(CLASSES)):
        scores, outcomes, counts = [], [], []
        for i, (places, labels, own) in enumerate(found):
            mine, truth = labels == label, test.labels[i] == label
            hard = test.difficult[i][truth]
            scores.append(own[mine])
            outcomes.append(detection.match(places[mine], own[mine], test.boxes[i][truth], hard))
            counts.append(int((~hard).sum()))
        if sum(counts):
            tables.append((CLASSES[label], scores, outcomes, np.array(counts)))

    def means(index: np.ndarray) -> dict[str, float]:
        values = []
        for _, scores, outcomes, counts in tables:
            if counts[index].sum():
                s, o = (np.concatenate([part[i] for i in index]) for part in (scores, outcomes))
                values.append(detection.of_class(s, o, int(counts[index].sum())))
        return {kind: float(np.mean([v[kind] for v in values])) if values else float("nan") for kind in detection.KINDS}

    ap = {
        name: round(detection.of_class(np.concatenate(s), np.concatenate(o), int(c.sum()))["voc2007"], 2)
        for name, s, o, c in tables
    }
    return {
        "mean_ap": means(np.arange(len(test))),
        "intervals": intervals(means, len(test)),
        "ap": ap,
        "classes": len(ap),
        "left_out": ",".join(name for name in CLASSES if name not in ap) or "none",
    }
