"""Autoencoders (section 5.3.2): G(E(x)) against x at G's resolution, in the l2 or the l1 distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import ops

from bigan.data.inputs import StepInput
from bigan.data.views import Views
from bigan.errors import UserError
from bigan.models.method import Method
from bigan.types import Tensor

if TYPE_CHECKING:
    from bigan.config import Config
    from bigan.networks.family import Family


class Autoencoder(Method):
    """E and G descend a distance between x and G(E(x)); subclasses say which. z is not used in training."""

    logged = ("distance",)
    samples_prior = False

    @classmethod
    def build_networks(cls, family: Family) -> dict[str, keras.Model]:
        """E and G."""
        return {"encoder": family.encoder(), "generator": family.generator()}

    def terms(self, x: Tensor, z: Tensor, training: bool) -> dict[str, Tensor]:
        """loss = the minibatch's mean distance."""
        return self.distance_from(x, x, training)

    def distance_from(self, seen: Tensor, x: Tensor, training: bool) -> dict[str, Tensor]:
        """The minibatch's mean distance of G(E(seen)) from x, as the loss."""
        again = self.generator(self.latent.squash(self.encoder(seen, training=training)), training=training)
        distance = ops.mean(self.distance(ops.reshape(self.reduce(x) - again, (ops.shape(x)[0], -1))))
        return {"loss": distance, "distance": distance}

    def distance(self, difference: Tensor) -> Tensor:
        """One number an example, `(batch,)`, from the differences `(batch, k)`."""
        raise UserError(f"`method`: {type(self).__name__} must define distance(difference)")


class AutoencoderL2(Autoencoder):
    """The sum of squared differences."""

    def distance(self, difference: Tensor) -> Tensor:
        """||x - G(E(x))||_2^2."""
        return ops.sum(ops.square(difference), axis=1)


class AutoencoderL1(Autoencoder):
    """The sum of absolute differences."""

    def distance(self, difference: Tensor) -> Tensor:
        """||x - G(E(x))||_1."""
        return ops.sum(ops.abs(difference), axis=1)


class DenoisingAutoencoder(AutoencoderL2):
    """G(E(view of x)) against x (Vincent et al. 2008): a view is cropped, recoloured, masked, as configured."""

    def configure(self, config: Config) -> None:
        """Takes the fields of the configuration's group `Views`."""
        super().configure(config)
        self.views = Views.from_config(config)
        self.views.check(self.spec)

    def step_inputs(self) -> dict[str, StepInput]:
        """What is drawn for the view."""
        return super().step_inputs() | self.views.step_inputs("seen", 1, self.spec)

    def terms(self, x: Tensor, z: Tensor, training: bool, **drawn: Tensor) -> dict[str, Tensor]:
        """loss = the minibatch's mean distance of reconstructed views from the examples."""
        return self.distance_from(self.views(x, "seen", drawn, self.value_range), x, training)
