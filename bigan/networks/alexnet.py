"""The AlexNet of section 5.5.3.2: E through conv5, with batch normalization and LReLU in place of LRN and ReLU."""

from __future__ import annotations

import keras
from keras import layers, ops

from bigan.errors import UserError
from bigan.networks.dcgan import DCGAN
from bigan.types import Tensor

LOWEST = -1e30  # what max-pooling pads with: below any activation, and finite in bfloat16 too


class AlexNet(DCGAN):
    """E is AlexNet's convolutions (Krizhevsky et al. 2012), G and D are DCGAN's.

    Channels scale with `width` / 64; `groups` is 2 as in the thesis, or 1. conv1 and the pools are padded in training
    as in the released code (not when transferred). Taps: conv1, pool1, conv2, pool2, conv3, conv4, conv5.
    """

    unpadded_transfer = True

    def encoder(self, output_stddev: float | None = None) -> keras.Model:
        """conv1..conv5, flattened, and a dense layer; no normalization after conv1 in the released variant."""
        x = layers.Input(self.spec.shape, name="x")
        return self._encoder_model(x, self._trunk("encoder", x), output_stddev)

    def _trunk(self, network: str, h: Tensor) -> Tensor:
        groups = self.config.groups
        if self.config.width % 4:
            raise UserError(f"`width` must be a multiple of 4 for AlexNet. Received: {self.config.width}")
        h = self._block(network, 1, 96, h, kernel=11, stride=4, norm=self.config.variant == "thesis")
        h = self._pool("pool1", h)
        h = self._block(network, 2, 256, h, kernel=5, groups=groups)
        h = self._pool("pool2", h)
        h = self._block(network, 3, 384, h)
        h = self._block(network, 4, 384, h, groups=groups)
        return self._block(network, 5, 256, h, groups=groups)

    def _block(
        self,
        network: str,
        i: int,
        channels: int,
        h: Tensor,
        kernel: int = 3,
        stride: int = 1,
        groups: int = 1,
        norm: bool = True,
    ) -> Tensor:
        channels = channels * self.config.width // 64
        path = f"{network}/linear{i}"
        if groups == 1:
            h = self._conv(path, channels, kernel, stride)(h)
        else:
            # A convolution for each group: grouped kernels are slow or missing on CPUs.
            parts = enumerate(ops.split(h, groups, axis=-1))
            pieces = [self._conv(f"{path}{chr(97 + j)}", channels // groups, kernel, stride)(p) for j, p in parts]
            h = layers.Concatenate(dtype=self._dtype, name=f"linear{i}")(pieces)
        if norm:
            normalize = self._normalize_discriminator if network == "discriminator" else self._normalize
            h = normalize(f"norm{i}", h, affine=True)
        return self._leaky(f"conv{i}", h)

    def _pool(self, name: str, h: Tensor) -> Tensor:
        """3 x 3 maximum at stride 2, padded by 1 on each side."""
        h = ops.pad(h, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=LOWEST)
        return layers.MaxPooling2D(3, strides=2, dtype=self._dtype, name=name)(h)


class AlexNetDiscriminator(AlexNet):
    """The `gan` baseline whose D is E's AlexNet, for a fair comparison of features (section 5.5.3.2)."""

    def discriminator(self, joint: bool = True) -> keras.Model:
        """AlexNet's convolutions and a dense layer to the logit.

        Raises:
            UserError: for a joint D, or if D would not see x at E's size.
        """
        if joint:
            raise UserError("`networks=alexnet_discriminator` is for `method=gan`, whose D sees no z")
        if self.image_shape != self.spec.shape:
            raise UserError(
                "`networks=alexnet_discriminator` needs images from G at x's size: "
                f"`resolution={self.config.resolution}` is below it"
            )
        x = layers.Input(self.image_shape, name="x")
        h = layers.Flatten(name="flatten")(self._trunk("discriminator", x))
        return keras.Model(x, self._dense("discriminator/output", 1, last=True)(h), name="discriminator")
