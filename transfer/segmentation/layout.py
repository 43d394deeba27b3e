"""Where an image lies on a fully convolutional network's input, and where the cells of its scores lie on the image.

An image is scaled so that its longer edge is `edge` pixels, and put onto a square grey canvas, with so much grey around
it that the windows of the cells, the images that the classifier saw, have centres on all of it. That is what the
padding of 100 pixels and the crops of Long et al. 2015 are for; here nothing remains to be cropped, since scores are
interpolated to the very places of the pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from transfer.backbone.geometry import Grid
from transfer.datasets.decoding import GREY


@dataclass(frozen=True)
class Layout:
    """Places along either axis, in pixels; the centre of the scaled image's first is 0.

    Args:
        edge: the longer one of scaled images.
        window: edge of what one cell's scores are computed from.
        cells: of scores, along an edge.
        stride: between the cells' centres.
        first: the first cell's centre, above -1 and at most 0.
        pad: grey before the image.
    """

    edge: int
    window: int
    cells: int
    stride: int
    first: float
    pad: int

    @classmethod
    def of(cls, edge: int, window: int, grid: Grid) -> Layout:
        """The smallest one whose cells reach from the first pixel to the last.

        Args:
            edge: see above.
            window: see above.
            grid: the windows' centres on the network's input.
        """
        pad = max(0, math.ceil(grid.first))
        first = grid.first - pad
        cells = 1 + max(0, math.ceil((edge - 1 - first) / grid.stride))
        return cls(edge, window, cells, grid.stride, first, pad)

    @property
    def canvas(self) -> int:
        """Edge of the network's input."""
        return self.window + self.stride * (self.cells - 1)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of an image when it is scaled."""
        scale = self.edge / max(width, height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def scaled(self, image: Image.Image) -> np.ndarray:
        """`(height, width, 3)` uint8, antialiased."""
        return np.asarray(image.resize(self.size(*image.size), Image.Resampling.BILINEAR), np.uint8)

    def scaled_mask(self, classes: np.ndarray) -> np.ndarray:
        """`(height, width)` uint8: each pixel's nearest in a mask."""
        size = self.size(*classes.shape[::-1])
        return np.asarray(Image.fromarray(classes).resize(size, Image.Resampling.NEAREST), np.uint8)

    def placed(self, pixels: np.ndarray) -> np.ndarray:
        """A scaled image on its canvas, `(canvas, canvas, 3)` uint8."""
        out = np.full((self.canvas, self.canvas, 3), GREY, np.uint8)
        out[self.pad : self.pad + pixels.shape[0], self.pad : self.pad + pixels.shape[1]] = pixels
        return out

    def placed_mask(self, classes: np.ndarray, void: int) -> np.ndarray:
        """A scaled mask, `(edge, edge)` uint8, void beside the image."""
        out = np.full((self.edge, self.edge), void, np.uint8)
        out[: classes.shape[0], : classes.shape[1]] = classes
        return out

    def interpolation(self, count: int, length: float) -> np.ndarray:
        """The matrix from cells to pixels: bilinear interpolation, what a fixed deconvolution does, along one axis.

        Args:
            count: pixels that are asked for, at equal distances.
            length: pixels of the scaled image that they make up together; of the scaled image itself: `count`.

        Returns:
            `(count, cells)` float32, rows of which sum to 1.
        """
        places = (np.arange(count) + 0.5) * length / count - 0.5
        centres = self.first + self.stride * np.arange(self.cells)
        places = places.clip(centres[0], centres[-1])
        return np.maximum(0, 1 - np.abs(places[:, None] - centres) / self.stride).astype(np.float32)
