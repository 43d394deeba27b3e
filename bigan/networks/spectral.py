"""Dense layers and convolutions divided by their largest singular value (spectral normalization; Miyato et al. 2018).

Keras's own wrapper assigns the normalized kernel while it is called, which does not go together with stateless calls:
here the kernel stays as it is, W / sigma is made anew in each call, and gradients flow through sigma.
"""

from __future__ import annotations

from typing import Any

from keras import initializers, layers, ops

from bigan.networks.strided import StridedConvolution
from bigan.types import Tensor

EPSILON = 1e-12


class Spectral(layers.Layer):
    """What both layers share: u, the estimate of the first left singular vector, improved once a training step.

    The matrix has a row for each output: a convolution's kernel is taken as one from patches to channels.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Adds u, `(1, outputs)`, which is not trained."""
        super().build(input_shape)
        seed = getattr(self.kernel_initializer, "seed", None)
        normal = initializers.RandomNormal(0.0, 1.0, seed=seed)
        self.u = self.add_weight(
            shape=(1, self.kernel.shape[-1]), initializer=normal, trainable=False, dtype="float32", name="u"
        )

    def normalized(self, training: bool) -> Tensor:
        """W / sigma, in the dtype in which the layer computes."""
        kernel = ops.convert_to_tensor(self.kernel)
        matrix = ops.reshape(ops.cast(kernel, "float32"), (-1, kernel.shape[-1]))
        fixed, u = ops.stop_gradient(matrix), ops.convert_to_tensor(self.u)
        v = _unit(ops.matmul(u, ops.transpose(fixed)))
        if training:
            u = _unit(ops.matmul(v, fixed))
            self.u.assign(u)
        sigma = ops.sum(ops.matmul(v, matrix) * u)
        return ops.cast(ops.cast(kernel, "float32") / sigma, self.compute_dtype)


class SpectralDense(Spectral, layers.Dense):
    """A dense layer without bias."""

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """`(batch, k)` -> `(batch, units)`."""
        return ops.matmul(inputs, self.normalized(bool(training)))


class SpectralConv2D(Spectral, layers.Conv2D):
    """A convolution without bias."""

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """`(batch, height, width, channels)` -> the same with `filters` channels."""
        return self.convolution_op(inputs, self.normalized(bool(training)))


class SpectralStridedConvolution(SpectralConv2D, StridedConvolution):
    """The same at stride 2, padded alike on each side."""


def _unit(row: Tensor) -> Tensor:
    return row / ops.sqrt(ops.sum(ops.square(row)) + EPSILON)


def dense(spectral: bool, *arguments: Any, **keywords: Any) -> layers.Dense:
    """A dense layer, normalized or not."""
    return (SpectralDense if spectral else layers.Dense)(*arguments, **keywords)


def convolution(spectral: bool, strided: bool, *arguments: Any, **keywords: Any) -> layers.Conv2D:
    """A convolution, normalized or not; `strided`: at stride 2, padded alike on each side."""
    if strided:
        return (SpectralStridedConvolution if spectral else StridedConvolution)(*arguments, **keywords)
    return (SpectralConv2D if spectral else layers.Conv2D)(*arguments, **keywords)
