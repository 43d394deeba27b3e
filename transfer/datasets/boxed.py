"""PASCAL VOC's detection task: images of any size, each with the boxes of its objects."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bigan.errors import UserError
from transfer.datasets import decoding, voc
from transfer.datasets.encoded import Encoded


@dataclass(frozen=True)
class Boxed(Encoded):
    """Encoded images of any size, and their objects.

    Args:
        encoded: JPEG files' bytes.
        boxes: of each image `(n, 4)` float32: left, top, right, bottom, 1-based and inclusive.
        labels: of each image `(n,)` int64: numbers of `voc.CLASSES`.
        difficult: of each image `(n,)` boolean.
        sizes: width and height of each image.
        names: of the files, for errors.
    """

    encoded: list[bytes]
    boxes: list[np.ndarray]
    labels: list[np.ndarray]
    difficult: list[np.ndarray]
    sizes: list[tuple[int, int]]
    names: list[str]

    @property
    def stems(self) -> list[str]:
        """VOC's names of the images."""
        return [Path(name).stem for name in self.names]

    def digest(self) -> str:
        """Identifies images and objects."""
        total = hashlib.blake2b(digest_size=16)
        for i, content in enumerate(self.encoded):
            for part in (content, self.boxes[i].tobytes(), self.labels[i].tobytes(), self.difficult[i].tobytes()):
                total.update(hashlib.blake2b(part).digest())
        return total.hexdigest()


def load(dataset: str, data_dir: str, split: str) -> Boxed:
    """A split of the detection task.

    Args:
        dataset: '' or 'voc'.
        data_dir: VOCdevkit/VOC2007 or the like.
        split: 'train', 'val', 'trainval' or 'test'.

    Raises:
        UserError: as `voc.load` does; if there is no such dataset; or naming the file, if a box lies outside an image
            that has another size than its annotation says.
    """
    voc.check_place(dataset, data_dir, "voc_detection")
    found = voc.load(data_dir, split)
    encoded, names = [p.path.read_bytes() for p in found], [str(p.path) for p in found]
    made = Boxed(
        encoded,
        [np.array([b.corners for b in p.boxes], np.float32).reshape(-1, 4) for p in found],
        [np.array([b.label for b in p.boxes], np.int64) for p in found],
        [np.array([b.difficult for b in p.boxes], bool) for p in found],
        [decoding.size(content, name) for content, name in zip(encoded, names, strict=True)],
        names,
    )
    for corners, (width, height), name in zip(made.boxes, made.sizes, made.names, strict=True):
        if (corners[:, 2:] > (width, height)).any():
            raise UserError(f"{name}: a box of its annotation lies outside the image, {width} x {height}")
    return made
