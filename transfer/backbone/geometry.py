"""Where the cells of a feature map lie on the image: the distance between their centres, and the first one's place."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras import layers

WINDOWS = (layers.Conv2D, layers.MaxPooling2D, layers.AveragePooling2D)


class Grid(NamedTuple):
    """Centres of cells along either axis, in pixels from the centre of the image's first: first, first + stride, ..."""

    stride: int
    first: float

    def windows(self, edge: int) -> Grid:
        """The grid of all squares of `edge` neighbouring cells."""
        return Grid(self.stride, self.first + self.stride * (edge - 1) / 2)


def grid(network: keras.Model) -> Grid:
    """The grid of a network's output.

    A window of k cells at stride s, with p cells of padding before, moves the first centre by (k - 1) / 2 - p of its
    input's cells, and makes the distance s times as large (Long et al. 2015, section 3; Dumoulin and Visin 2016).

    Args:
        network: from `trunk.transferred`: square kernels, branches of which do the same.
    """
    grids: dict[int, Grid] = {}
    for operation in network.operations:
        if isinstance(operation, layers.InputLayer):
            grids[id(operation)] = Grid(1, 0.0)
            continue
        tensors = operation.input if isinstance(operation.input, list) else [operation.input]
        before = grids[id(tensors[0]._keras_history.operation)]
        kernel, stride, padding = _window(operation, tensors[0].shape[1])
        shift = before.stride * ((kernel - 1) / 2 - padding)
        grids[id(operation)] = Grid(before.stride * stride, before.first + shift)
    return grids[id(network.outputs[0]._keras_history.operation)]


def _window(operation: Any, edge: int) -> tuple[int, int, int]:
    """Cells of an operation's window, its stride, and the padding before the first, along the vertical axis."""
    if isinstance(operation, layers.ZeroPadding2D):
        return 1, 1, operation.padding[0][0]
    if type(operation).__name__ == "Pad":
        return 1, 1, operation.pad_width[1][0]
    if not isinstance(operation, WINDOWS):
        return 1, 1, 0
    kernel = (operation.kernel_size if isinstance(operation, layers.Conv2D) else operation.pool_size)[0]
    stride = operation.strides[0]
    if operation.padding == "valid":
        return kernel, stride, 0
    return kernel, stride, max((-(-edge // stride) - 1) * stride + kernel - edge, 0) // 2
