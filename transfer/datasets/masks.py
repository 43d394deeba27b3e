"""PASCAL VOC's segmentations: images of any size, each with a mask of its own size that names a class at every pixel.

FOLDER/ImageSets/Segmentation/SPLIT.txt, FOLDER/JPEGImages/ID.jpg, FOLDER/SegmentationClass/ID.png; FOLDER as in `voc`.
A mask is a palette (or grey) image of 0, background, to 20, and 255: void, a border or what nobody decided.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bigan.errors import UserError
from transfer.datasets import decoding, voc
from transfer.datasets.encoded import Encoded

CLASSES = ("background", *voc.CLASSES)
VOID = 255
FOLDER = "SegmentationClass"


@dataclass(frozen=True)
class Masked(Encoded):
    """Encoded images of any size, and their masks.

    Args:
        encoded: JPEG files' bytes.
        masks: PNG files' bytes, see `mask`.
        names: of the images' files, for errors.
    """

    encoded: list[bytes]
    masks: list[bytes]
    names: list[str]

    def digest(self) -> str:
        """Identifies images and masks."""
        total = hashlib.blake2b(digest_size=16)
        for content in (*self.encoded, *self.masks):
            total.update(hashlib.blake2b(content).digest())
        return total.hexdigest()

    def mask(self, i: int) -> np.ndarray:
        """The i-th mask, `(height, width)` uint8: numbers of `CLASSES`, and `VOID`."""
        return mask(self.masks[i], self.names[i])


def load(dataset: str, data_dir: str, split: str) -> Masked:
    """A split of the segmentation task, every mask checked.

    Args:
        dataset: '' or 'voc'.
        data_dir: VOCdevkit/VOC2007 or the like.
        split: 'train', 'val' or 'trainval'.

    Raises:
        UserError: naming the folder or file, if there is no such split, an image or its mask is missing or damaged, a
            mask has another size than its image or holds what is no class.
    """
    voc.check_place(dataset, data_dir, "voc_segmentation")
    root = voc.year(data_dir)
    names = voc.listed(root, "Segmentation", split)
    if not (root / FOLDER).is_dir():
        raise UserError(f"`data_dir`: {root} has no folder {FOLDER}, where the masks lie")
    images = [root / "JPEGImages" / f"{name}.jpg" for name in names]
    masks = [root / FOLDER / f"{name}.png" for name in names]
    for path, other in [*zip(images, masks, strict=True), *zip(masks, images, strict=True)]:
        if not path.is_file():
            raise UserError(f"{path}: is missing{f', though there is {other}' if other.is_file() else ''}")
    found = Masked([p.read_bytes() for p in images], [p.read_bytes() for p in masks], [str(p) for p in images])
    for i, path in enumerate(masks):
        _check(found, i, path)
    return found


def mask(content: bytes, name: str) -> np.ndarray:
    """A mask's classes, `(height, width)` uint8.

    Args:
        content: of a PNG file.
        name: of the file, for errors.

    Raises:
        UserError: naming the file, if it is no palette or grey image of 8 bits.
    """
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            if image.mode not in ("P", "L"):
                raise UserError(
                    f"{name}: a mask must be a palette or grey image of 8 bits, as VOC's are. Received: {image.mode}"
                )
            return np.array(image, np.uint8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{name}: cannot be read as a mask ({error})") from error


def _check(found: Masked, i: int, path: Path) -> None:
    classes = mask(found.masks[i], str(path))
    size = decoding.size(found.encoded[i], found.names[i])
    if size != classes.shape[::-1]:
        width, height = size
        raise UserError(
            f"{path}: a mask must have its image's size, {width} x {height}. "
            f"Received: {classes.shape[1]} x {classes.shape[0]}"
        )
    wrong = classes[(classes >= len(CLASSES)) & (classes != VOID)]
    if wrong.size:
        raise UserError(f"{path}: classes must be 0 to {len(CLASSES) - 1}, or {VOID}: void. Received: {wrong[0]}")
