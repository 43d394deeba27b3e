"""What a trained method does: arrays in, arrays out, batch by batch; and the figures' way to any layer's features."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from bigan.data.crops import Crops, Images
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.latents import Latent
from bigan.models.export import write_encoder
from bigan.models.forward import Forward
from bigan.networks.batch_statistics import StatisticsEstimator
from bigan.networks.resizing import resize
from bigan.types import Tensor


class Inference:
    """The part of a method that its users see after training; `Method` brings the attributes below."""

    spec: Spec
    latent: Latent
    value_range: tuple[float, float]
    image_shape: tuple[int, ...]
    networks: dict[str, keras.Model]

    # Raw values and the networks' range.

    def scale(self, raw: Tensor) -> Tensor:
        """Raw examples (tensor, any dtype) to float tensors in `value_range`, on the device."""
        scale, offset = self._affine
        return ops.reshape(ops.cast(raw, "float32") * scale + offset, (-1, *self.spec.shape))

    def reduce(self, x: Tensor) -> Tensor:
        """g_x of section 5.2.5: x, scaled, at the resolution of G and D (the same crop, antialiased)."""
        return x if self.image_shape == self.spec.shape else resize(x, *self.image_shape[:2])

    def unscale(self, x: np.ndarray) -> np.ndarray:
        """The inverse of `scale`, in the raw dtype (rounded and clipped if integer)."""
        scale, offset = self._affine
        raw = (x - offset) / scale
        if self.spec.dtype == "uint8":
            return np.clip(np.rint(raw), 0, 255).astype(np.uint8)
        return raw.astype(self.spec.dtype)

    @functools.cached_property
    def _affine(self) -> tuple[np.ndarray, np.ndarray]:
        scale, offset = self.spec.affine(self.value_range)
        return np.asarray(scale, np.float32), np.asarray(offset, np.float32)

    # Features.

    @property
    def representation(self) -> keras.Model:
        """The network whose features are evaluated: the encoder or, without one, the discriminator of x."""
        network = self.networks.get("encoder") or self.networks.get("discriminator")
        if network is None:
            raise UserError(f"{type(self).__name__} has neither an encoder nor a discriminator to take features from")
        return network

    def tap(self, layer: str) -> keras.Model:
        """The representation network up to `layer`: scaled x -> activations.

        Args:
            layer: a layer's name; 'hidden' is the layer before the output, 'output' the linear output.

        Raises:
            UserError: if there is no such layer; the line lists the layers there are.
        """
        network = self.representation
        if layer == "hidden":
            output = network.outputs[0]._keras_history.operation.input
            if isinstance(output, list):
                raise UserError("there is no one layer before the output; name a layer instead of 'hidden'")
        elif layer == "output":
            output = network.outputs[0]
        else:
            names = [item.name for item in network.layers if not isinstance(item, layers.InputLayer)]
            if layer not in names:
                raise UserError(f"no layer {layer!r}; there are: hidden, {', '.join(names)}")
            output = network.get_layer(layer).output
        return keras.Model(network.inputs[0], output)

    def features(self, images: Images, layer: str = "hidden") -> np.ndarray:
        """Activations of one layer, flattened to `(n, k)` float32.

        Args:
            images: `(n, *spec.shape)` raw examples.
            layer: as in `tap`.

        Raises:
            UserError: if there is no such layer, or on a wrong shape or dtype.
        """
        images = self._check(images)
        return self._once(f"features {layer}", lambda: Forward([(self.tap(layer), _flat)], self._represented))(images)

    # Encoding, generating, and there and back.

    def encode(self, images: Images) -> np.ndarray:
        """E(x), squashed onto the latent's support: `(n, *spec.shape)` raw -> `(n, d)` float32.

        Raises:
            UserError: on a wrong shape or dtype, or if there is no E.
        """
        return self._chain("encode", "E")(self._check(images))

    def generate(self, z: np.ndarray, raw: bool = True) -> np.ndarray:
        """G(z): `(n, d)` -> `(n, *image_shape)`, raw examples or, with `raw=False`, float32 in `value_range`.

        Raises:
            UserError: on a wrong shape, or if there is no G.
        """
        return self._raw(self._chain("generate", "G")(self._check_latents(z)), raw)

    def reconstruct(self, images: Images, raw: bool = True) -> np.ndarray:
        """G(E(x)), `(n, *image_shape)`; raw examples or, with `raw=False`, float32 in `value_range`.

        Args:
            images: `(n, *spec.shape)` raw examples.
            raw: whether the results are, too.

        Raises:
            UserError: on a wrong shape or dtype, or if there is no E or no G.
        """
        return self._raw(self._chain("reconstruct", "EG")(self._check(images)), raw)

    def regenerate(self, z: np.ndarray, raw: bool = True) -> np.ndarray:
        """G(E(G(z))): what becomes of generated images; raw examples or, with `raw=False`, in `value_range`.

        Raises:
            UserError: on a wrong shape, or if there is no E or no G, or E does not take what G makes, a smaller image.
        """
        if self.image_shape != self.spec.shape:
            raise UserError(f"E takes images of {self.spec.shape}, and G makes images of {self.image_shape}")
        return self._raw(self._chain("regenerate", "GEG")(self._check_latents(z)), raw)

    def targets(self, images: Images, raw: bool = False) -> np.ndarray:
        """`images` as G should make them: at its resolution, float32 in `value_range` or, with `raw`, as they came.

        Raises:
            UserError: on a wrong shape or dtype.
        """
        images = self._check(images)
        if self.image_shape == self.spec.shape:
            images = np.asarray(images)
            scale, offset = self._affine
            return images if raw else images.astype(np.float32) * scale + offset
        return self._raw(self._once("targets", lambda: Forward([], lambda x: self.reduce(self.scale(x))))(images), raw)

    def has(self, *roles: str) -> bool:
        """Whether the method has networks in all of these roles."""
        return all(role in self.networks for role in roles)

    @property
    def encodes_generated(self) -> bool:
        """Whether E can take what G makes: not so in a generalized BiGAN."""
        return self.has("encoder", "generator") and self.image_shape == self.spec.shape

    # Getting ready for inference, and leaving.

    def estimate_statistics(self, images: Iterable[np.ndarray], latents: Iterable[np.ndarray]) -> int:
        """Re-estimates batch-norm statistics: E's (or D's) over raw minibatches of real x, G's over minibatches of z.

        Returns:
            The number of minibatches of x.
        """
        generator = self.networks.get("generator")
        if generator is not None:
            self._once("statistics of G", lambda: StatisticsEstimator(generator)).estimate(latents)
        estimator = self._once("statistics of E", lambda: StatisticsEstimator(self.representation, self._represented))
        return estimator.estimate(images)

    def export_encoder(self, path: str | Path, output: str = "latent") -> None:
        """Writes a plain `.keras` model (raw x in, layers of Keras's own only) that loads without this package.

        Args:
            path: must end in `.keras`.
            output: 'latent' for E(x) on the latent's support, or a layer's name as in `tap`.

        Raises:
            UserError: if there is no encoder or no such layer, or the file cannot be written.
        """
        squash = None
        if output == "latent":
            self._need("encoder", "encode")
            output, squash = "output", self.latent.exported_squash
        write_encoder(Path(path), self.tap(output), self.spec, self.value_range, squash)

    # Pieces.

    def _represented(self, raw: Tensor) -> Tensor:
        x = self.scale(raw)
        return x if self.has("encoder") else self.reduce(x)

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        """Compiled once, and kept."""
        if name not in self._programs:
            self._programs[name] = make()
        return self._programs[name]

    @functools.cached_property
    def _programs(self) -> dict[str, Any]:
        return {}

    def _chain(self, verb: str, networks: str) -> Forward:
        links = {"E": ("encoder", self.latent.squash), "G": ("generator", None)}
        chain = [(self._need(role, verb), after) for role, after in (links[n] for n in networks)]
        return self._once(verb, lambda: Forward(chain, self.scale if networks[0] == "E" else None))

    def _need(self, role: str, verb: str) -> keras.Model:
        if not self.has(role):
            raise UserError(f"{type(self).__name__} has no {role}, so it cannot {verb}")
        return self.networks[role]

    def _raw(self, x: np.ndarray, raw: bool) -> np.ndarray:
        return self.unscale(x) if raw else x

    def _check_latents(self, z: np.ndarray) -> np.ndarray:
        z = np.asarray(z, np.float32)
        if z.ndim != 2 or z.shape[1] != self.latent.dim or not len(z):
            raise UserError(f"z must have shape (n, {self.latent.dim}) with n > 0. Received: {z.shape}")
        return z

    def _check(self, images: Images) -> Images:
        images = images if isinstance(images, Crops) else np.asarray(images)
        if self.spec.shape == (*images.shape[1:], 1) and not isinstance(images, Crops):
            images = images[..., None]
        if (self.spec.dtype == "uint8") != (images.dtype == np.uint8) or images.dtype.kind not in "fiu":
            raise UserError(f"images must be {self.spec.dtype}, as in training. Received: {images.dtype}")
        if images.shape[1:] != self.spec.shape or not len(images):
            expected = ", ".join(map(str, self.spec.shape))
            raise UserError(f"images must have shape (n, {expected}) with n > 0. Received: {images.shape}")
        return images


def _flat(h: Tensor) -> Tensor:
    return ops.cast(ops.reshape(h, (ops.shape(h)[0], -1)), "float32")
