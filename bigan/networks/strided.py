"""Convolutions that halve or double an image's edge as layers; see `bigan.runtime.strides`."""

from __future__ import annotations

from typing import Any

from keras import layers, ops

from bigan.runtime import strides
from bigan.types import Tensor


class StridedConvolution(layers.Conv2D):
    """A convolution at stride 2, padded by (kernel - 1) / 2 on each side.

    Args:
        filters: channels of the result.
        kernel_size: edge of the kernel, odd.
        keywords: Conv2D's others; "same" is what the shapes are those of.
    """

    def __init__(self, filters: int, kernel_size: int | tuple[int, int], **keywords: Any) -> None:
        super().__init__(filters, kernel_size, **keywords | {"strides": strides.STRIDE, "padding": "same"})

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """`(batch, h, w, channels)` -> `(batch, h / 2, w / 2, filters)`."""
        return strides.convolve(inputs, kernel)

    def plain(self) -> layers.Conv2D:
        """The same for padded images, a layer of Keras's own."""
        return layers.Conv2D.from_config(self.get_config() | {"padding": "valid"})


class StridedTranspose(layers.Conv2DTranspose):
    """The transpose of `StridedConvolution`, without bias and activation: twice the edge."""

    def __init__(self, filters: int, kernel_size: int | tuple[int, int], **keywords: Any) -> None:
        super().__init__(filters, kernel_size, **keywords | {"strides": strides.STRIDE, "padding": "same"})

    def call(self, inputs: Tensor) -> Tensor:
        """`(batch, h, w, channels)` -> `(batch, 2 h, 2 w, filters)`."""
        return strides.transpose(inputs, self.kernel)


class DoublingConvolution(layers.Conv2D):
    """A convolution, without bias and activation, of an image whose pixels are doubled along both axes.

    Args:
        filters: channels of the result.
        kernel_size: edge of the kernel, odd.
        keywords: Conv2D's others.
    """

    def __init__(self, filters: int, kernel_size: int | tuple[int, int], **keywords: Any) -> None:
        super().__init__(filters, kernel_size, **keywords | {"padding": "same"})

    def call(self, inputs: Tensor) -> Tensor:
        """`(batch, h, w, channels)` -> `(batch, 2 h, 2 w, filters)`."""
        return strides.doubled(inputs, ops.convert_to_tensor(self.kernel))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """That of `call`."""
        batch, height, width, _ = input_shape
        return batch, height and 2 * height, width and 2 * width, self.filters
