"""Latent regressors (section 5.3.1): a GAN, and an encoder that learns z from G(z) and never sees real x.

E's loss is the sigmoid cross-entropy between its linear output and z mapped to [0, 1], averaged over the dimensions
of z. It is trained beside the GAN, as in the released code (the thesis also trains it afterwards).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import ops

from baselines.gan import GAN
from bigan.errors import UserError
from bigan.models import objective
from bigan.types import Tensor

if TYPE_CHECKING:
    from bigan.networks.family import Family


class LatentRegressor(GAN):
    """E regresses z from G(z); no gradient of that loss reaches G."""

    logged = (*GAN.logged, "loss_E")

    @classmethod
    def build_networks(cls, family: Family) -> dict[str, keras.Model]:
        """The GAN's networks, and E with its output layer initialized to zero (released code).

        Raises:
            UserError: if E would not take what G makes.
        """
        networks = super().build_networks(family) | {"encoder": family.encoder(output_stddev=0.0)}
        made, taken = networks["generator"].output_shape[1:], networks["encoder"].inputs[0].shape[1:]
        if tuple(made) != tuple(taken):
            raise UserError(
                f"`method`: {cls.__name__} gives E what G makes, so both must have one size; "
                f"here E takes {tuple(taken)} and G makes {tuple(made)}; use `resolution=0`, or another method"
            )
        return networks

    def terms(self, x: Tensor, z: Tensor, training: bool) -> dict[str, Tensor]:
        """loss = the GAN's + E's regression."""
        generated = self.generator(z, training=training)
        terms = self.adversarial(x, generated, training)
        regression = self.latent.cross_entropy(self.encoder(ops.stop_gradient(generated), training=training), z)
        return terms | {"loss": terms["loss"] + regression, "loss_E": regression}


class JointLatentRegressor(LatentRegressor):
    """As the latent regressor, and G descends its adversarial loss + 0.25 x the regression (weight 1 degenerates)."""

    generator_weight = 0.25

    def terms(self, x: Tensor, z: Tensor, training: bool) -> dict[str, Tensor]:
        """loss = the latent regressor's + 0.25 x the regression, seen by G alone."""
        generated = self.generator(z, training=training)
        terms = self.adversarial(x, generated, training)
        regression = self.latent.cross_entropy(self.encoder(ops.stop_gradient(generated), training=training), z)
        through = self.latent.cross_entropy(objective.apply_frozen(self.encoder, generated, training), z)
        loss = terms["loss"] + regression + self.generator_weight * through
        return terms | {"loss": loss, "loss_E": regression}
