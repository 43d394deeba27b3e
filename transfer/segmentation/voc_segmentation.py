"""VOC segmentation (the last column of Table 5.3): a class for every pixel, by an FCN on the encoder's convolutions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigan.config import setting
from bigan.errors import UserError
from bigan.types import Json
from transfer.datasets import decoding, masks
from transfer.datasets.masks import CLASSES, Masked
from transfer.encoders.encoder import Encoder
from transfer.metrics import segmentation
from transfer.metrics.bootstrap import intervals
from transfer.task import Point, Result
from transfer.voc_task import EXAMPLES, TRAINED, VocOptions, VocTask

SHOWN = 12  # images in pictures.png
RATIO = 500 / 227  # the longer edge of VOC's images over the thesis's crop


@dataclass(frozen=True, kw_only=True)
class SegmentationOptions(VocOptions):
    """Of `VocSegmentation`. FCN-32s on AlexNet: `crop=227`, `edge=500`, `units=4096`."""

    crop: int = setting(
        0, "edge of what fc6 and fc7 see of an image for one score, as in a classifier; 0: the encoder's own", least=0
    )
    edge: int = setting(0, "the longer one of an image, scaled; 0: 500 / 227 of the crop, as in the thesis", least=0)
    units: int = setting(256, "of fc6 and fc7 each, 4096 in AlexNet", least=1)


class VocSegmentation(VocTask[Masked]):
    """Mean IU and three further figures on VOC's masks, of a fully convolutional network trained as a column says.

    The dataset is a VOCdevkit folder with SegmentationClass. The trained segmenter is kept beside its result, with
    pictures of the first images that were tested on: image, truth, prediction.
    """

    Options = SegmentationOptions
    options: SegmentationOptions
    measure = "figures of Long et al. 2015 (%)"
    caption = ("background_mean_iu", "classes", "edge", "resolution", "iterations", *EXAMPLES)

    def read(self, dataset: str, data_dir: str, split: str) -> Masked:
        """The images and their masks."""
        return masks.load(dataset, data_dir, split)

    def check_data(self, encoder: Encoder) -> None:
        """Refuses missing or damaged data, and images of which no pixel has a class."""
        for part, which in zip(self.images(encoder), ("train", "test"), strict=True):
            if all((part.mask(i) >= len(CLASSES)).all() for i in range(len(part))):
                raise UserError(f"`splits`: every pixel of the images to {which} on is void")

    def columns(self, encoder: Encoder) -> list[str]:
        """Table 5.3's one, in which all layers are trained."""
        return ["all"]

    def longer(self, encoder: Encoder) -> int:
        """Edge of the scaled images, in pixels."""
        return self.options.edge or round(RATIO * self.edge(encoder))

    def key(self, encoder: Encoder, column: str) -> dict[str, Json]:
        """With the edge that 0 stands for."""
        key = super().key(encoder, column)
        return key | {"options": key["options"] | {"edge": self.longer(encoder)}}

    def evaluate(self, encoder: Encoder, column: str) -> Result:
        """The result of a segmenter whose layers were trained as the column says.

        Returns:
            The four figures in percent, see `metrics.segmentation`, each with its bootstrap interval over test images
            in 'intervals'; 'iu' of each class that truth or prediction has; how many 'classes' the truth has, and
            'background_mean_iu', of calling every pixel background; the 'loss_curve', the 'scales' that balanced the
            layers, and the protocol.
        """
        from transfer.segmentation import fitting, pictures, segmenter

        train, test = self.images(encoder)
        window, edge, about = self.edge(encoder), self.longer(encoder), f"{self.name}, {column}"
        whole = decoding.Decoded(test)
        whole.check()  # a damaged one is found before anything is trained
        snapshot = self.kept and self.kept / "snapshot.npz"
        trained = TRAINED[column]
        fitted = fitting.fit(encoder.method, train, trained, window, edge, self.options, about, snapshot)
        made = segmenter.trained(fitted.network, encoder.method, fitted.places, CLASSES)
        matrices, shown = [], []
        for i, mask in enumerate(made.masks(whole[i] for i in range(len(test)))):
            matrices.append(segmentation.confusion(test.mask(i), mask, len(CLASSES)))
            if i < SHOWN:
                shown.append((whole[i], [test.mask(i), mask]))
        if self.kept:
            segmenter.save(self.kept, fitted.network, encoder.method, fitted.places, CLASSES)
            pictures.write_beside(self.kept / "pictures.png", shown)
            (self.kept / "snapshot.npz").unlink(missing_ok=True)
        return summary(np.stack(matrices)) | {
            "layer": column,
            "resolution": window,
            "edge": edge,
            "stride": fitted.places.stride,
            "iterations": self.options.iterations,
            "loss_curve": fitted.curve,
            "scales": fitted.scales,
            "training_examples": len(train),
            "evaluation": self.evaluation(),
            "evaluation_examples": len(test),
            "kept": self.kept and self.kept.name,
        }

    def points(self, column: str, result: Result) -> list[Point]:
        """A column for each figure."""
        names = segmentation.FIGURES
        return [Point(f"{column}, {name}", result[name], *result["intervals"][name]) for name in names]


def summary(matrices: np.ndarray) -> Result:
    """The figures, their intervals, each class's IU, and what calling all background would give.

    Args:
        matrices: `(n, 21, 21)`, from `segmentation.confusion`, one an image.
    """
    total = matrices.sum(axis=0)
    background = np.zeros_like(total)
    background[:, 0] = total.sum(axis=1)
    overlaps = zip(CLASSES, segmentation.ious(total), strict=True)
    return segmentation.figures(total) | {
        "intervals": intervals(lambda index: segmentation.figures(matrices[index].sum(axis=0)), len(matrices)),
        "iu": {name: round(100 * float(iu), 2) for name, iu in overlaps if not np.isnan(iu)},
        "classes": int((total.sum(axis=1) > 0).sum()),
        "background_mean_iu": round(segmentation.figures(background)["mean_iu"], 2),
    }
