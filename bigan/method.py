"""The interface of every method: one Keras model, one scalar loss, one optimizer; encode, generate, reconstruct.

A method is a subclass that says which networks it needs (`build`) and what it descends (`terms`). Training, resuming,
evaluation, dumps and transfer ask nothing else of it, so a method of your own is one file:

    class Mine(bigan.Method):
        logged = ("distance",)

        @classmethod
        def build_networks(cls, family): return {"encoder": family.encoder(), "generator": family.generator()}
        def terms(self, x, z, training): return {"loss": ..., "distance": ...}
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from bigan import devices, files
from bigan.config import Config
from bigan.data.crops import Crops, Images
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.imports import resolve
from bigan.inference import Forward
from bigan.latent import Uniform
from bigan.optimizer import ConstantThenExponential, DecayedAdam
from bigan.resizing import resize
from bigan.statistics import StatisticsEstimator


class Method(keras.Model):
    """Base of all methods.

    Args:
        spec: shape and raw value range of one example.
        latent: distribution of z.
        value_range: range of x inside the networks, e.g. (0, 1).
        networks: Keras models by role: 'encoder', 'generator', 'discriminator'; those the method has.

    G and D live at `image_shape`: x's or, in a generalized BiGAN (section 5.2.5), smaller; see `reduce`.
    Inputs in training: `{"x": (batch, *spec.shape) raw, "z": (batch, d) float32}`.
    """

    def __init__(
        self, spec: Spec, latent: Uniform, value_range: tuple[float, float], networks: dict[str, keras.Model]
    ) -> None:
        super().__init__(name=type(self).__name__.lower())
        self.spec, self.latent, self.value_range = spec, latent, value_range
        self.encoder: Any = networks.get("encoder")
        self.generator: Any = networks.get("generator")
        self.discriminator: Any = networks.get("discriminator")
        self.image_shape: tuple[int, ...] = spec.shape
        if self.generator is not None:
            self.image_shape = tuple(self.generator.output_shape[1:])
        elif self.discriminator is not None:
            self.image_shape = tuple(self.discriminator.inputs[0].shape[1:])
        self.replicas = 1
        self._trackers = {name: keras.metrics.Mean(name=name) for name in self.logged}
        self._cached: dict[Any, Any] = {}
        self.built = True

    # What a method defines.

    logged: tuple[str, ...] = ()
    xla_on_cpu = True  # this and the next: see `bigan.networks.Family`
    unpadded_transfer = False
    samples_prior = True  # whether G is trained on z from the latent distribution, so that its samples mean something

    @classmethod
    def build_networks(cls, family: Any) -> dict[str, keras.Model]:
        """The networks this method trains, made by `family` (see `bigan.networks.MLP`), by role."""
        raise NotImplementedError(f"{cls.__name__} must define build_networks(family)")

    def terms(self, x: Any, z: Any, training: bool) -> dict[str, Any]:
        """Scalars by name from scaled x and latents z: 'loss' is descended, those in `logged` are logged."""
        raise NotImplementedError(f"{type(self).__name__} must define terms(x, z, training)")

    # Training.

    @classmethod
    def create(cls, config: Config, spec: Spec) -> Method:
        """The method with fresh networks of the configured family, compiled with the thesis's Adam and schedule."""
        family = resolve(config.networks, "encoder")(config, spec)
        model = cls(spec, Uniform(config.latent_dim), family.value_range, cls.build_networks(family))
        model.xla_on_cpu = getattr(family, "xla_on_cpu", True)
        model.unpadded_transfer = getattr(family, "unpadded_transfer", False)
        return model

    def compile_for(self, config: Config, steps_per_epoch: int, jit_compile: bool) -> None:
        """Compiles with Adam and the schedule of `config` (section 5.5.3), and builds the optimizer's state."""
        schedule = ConstantThenExponential(
            config.learning_rate, config.final_learning_rate, config.epochs * steps_per_epoch
        )
        adam = DecayedAdam(
            config.weight_decay,
            learning_rate=schedule,
            beta_1=config.beta_1,
            beta_2=config.beta_2,
            epsilon=config.epsilon,
        )
        adam.build(self.trainable_variables)
        self.replicas = config.replicas
        if jit_compile and keras.backend.backend() == "tensorflow":
            devices.keep_freed_memory()
        self.compile(optimizer=adam, loss=None, jit_compile=jit_compile)

    def call(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """The method's terms on one minibatch."""
        return self.terms(self.scale(inputs["x"]), ops.convert_to_tensor(inputs["z"]), training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True) -> Any:
        """The scalar that is descended: the terms' 'loss', and what losses the networks' layers add."""
        for name in self.logged:
            self._trackers[name].update_state(y_pred[name])
        loss = y_pred["loss"] + sum(self.losses)
        if self.replicas > 1 and keras.backend.backend() == "tensorflow":
            loss = loss / self.replicas  # MirroredStrategy sums gradients over replicas
        return loss

    @property
    def networks(self) -> dict[str, keras.Model]:
        """The networks the method has, by role."""
        roles = {"encoder": self.encoder, "generator": self.generator, "discriminator": self.discriminator}
        return {role: network for role, network in roles.items() if network is not None}

    # Raw values and the networks' range.

    def scale(self, raw: Any) -> Any:
        """Raw examples (tensor, any dtype) to float tensors in `value_range`, on the device."""
        scale, offset = self._affine
        return ops.reshape(ops.cast(raw, "float32") * scale + offset, (-1, *self.spec.shape))

    def reduce(self, x: Any) -> Any:
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

    # What a trained method does. Arrays in, arrays out, batch by batch.

    @property
    def representation(self) -> keras.Model:
        """The network whose features are evaluated: the encoder or, without one, the discriminator of x."""
        network = self.encoder or self.discriminator
        if network is None:
            raise UserError(f"{type(self).__name__} has neither an encoder nor a discriminator to take features from")
        return network

    def features(self, images: Images, layer: str = "hidden") -> np.ndarray:
        """Activations of one layer, flattened to `(n, k)` float32.

        Args:
            images: `(n, *spec.shape)` raw examples.
            layer: a layer's name; 'hidden' is the layer before the output, 'output' the linear output.

        Raises:
            UserError: if there is no such layer (the line lists those there are), or on a wrong shape.
        """
        if ("features", layer) not in self._cached:
            self._cached["features", layer] = Forward([(self.tap(layer), _flat)], self._represented)
        return self._cached["features", layer](self._check(images))

    def tap(self, layer: str) -> keras.Model:
        """The representation network up to `layer`: scaled x -> activations."""
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

    def encode(self, images: Images) -> np.ndarray:
        """E(x), squashed onto the latent's support: `(n, *spec.shape)` raw -> `(n, d)` float32."""
        return self._chain("encode", "E")(self._check(images))

    def generate(self, z: np.ndarray, raw: bool = True) -> np.ndarray:
        """G(z): `(n, d)` -> `(n, *image_shape)`, raw examples or, with `raw=False`, float32 in `value_range`."""
        return self._raw(self._chain("generate", "G")(self._check_latents(z)), raw)

    def reconstruct(self, images: Images, raw: bool = True) -> np.ndarray:
        """G(E(x)), `(n, *image_shape)`; raw examples or, with `raw=False`, float32 in `value_range`."""
        return self._raw(self._chain("reconstruct", "EG")(self._check(images)), raw)

    def regenerate(self, z: np.ndarray, raw: bool = True) -> np.ndarray:
        """G(E(G(z))): what becomes of generated images; raw examples or, with `raw=False`, in `value_range`.

        Raises:
            UserError: if E does not take what G makes, at its smaller size.
        """
        if self.image_shape != self.spec.shape:
            raise UserError(f"E takes images of {self.spec.shape}, and G makes images of {self.image_shape}")
        return self._raw(self._chain("regenerate", "GEG")(self._check_latents(z)), raw)

    def targets(self, images: Images, raw: bool = False) -> np.ndarray:
        """`images` as G should make them: at its resolution, float32 in `value_range` or, with `raw`, as they came."""
        if self.image_shape == self.spec.shape:
            images = np.asarray(self._check(images))
            scale, offset = self._affine
            return images if raw else images.astype(np.float32) * scale + offset
        if "targets" not in self._cached:
            self._cached["targets"] = Forward([], lambda images: self.reduce(self.scale(images)))
        return self._raw(self._cached["targets"](self._check(images)), raw)

    def _represented(self, raw: Any) -> Any:
        x = self.scale(raw)
        return x if self.encoder is not None else self.reduce(x)

    def estimate_statistics(self, images: Iterable[np.ndarray], latents: Iterable[np.ndarray]) -> int:
        """Re-estimates batch-norm statistics: E's (or D's) over raw minibatches of real x, G's over minibatches of z.

        Returns:
            The number of minibatches of x.
        """
        if "statistics" not in self._cached:
            self._cached["statistics"] = (
                StatisticsEstimator(self.representation, self._represented),
                StatisticsEstimator(self.generator) if self.generator is not None else None,
            )
        representation, generator = self._cached["statistics"]
        if generator is not None:
            generator.estimate(latents)
        return representation.estimate(images)

    def export_encoder(self, path: str | Path, output: str = "latent") -> None:
        """Writes a plain `.keras` model (raw x in, stock layers only) that loads without this package.

        Args:
            path: must end in `.keras`.
            output: 'latent' for E(x) on the latent's support, or a layer's name as in `features`.
        """
        if not str(path).endswith(".keras"):
            raise UserError(f"the exported encoder's name must end in .keras. Received: {path}")
        scale, offset = self.spec.affine(self.value_range)
        x = layers.Input(self.representation.inputs[0].shape[1:], dtype=self.spec.dtype, name="images")
        h = layers.Rescaling(scale, offset, name="scale")(x)
        if output == "latent":
            self._need("encoder", "encode")
            h = layers.Rescaling(0.5, name="half")(self.tap("output")(h))
            h = layers.Activation("tanh", name="latent")(h)  # 2 sigmoid(t) - 1 = tanh(t / 2)
        else:
            h = self.tap(output)(h)
        model = keras.Model(x, h, name="encoder")
        with files.replacing(Path(path)) as aside, devices.silent_libraries():  # Keras on JAX imports TensorFlow here
            model.save(aside)

    @property
    def encodes_generated(self) -> bool:
        """Whether E can take what G makes: not so in a generalized BiGAN."""
        return self.encoder is not None and self.generator is not None and self.image_shape == self.spec.shape

    def _chain(self, verb: str, networks: str) -> Forward:
        if verb not in self._cached:
            links = {"E": ("encoder", self.latent.squash), "G": ("generator", None)}
            chain = [(self._need(role, verb), after) for role, after in (links[n] for n in networks)]
            self._cached[verb] = Forward(chain, self.scale if networks[0] == "E" else None)
        return self._cached[verb]

    def _need(self, role: str, verb: str) -> keras.Model:
        if role not in self.networks:
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
        if self.spec.shape == (*images.shape[1:], 1):
            images = images[..., None]
        if (self.spec.dtype == "uint8") != (images.dtype == np.uint8) or images.dtype.kind not in "fiu":
            raise UserError(f"images must be {self.spec.dtype}, as in training. Received: {images.dtype}")
        if images.shape[1:] != self.spec.shape or not len(images):
            raise UserError(f"images must have shape (n, {', '.join(map(str, self.spec.shape))}) with n > 0. "
                            f"Received: {images.shape}")  # fmt: skip
        return images


def _flat(h: Any) -> Any:
    return ops.cast(ops.reshape(h, (ops.shape(h)[0], -1)), "float32")
