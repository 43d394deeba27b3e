"""What all families share: seeded layers without biases, batch normalization, the shapes of x and of G's images."""

from __future__ import annotations

import zlib

import keras
from keras import layers

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.latents import Latent
from bigan.networks import spectral
from bigan.networks.normalization import BatchNormalization
from bigan.types import Tensor


class Family:
    """Base of the families: subclasses define `encoder`, `generator` and `discriminator`.

    Args:
        config: widths, variant, initialization, precision and seed are read.
        spec: shape of one example.
        latent: distribution of z: its dimension is what G takes, its head's size what E gives.
    """

    value_range = (-1.0, 1.0)  # of x inside the networks, and of what G makes
    unpadded_transfer = False  # whether the first convolution and the pools lose their padding when transferred
    xla_on_cpu = True  # whether XLA trains these networks faster on a CPU than TensorFlow's own kernels do

    def __init__(self, config: Config, spec: Spec, latent: Latent) -> None:
        self.config, self.spec, self.latent = config, spec, latent

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of what G makes and D sees: x's or, if `resolution` is given, smaller (section 5.2.5)."""
        resolution = self.config.resolution
        if not resolution:
            return self.spec.shape
        if len(self.spec.shape) != 3 or resolution > min(self.spec.shape[:2]):
            raise UserError(f"`resolution` must be at most the edge of x, {self.spec.shape}. Received: {resolution}")
        return (resolution, resolution, self.spec.shape[2])

    def encoder(self, output_stddev: float | None = None) -> keras.Model:
        """x -> `latent.head_size` numbers, before the squashing onto the latent's support.

        Args:
            output_stddev: initial standard deviation of the last layer, if not `init_stddev`.
        """
        raise UserError(f"`networks`: {type(self).__name__} must define encoder(output_stddev)")

    def generator(self) -> keras.Model:
        """z -> image."""
        raise UserError(f"`networks`: {type(self).__name__} must define generator()")

    def discriminator(self, joint: bool = True) -> keras.Model:
        """(image, z) -> one logit; with `joint=False`, the plain GAN's image -> logit."""
        raise UserError(f"`networks`: {type(self).__name__} must define discriminator(joint)")

    # Layers. Paths are 'network/layer': the layer's name is the last part.

    def on_hidden(self, encoder: keras.Model, role: str, units: int) -> keras.Model:
        """A linear layer on E's hidden layer, as a network called `role`: hidden layer -> `(batch, units)`."""
        hidden = layers.Input(encoder.outputs[0]._keras_history.operation.input.shape[1:], name="hidden")
        return keras.Model(hidden, self._dense(f"{role}/output", units, last=True)(hidden), name=role)

    def _dense(self, path: str, units: int, stddev: float | None = None, last: bool = False) -> layers.Dense:
        return spectral.dense(
            self._is_spectral(path),
            units,
            use_bias=False,
            kernel_initializer=self._normal(path, stddev),
            dtype=self._last_dtype if last else self._dtype,
            name=path.split("/")[-1],
        )

    def _normal(self, path: str, stddev: float | None = None) -> keras.initializers.Initializer | str:
        # A seed of its own for each layer: weights do not depend on what else was built before, nor on global state.
        seed = zlib.crc32(f"{self.config.seed}/{path}".encode())
        stddev = self.config.init_stddev if stddev is None else stddev
        return keras.initializers.RandomNormal(0.0, stddev, seed=seed) if stddev else "zeros"

    def _normalize(self, name: str, h: Tensor, affine: bool = False) -> Tensor:
        """Batch normalization; `affine`: with learned scale and bias."""
        norm = BatchNormalization(
            epsilon=self.config.batchnorm_epsilon, center=affine, scale=affine, dtype=self._dtype, name=name
        )
        return norm(h)

    def _normalize_discriminator(self, name: str, h: Tensor, affine: bool = False) -> Tensor:
        """What `discriminator_norm` says. By layer: each example by itself, over its whole feature map."""
        if self.config.discriminator_norm == "layer":
            return layers.GroupNormalization(
                1,
                epsilon=self.config.batchnorm_epsilon,
                center=affine,
                scale=affine,
                dtype=self._dtype,
                name=name,
            )(h)
        return h if self.config.discriminator_norm == "none" else self._normalize(name, h, affine)

    def _is_spectral(self, path: str) -> bool:
        return self.config.spectral and path.startswith("discriminator/")

    def _leaky(self, name: str, h: Tensor) -> Tensor:
        return layers.LeakyReLU(negative_slope=0.2, dtype=self._dtype, name=name)(h)

    def _relu(self, name: str, h: Tensor) -> Tensor:
        return layers.ReLU(dtype=self._dtype, name=name)(h)

    def _add(self, name: str, *terms: Tensor) -> Tensor:
        return layers.Add(dtype=self._dtype, name=name)(list(terms))

    @property
    def _dtype(self) -> str | None:
        """Of hidden layers: None is Keras's own setting."""
        return "mixed_bfloat16" if self.config.precision == "bfloat16" else None

    @property
    def _last_dtype(self) -> str | None:
        """Of outputs, which are not rounded to bfloat16, nor are the losses on them."""
        return "float32" if self.config.precision == "bfloat16" else None
