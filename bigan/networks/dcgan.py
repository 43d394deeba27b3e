"""The convolutional G and D of section 5.5.3.2 (Radford et al. 2016): 5 x 5 kernels at stride 2 between 4 x 4 and x.

At 64 px four stages of w, 2w, 4w, 8w channels (w = `width`, 64 in the thesis); at 32 px three, at 128 px five.
Padding is symmetric, 2 on each side, as in the released code; Keras's "same" is not at stride 2.
"""

from __future__ import annotations

import math

import keras
from keras import layers

from bigan.errors import UserError
from bigan.networks import spectral
from bigan.networks.family import Family
from bigan.networks.strided import StridedTranspose
from bigan.runtime import strides
from bigan.types import Tensor

KERNEL = 5
START = 4  # edge of G's first feature map and of D's last


class DCGAN(Family):
    """Convolutional E, G and D; E is D's stack without z, normalized in every layer.

    Feature maps after the non-linearity are named `conv1`, `conv2`, ... in E and D and `deconv1`, ... in G, the
    last linear layer `output`.
    """

    xla_on_cpu = False

    def channels(self, shape: tuple[int, ...]) -> list[int]:
        """Channels of the stages between images of `shape` and 4 x 4, from the image on.

        Raises:
            UserError: if the images are not square, of 4 x 2^k pixels with k > 1 (z enters D at its second stage).
        """
        stages = math.log2(shape[0] / START) if len(shape) == 3 and shape[0] == shape[1] else 0.5
        if stages < 2 or stages != int(stages):
            raise UserError(
                f"`networks`: {type(self).__name__} is for square images of 16, 32, 64 or 128 pixels. "
                f"Received: images of {shape}; change `crop` or `resolution`, or the networks"
            )
        return [self.config.width * 2**i for i in range(int(stages))]

    def encoder(self, output_stddev: float | None = None) -> keras.Model:
        """Stages of convolution, batch normalization (not after the first in the released variant) and LReLU."""
        x = layers.Input(self.spec.shape, name="x")
        h = x
        for i, channels in enumerate(self.channels(self.spec.shape), start=1):
            h = self._conv(f"encoder/linear{i}", channels, KERNEL, stride=2)(h)
            if i > 1 or self.config.variant == "thesis":
                h = self._normalize(f"norm{i}", h, affine=True)
            h = self._leaky(f"conv{i}", h)
        return self._encoder_model(x, h, output_stddev)

    def generator(self) -> keras.Model:
        """A dense layer to 4 x 4, normalized unit by unit, then deconvolutions; released: z is added to hidden ones."""
        z = layers.Input((self.latent.dim,), name="z")
        first, *others = reversed(self.channels(self.image_shape))
        h = self._dense("generator/linear1", START * START * first)(z)
        h = self._relu("deconv1", self._normalize("norm1", h, affine=True))
        h = layers.Reshape((START, START, first), name="map")(h)
        for i, channels in enumerate(others, start=2):
            h = self._deconv(f"generator/linear{i}", channels, h)
            if self.config.variant == "released":
                h = self._add(f"add{i}", h, self._latent(f"generator/latent{i}", channels, z))
            h = self._relu(f"deconv{i}", self._normalize(f"norm{i}", h, affine=True))
        h = self._deconv("generator/output", self.image_shape[2], h, last=True)
        h = layers.Activation("sigmoid", name="sigmoid")(h)
        return keras.Model(z, layers.Rescaling(2.0, -1.0, name="x")(h), name="generator")

    def discriminator(self, joint: bool = True) -> keras.Model:
        """Convolutions, each but the first with z added and normalized."""
        x = layers.Input(self.image_shape, name="x")
        z = layers.Input((self.latent.dim,), name="z")
        h = x
        for i, channels in enumerate(self.channels(self.image_shape), start=1):
            h = self._conv(f"discriminator/linear{i}", channels, KERNEL, stride=2)(h)
            if i > 1 and joint:
                h = self._add(f"add{i}", h, self._latent(f"discriminator/latent{i}", channels, z))
            if i > 1:
                h = self._normalize_discriminator(f"norm{i}", h, affine=True)
            h = self._leaky(f"conv{i}", h)
        logit = self._dense("discriminator/output", 1, last=True)(layers.Flatten(name="flatten")(h))
        return keras.Model([x, z] if joint else x, logit, name="discriminator")

    def _encoder_model(self, x: Tensor, h: Tensor, output_stddev: float | None) -> keras.Model:
        h = layers.Flatten(name="flatten")(h)
        output = self._dense("encoder/output", self.latent.head_size, output_stddev, last=True)
        return keras.Model(x, output(h), name="encoder")

    def _conv(self, path: str, channels: int, kernel: int, stride: int = 1, padded: bool = True) -> Tensor:
        """Convolution with symmetric padding, (kernel - 1) // 2 on each side."""
        name = path.split("/")[-1]
        convolution = spectral.convolution(
            self._is_spectral(path),
            padded and stride == strides.STRIDE,
            channels,
            kernel,
            strides=stride,
            padding="same" if padded and stride == 1 else "valid",
            use_bias=False,
            kernel_initializer=self._normal(path),
            dtype=self._dtype,
            name=name,
        )
        if not padded or stride in (1, strides.STRIDE):
            return convolution
        pad = layers.ZeroPadding2D((kernel - 1) // 2, dtype=self._dtype, name=f"pad_{name}")
        return lambda h: convolution(pad(h))

    def _deconv(self, path: str, channels: int, h: Tensor, last: bool = False) -> Tensor:
        """The transpose of `_conv` at stride 2: twice the edge."""
        name, dtype = path.split("/")[-1], self._last_dtype if last else self._dtype
        h = StridedTranspose(
            channels, KERNEL, use_bias=False, kernel_initializer=self._normal(path), dtype=dtype, name=name
        )(h)
        # A border was once cut off here. A network's depth determines the order of its weights, in saved runs too.
        return layers.Identity(dtype=dtype, name=f"crop_{name}")(h)

    def _latent(self, path: str, channels: int, z: Tensor) -> Tensor:
        """What z adds to each channel."""
        name = path.split("/")[-1]
        h = self._dense(path, channels, self.config.latent_stddev)(z)
        return layers.Reshape((1, 1, channels), dtype=self._dtype, name=f"map_{name}")(h)
