"""The thesis's latent distribution: uniform on [-1, 1]^d (section 5.3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bigan.latents.latent import Latent
from bigan.streams import Stream, generator
from bigan.types import Tensor

if TYPE_CHECKING:
    import keras


class Uniform(Latent):
    """Uniform on [-1, 1]^dim; E's linear output passes 2 sigmoid(.) - 1, as in the released code.

    Example:
        >>> from bigan.streams import Stream
        >>> Uniform(50).draw(128, 0, Stream.LATENT, 3).shape
        (128, 50)
    """

    def draw(self, count: int, seed: int, stream: Stream, *where: int) -> np.ndarray:
        """`(count, dim)` float32."""
        unit = generator(seed, stream, *where).random((count, self.dim), dtype=np.float32)
        return (2.0 * unit - 1.0).astype(np.float32)

    def squash(self, linear: Tensor) -> Tensor:
        """2 sigmoid(.) - 1."""
        from keras import ops

        return 2.0 * ops.sigmoid(linear) - 1.0

    def exported_squash(self, linear: keras.KerasTensor) -> keras.KerasTensor:
        """2 sigmoid(t) - 1 = tanh(t / 2)."""
        from keras import layers

        return layers.Activation("tanh", name="latent")(layers.Rescaling(0.5, name="half")(linear))

    def cross_entropy(self, linear: Tensor, z: Tensor) -> Tensor:
        """Mean sigmoid cross-entropy between sigmoid(linear) and z mapped to [0, 1]."""
        from keras import ops

        return ops.mean(ops.softplus(linear) - linear * (z + 1.0) / 2.0)
