"""The interface of every method: one Keras model of any number of networks, one scalar loss, one optimizer.

A method is a subclass that says which networks it needs (`build_networks`), what a training step gets (`step_inputs`)
and what it descends (`terms`). Training, resuming, evaluation, dumps and transfer ask nothing else of it, so a method
of your own is one file:

    class Mine(bigan.Method):
        logged = ("distance",)

        @classmethod
        def build_networks(cls, family):
            return {"encoder": family.encoder(), "generator": family.generator()}

        def terms(self, x, z, training):
            return {"loss": ..., "distance": ...}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import keras
from keras import ops

from bigan.config import Config
from bigan.data.batches import IMAGES_AND_LATENTS
from bigan.data.inputs import StepInput
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.latents import Latent
from bigan.models.inference import Inference
from bigan.networks import size
from bigan.registry import LATENTS, METHODS, NETWORKS
from bigan.streams import Stream
from bigan.types import Tensor

if TYPE_CHECKING:
    from bigan.networks.family import Family

# Encoder, generator and discriminator come first, in this order, whatever order a method names them in: the optimizer's
# state is saved by the variables' places.
FIRST = ("encoder", "generator", "discriminator")


class Method(Inference, keras.Model):
    """Base of all methods.

    Args:
        spec: shape and raw value range of one example.
        latent: distribution of z.
        value_range: range of x inside the networks, e.g. (0, 1).
        networks: Keras models by role, any number of them. All are trained, saved, resumed and counted alike;
            inference knows 'encoder', 'generator' and 'discriminator'.

    G and D live at `image_shape`: x's or, in a generalized BiGAN (section 5.2.5), smaller; see `reduce`.
    """

    logged: tuple[str, ...] = ()  # names of the terms that are logged beside the loss
    samples_prior = True  # whether G is trained on z from the latent distribution, so that its samples mean something
    xla_on_cpu = True  # this and the next: see `bigan.networks.Family`
    unpadded_transfer = False

    def __init__(
        self, spec: Spec, latent: Latent, value_range: tuple[float, float], networks: Mapping[str, keras.Model]
    ) -> None:
        super().__init__(name=type(self).__name__.lower())
        self.spec, self.latent, self.value_range = spec, latent, value_range
        order = [role for role in FIRST if role in networks] + [role for role in networks if role not in FIRST]
        self.networks: dict[str, keras.Model] = {role: networks[role] for role in order}
        self.image_shape: tuple[int, ...] = spec.shape
        if "generator" in networks:
            self.image_shape = tuple(networks["generator"].output_shape[1:])
        elif "discriminator" in networks:
            self.image_shape = tuple(networks["discriminator"].inputs[0].shape[1:])
        self.replicas = 1
        self._trackers = {name: keras.metrics.Mean(name=name) for name in self.logged}
        self.built = True

    # What a method defines.

    @classmethod
    def build_networks(cls, family: Family) -> dict[str, keras.Model]:
        """The networks that this method trains, made by `family`, by role."""
        raise UserError(f"`method`: {cls.__name__} must define build_networks(family)")

    def configure(self, config: Config) -> None:
        """Takes what the method needs of the configuration beside its networks; called when it is made.

        Raises:
            UserError: if what is configured does not fit the method or the examples.
        """

    def log(self, *names: str) -> None:
        """Adds names of terms to `logged`, for what only some configurations have; to be called by `configure`."""
        self.logged = (*self.logged, *names)
        self._trackers |= {name: keras.metrics.Mean(name=name) for name in names}

    def step_inputs(self) -> dict[str, StepInput]:
        """What a training step gets, by the names under which `terms` takes it; see `bigan.data.inputs`."""
        return IMAGES_AND_LATENTS

    def terms(self, *args: Any, **inputs: Any) -> dict[str, Tensor]:
        """Scalars by name: 'loss' is descended, those in `logged` are logged.

        Args:
            args: none; a subclass writes out what it takes, e.g. `terms(self, x, z, training)`.
            inputs: by name, the tensors that `step_inputs` lists, raw ones scaled; and `training`, whether batch
                normalization uses the minibatch's own statistics.
        """
        raise UserError(f"`method`: {type(self).__name__} must define terms(x, z, training)")

    # Making and training.

    @classmethod
    def create(cls, config: Config, spec: Spec) -> Method:
        """The method with fresh networks of the configured family and latent distribution, not compiled.

        Raises:
            UserError: if networks or latent cannot be imported, do not fit the examples, or would not fit into memory.
        """
        latent = cast(type[Latent], LATENTS.resolve(config.latent))(config.latent_dim)
        drawn = latent.draw(2, config.seed, Stream.LATENT, 0, 0)
        if drawn.shape != (2, latent.dim):
            raise UserError(
                f"`latent`: draw(2, ...) of {type(latent).__name__} must have shape {(2, latent.dim)}. "
                f"Received: {drawn.shape}"
            )
        family = cast("type[Family]", NETWORKS.resolve(config.networks))(config, spec, latent)
        size.need_memory(lambda: cls.build_networks(family))
        model = cls(spec, latent, family.value_range, cls.build_networks(family))
        model.configure(config)
        model.xla_on_cpu, model.unpadded_transfer = family.xla_on_cpu, family.unpadded_transfer
        return model

    def call(self, inputs: Mapping[str, Tensor], training: bool = False) -> dict[str, Tensor]:
        """The method's terms on one minibatch of raw examples."""
        entries = self.step_inputs()
        tensors = {name: ops.convert_to_tensor(value) for name, value in inputs.items()}
        tensors = {name: self.scale(value) if entries[name].raw else value for name, value in tensors.items()}
        return self._checked(self.terms(**tensors, training=training))

    def _checked(self, terms: dict[str, Tensor]) -> dict[str, Tensor]:
        name = type(self).__name__
        if not isinstance(terms, dict) or not {"loss", *self.logged} <= terms.keys():
            wanted = ", ".join(["loss", *self.logged])
            found = ", ".join(terms) if isinstance(terms, dict) else type(terms).__name__
            raise UserError(f"`method`: {name}.terms() must return a dictionary with {wanted}. Received: {found}")
        for term in ("loss", *self.logged):
            if len(ops.shape(terms[term])):
                shape = tuple(ops.shape(terms[term]))
                raise UserError(f"`method`: {name}.terms() must return scalars; {term!r} has the shape {shape}")
        return terms

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """The scalar that is descended: the terms' 'loss', and what losses the networks' layers add."""
        for name in self.logged:
            self._trackers[name].update_state(y_pred[name])
        loss = y_pred["loss"] + sum(self.losses)
        if self.replicas > 1 and keras.backend.backend() == "tensorflow":
            loss = loss / self.replicas  # MirroredStrategy sums gradients over replicas
        return loss

    @property
    def encoder(self) -> keras.Model:
        """E: scaled x -> linear output, before it is squashed onto the latent's support. A KeyError without one."""
        return self.networks["encoder"]

    @property
    def output_layer(self) -> keras.Layer:
        """E's last layer: hidden layer -> linear output."""
        return self.encoder.outputs[0]._keras_history.operation

    @property
    def generator(self) -> keras.Model:
        """G: z -> x, scaled. A KeyError without one."""
        return self.networks["generator"]

    @property
    def discriminator(self) -> keras.Model:
        """D: x, or x and z, -> logit. A KeyError without one."""
        return self.networks["discriminator"]


def create(config: Config, spec: Spec) -> Method:
    """The configured method with fresh networks, not compiled.

    Raises:
        UserError: if the method, its networks or its latent cannot be imported, or do not fit the examples.
    """
    return cast(type[Method], METHODS.resolve(config.method)).create(config, spec)
