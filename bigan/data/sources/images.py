"""A folder of images, in memory: flat, with class sub-folders, and with `train` / `val` (or `test`) splits.

FOLDER/*.png                      no labels, no test set
FOLDER/CLASS/*.png                labels by sub-folder, no test set
FOLDER/{train,val}/...            either of the above in each
"""

from __future__ import annotations

import contextlib
import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bigan.data.dataset import Dataset, Examples
from bigan.data.sources.source import Source
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.runtime import files

if TYPE_CHECKING:
    from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")  # what Pillow may take a file for, whatever its name


class ImageFolder(Source):
    """A folder whose images have one size and one number of channels."""

    place = "the folder of images"

    def load(self) -> Dataset:
        """Reads all images.

        Raises:
            UserError: naming the file that is corrupt or differs, or the folder that has no images or may not be read.
        """
        root = Path(self.data_dir)
        if not root.is_dir():
            raise UserError(f"`data_dir`: no such folder: {root}")
        with files.readable(root):
            train_root = root / "train" if (root / "train").is_dir() else root
            test_root = next((root / n for n in ("val", "test") if train_root != root and (root / n).is_dir()), None)
            classes = classes_in(train_root)
            train = _read(train_root, classes)
            test = None
            if test_root is not None:
                unknown = [name for name in classes_in(test_root) if name not in classes]
                if unknown:
                    raise UserError(f"{test_root / unknown[0]}: there is no such class in {train_root}")
                test = _read(test_root, classes, train.images.shape[1:])
            return Dataset("images", train, test, Spec(train.images.shape[1:]), tuple(classes))


def classes_in(root: Path, strict: bool = False) -> list[str]:
    """Names of the sub-folders with images, sorted.

    Raises:
        UserError: if `strict` and a sub-folder has none: labels would be numbered differently without it.
    """
    names = []
    for place in sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith(".")):
        if files_in(place):
            names.append(place.name)
        elif strict:
            raise UserError(f"{place}: this class has no images ({' '.join(SUFFIXES)}); add some, or remove it")
    return names


def listing(root: Path, classes: list[str]) -> tuple[list[tuple[Path, int]], list[Path]]:
    """All images of `root` with their labels (0 without classes), in a fixed order, and the files that are none.

    Raises:
        UserError: if there are no images, or both loose ones and classes.
    """
    loose = files_in(root)
    if loose and classes:
        raise UserError(f"{root}: has both images and sub-folders of images ({loose[0].name}, {classes[0]}/); use one")
    labelled = [(root / c, label) for label, c in enumerate(classes) if (root / c).is_dir()]
    pairs = [(path, label) for place, label in labelled or [(root, 0)] for path in files_in(place)]
    if not pairs:
        raise UserError(f"{root}: has no images ({' '.join(SUFFIXES)}), nor sub-folders with images")
    taken = {path for path, _ in pairs}
    places = [root, *(place for place, _ in labelled)]
    taken |= {place for place, _ in labelled}
    others = [path for place in places for path in sorted(place.iterdir()) if path not in taken]
    return pairs, others


def files_in(root: Path) -> list[Path]:
    """The files right in the folder that are called as images are, sorted."""
    # A link to nowhere counts: it has an image's name, and is refused as one.
    return sorted(p for p in root.iterdir() if p.suffix.lower() in SUFFIXES and not p.is_dir())


def _read(root: Path, classes: list[str], shape: tuple[int, ...] | None = None) -> Examples:
    pairs, _ = listing(root, classes)
    images = None
    for i, (path, _) in enumerate(pairs):
        image = read(path)
        shape = shape or image.shape
        if image.shape != shape:
            raise UserError(
                f"{path}: all images must have the same size and channels, here {shape}. Received: {image.shape}"
            )
        if images is None:
            images = np.empty((len(pairs), *shape), np.uint8)
        images[i] = image
    assert images is not None
    return Examples(images, np.array([label for _, label in pairs], np.int64) if classes else None)


def read(path: Path, upright: bool = False) -> np.ndarray:
    """One image as `(height, width, channels)` uint8, channels 1 or 3 (palettes and alpha are converted to colour).

    Args:
        path: of the file.
        upright: whether to turn it as its EXIF orientation says, as viewers do; data sets' tools do not.

    Raises:
        UserError: naming the file, if it cannot be decoded.
    """
    from PIL import Image

    try:
        with Image.open(path, formats=FORMATS) as image:
            if deep(image):
                raise UserError(
                    f"{path}: has more than 8 bits a channel; convert it to 8 first. Received: {image.mode}"
                )
            grey = image.mode in ("1", "L", "LA")
            plain = image.convert("L" if grey else "RGB")
            if upright:
                _turn(plain)
            return np.asarray(plain, np.uint8).reshape(plain.height, plain.width, 1 if grey else 3)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: cannot be read as an image ({error})") from error


def _turn(image: Image.Image) -> None:
    from PIL import ImageOps

    with warnings.catch_warnings(), contextlib.suppress(SyntaxError, ValueError, struct.error, OSError):
        warnings.simplefilter("ignore")  # a damaged EXIF block says nothing of the pixels, which are fine
        ImageOps.exif_transpose(image, in_place=True)


def deep(image: Image.Image) -> bool:
    """Whether an opened Pillow image has more than 8 bits a channel; of colours Pillow would drop the lower ones."""
    return image.mode.startswith(("I", "F")) or any(
        ";16" in str(arguments) for *_, arguments in getattr(image, "tile", ())
    )
