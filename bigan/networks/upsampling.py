"""DCGAN's networks with a generator that upsamples before it convolves: no checkerboard (Odena et al. 2016).

A 5 x 5 transposed convolution at stride 2 covers its pixels unevenly, 9, 6, 6 and 4 times, which shows in samples.
"""

from __future__ import annotations

from keras import layers

from bigan.networks.dcgan import DCGAN
from bigan.networks.strided import DoublingConvolution
from bigan.types import Tensor

KERNEL = 3


class Upsampling(DCGAN):
    """As `DCGAN`, each stage of G doubling the edge by nearest neighbours, followed by a 3 x 3 convolution."""

    def _deconv(self, path: str, channels: int, h: Tensor, last: bool = False) -> Tensor:
        """Twice the edge."""
        name, dtype = path.split("/")[-1], self._last_dtype if last else self._dtype
        # Pixels were once doubled here. A network's depth determines the order of its weights, in saved runs too.
        h = layers.Identity(dtype=dtype, name=f"double_{name}")(h)
        return DoublingConvolution(
            channels, KERNEL, use_bias=False, kernel_initializer=self._normal(path), dtype=dtype, name=name
        )(h)
