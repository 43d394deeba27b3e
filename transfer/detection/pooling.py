"""RoI max pooling (Girshick 2015, section 2.1) as a Keras layer, on either backend, with a gradient to the features.

A bin's maximum is that of four overlapping rectangles whose sides are powers of two; the maxima of all such rectangles
of the map are tabulated first, each from two of the next smaller ones. So a region costs four reads a bin, however
large its bins are, and nothing depends on the number of regions but these reads.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from bigan.types import Tensor


@keras.saving.register_keras_serializable("transfer")
class RoIPooling(layers.Layer):
    """The maxima of a feature map over bins x bins parts of each region.

    A region's first and last cells are its corners', rounded; bin k of a side of n cells reaches from floor(k n / bins)
    to ceil((k + 1) n / bins), so that neighbours may share a cell. Of a region beyond the map, one cell on each side
    counts, as in Caffe's layer if the region lies within the image; a bin with no cell of the map gives 0.

    Args:
        bins: along either side.
        stride: pixels between the centres of cells.
        first: pixel of the first cell's centre.
    """

    def __init__(self, bins: int, stride: float, first: float, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.bins, self.stride, self.first = bins, stride, first

    def call(self, features: Tensor, regions: Tensor) -> Tensor:
        """Pools.

        Args:
            features: `(batch, height, width, channels)`, of a fixed size.
            regions: `(batch, r, 4)` left, top, right, bottom in pixels, 0-based and inclusive.

        Returns:
            `(batch, r, bins * bins * channels)`, row by row of bins.
        """
        _, height, width, channels = features.shape
        cells = ops.floor((regions - self.first) / self.stride + 0.5)
        top, down, empty_rows, rows = self._bins(cells[..., 1], cells[..., 3], height)  # (batch, r, bins) each
        left, right, empty_columns, columns = self._bins(cells[..., 0], cells[..., 2], width)
        by_row = _doubled(features, 1, self._levels(height))
        tables = [table for part in by_row for table in _doubled(part, 2, self._levels(width))]
        flat = ops.reshape(ops.stack(tables, axis=1), (-1, channels))  # of batch, levels, height, width
        level = rows[..., :, None] * self._levels(width) + columns[..., None, :]
        image = ops.arange(ops.shape(features)[0], dtype="int32")[:, None, None, None]
        base = (image * len(tables) + level) * height * width
        out = None
        for y in (top, down):
            for x in (left, right):
                read = ops.take(flat, base + y[..., :, None] * width + x[..., None, :], axis=0)
                out = read if out is None else ops.maximum(out, read)
        empty = ops.logical_or(empty_rows[..., :, None], empty_columns[..., None, :])[..., None]
        out = ops.where(empty, ops.zeros_like(out), out)
        return ops.reshape(out, (-1, ops.shape(regions)[1], self.bins**2 * channels))

    def compute_output_shape(self, features_shape: tuple, regions_shape: tuple) -> tuple:
        """See `call`."""
        return features_shape[0], regions_shape[1], self.bins**2 * features_shape[-1]

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return super().get_config() | {"bins": self.bins, "stride": self.stride, "first": self.first}

    def _levels(self, size: int) -> int:
        """Powers of two, from 1 on, that the longest bin on a map of so many cells has room for."""
        return min(size, -(-(size + 2) // self.bins) + 1).bit_length()

    def _bins(self, low: Tensor, high: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of each bin along one axis: where the two segments that cover it begin, whether it is empty, their level."""
        low, high = (ops.cast(ops.clip(end, -1, size), "int32")[..., None] for end in (low, high))
        length = ops.maximum(high - low + 1, 1)
        k = ops.arange(self.bins, dtype="int32")
        begin = ops.clip(low + k * length // self.bins, 0, size)
        end = ops.clip(low + ((k + 1) * length + self.bins - 1) // self.bins, 0, size)
        count = end - begin
        level = ops.zeros_like(count)
        for power in range(1, self._levels(size)):
            level = level + ops.cast(count >= 2**power, "int32")
        second = end - ops.left_shift(ops.ones_like(level), level)
        return ops.clip(begin, 0, size - 1), ops.clip(second, 0, size - 1), count <= 0, level


def _doubled(features: Tensor, axis: int, levels: int) -> list[Tensor]:
    """Maxima of 1, 2, 4, ... neighbours along an axis, from each place on; beyond the end they are never read."""
    out = [features]
    for level in range(1, levels):
        shift, size = 2 ** (level - 1), features.shape[axis]
        later, last = (slice(shift, size), slice(size - shift, size))
        ahead = (slice(None),) * axis
        before = out[-1]
        out.append(ops.maximum(before, ops.concatenate([before[(*ahead, later)], before[(*ahead, last)]], axis=axis)))
    return out
