"""How training sees images: random crops, mirrored half of the time; the same for every source of images.

What is drawn is a function of a generator alone, which the caller makes of (seed, epoch, step).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigan.data.crops import ArrayPixels, Crops, Images
from bigan.errors import UserError


@dataclass(frozen=True)
class Augment:
    """Random crops and mirroring.

    Args:
        flip: whether to mirror with probability 1/2.
    """

    flip: bool = False

    def __call__(
        self, images: Images, index: np.ndarray, generator: np.random.Generator, part: slice = slice(None)
    ) -> np.ndarray:
        """The examples at `index`, augmented: crops at uniformly random places, mirrored half of the time.

        Args:
            images: `(n, ...)` raw examples. Only `Crops` are cropped.
            index: `(k,)` integers.
            generator: what is drawn depends on nothing else.
            part: the rows that are wanted; all are drawn for, these alone are read.

        Returns:
            `(k, ...)` raw examples; fewer of a part.
        """
        if not isinstance(images, Crops):
            if not self.flip:
                return images[index[part]]
            images = Crops(ArrayPixels(images), images.shape[1:3])
        place = generator.random((3, len(index)))[:, part]
        index = index[part]
        heights, widths = images.pixels.sizes(index)
        top = (place[0] * (heights - images.window[0] + 1)).astype(np.int64)
        left = (place[1] * (widths - images.window[1] + 1)).astype(np.int64)
        return images.pixels.cut(index, top, left, (place[2] < 0.5) & self.flip, images.window)


def cropped(images: Images, crop: int) -> Images:
    """`images` as crops of `crop` pixels square; as they are if `crop` is 0 or their own size.

    Raises:
        UserError: if they are no images, or smaller than that.
    """
    if not crop or images.shape[1:3] == (crop, crop):
        return images
    if images.ndim != 4 or images.dtype != np.uint8:
        raise UserError(f"`crop` is for uint8 images (n, height, width, channels). Received: {images.shape}")
    pixels = images.pixels if isinstance(images, Crops) else ArrayPixels(images)
    heights, widths = pixels.sizes(np.arange(len(pixels)))
    smallest = int(min(heights.min(), widths.min()))
    if crop > smallest:
        raise UserError(f"`crop` must be at most the images' shorter edge, {smallest}. Received: {crop}")
    return Crops(pixels, (crop, crop))


def check(flip: bool, images: Images) -> None:
    """Refuses to mirror what is no image.

    Raises:
        UserError: for vectors.
    """
    if flip and (images.ndim != 4 or images.dtype != np.uint8):
        raise UserError(f"`flip` is for uint8 images (n, height, width, channels). Received: {images.shape}")
