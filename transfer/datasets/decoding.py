"""Encoded images of any size: decoded no finer than needed, and random crops of them at random scales."""

from __future__ import annotations

import abc
import contextlib
import io
from collections.abc import Iterator
from typing import Generic, TypeVar

import numpy as np
from PIL import Image

from bigan.data.sources.images import FORMATS
from bigan.errors import UserError
from transfer.datasets.encoded import Encoded

Item = TypeVar("Item")
SCALES = (0.5, 2.0)
GREY = 127  # around images that are put on canvases: the middle of the networks' range
EDGE = 375 / 227  # the shorter edge of VOC's images over the thesis's crop: scale 1


class Kept(abc.ABC, Generic[Item]):
    """A sequence whose items are made of files when they are asked for, and kept while they fit into memory.

    Args:
        count: its length.
        memory: bytes of items kept.
    """

    def __init__(self, count: int, memory: int = 1 << 31) -> None:
        self.count, self.left = count, memory
        self.kept: dict[int, Item] = {}

    @abc.abstractmethod
    def made(self, i: int) -> tuple[Item, int]:
        """The i-th item, and its bytes; a `UserError` that names the file, if it cannot be decoded."""

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, i: int) -> Item:
        """The i-th item.

        Raises:
            UserError: naming the file, if it cannot be decoded.
        """
        if i in self.kept:
            return self.kept[i]
        item, size = self.made(i)
        self.left -= size
        if self.left >= 0:
            self.kept[i] = item
        return item

    def check(self) -> None:
        """Makes every item once, so that a damaged file is found before anything is trained.

        Raises:
            UserError: naming the first file that cannot be decoded.
        """
        for i in range(len(self)):
            self[i]


class Decoded(Kept[Image.Image]):
    """Images, RGB.

    Args:
        images: the files.
        least: see `decoded`.
        memory: bytes of images kept.
    """

    def __init__(self, images: Encoded, least: int = 0, memory: int = 1 << 31) -> None:
        super().__init__(len(images), memory)
        self.images, self.least = images, least

    def made(self, i: int) -> tuple[Image.Image, int]:
        """The i-th image, and its bytes."""
        whole = decoded(self.images.encoded[i], self.images.names[i], self.least)
        return whole, 3 * whole.width * whole.height


class Decoder(Decoded):
    """Images, RGB, decoded no finer than crops of one resolution need.

    Args:
        images: the files.
        resolution: edge of the crops to come.
    """

    def __init__(self, images: Encoded, resolution: int) -> None:
        super().__init__(images, int(resolution * EDGE * SCALES[1]) + 1)
        self.resolution = resolution


def decoded(content: bytes, name: str, least: int = 0) -> Image.Image:
    """An image, RGB.

    Args:
        content: of the file.
        name: of the file, for errors.
        least: pixels of either edge, below which a JPEG is not reduced while it is decoded; 0: no reduction.

    Raises:
        UserError: naming the file, if it cannot be decoded.
    """
    with _opened(content, name) as image:
        if least:
            image.draft("RGB", (least, least))  # JPEG's halves, quarters and eighths, not below this size
        return image.convert("RGB")


def size(content: bytes, name: str) -> tuple[int, int]:
    """Width and height of an encoded image, which is not decoded for that.

    Raises:
        UserError: naming the file, if it is no image.
    """
    with _opened(content, name) as image:
        return image.size


@contextlib.contextmanager
def _opened(content: bytes, name: str) -> Iterator[Image.Image]:
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            yield image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{name}: cannot be decoded ({error})") from error


def crop(whole: Image.Image, resolution: int, numbers: np.random.Generator) -> np.ndarray:
    """A random square of an image, at a random scale, mirrored half of the time: `(resolution, resolution, 3)` uint8.

    At scale 1 the shorter edge is 375 / 227 of the crop's edge, as VOC's is in the thesis; scales are uniform between
    0.5 and 2. A crop that would be larger than the image takes all of its shorter edge.
    """
    shorter = min(whole.size)
    edge = shorter * min(1.0, 1 / (EDGE * numbers.uniform(*SCALES)))
    left, top = (numbers.uniform(0, side - edge) for side in whole.size)
    part = whole.resize((resolution, resolution), Image.Resampling.BILINEAR, (left, top, left + edge, top + edge))
    pixels = np.asarray(part)
    return pixels[:, ::-1] if numbers.random() < 0.5 else pixels
