"""The plain GAN (section 5.3.1, "Discriminator"): D(x) and G; features are taken from D, which never sees z."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import ops

from bigan.models import objective
from bigan.models.method import Method
from bigan.types import Tensor

if TYPE_CHECKING:
    from bigan.networks.family import Family


class GAN(Method):
    """D descends both halves of its loss, each weighted 1/2; G descends -log D(G(z)); simultaneous updates."""

    logged: tuple[str, ...] = ("loss_D", "loss_G", "D_real", "D_generated")

    @classmethod
    def build_networks(cls, family: Family) -> dict[str, keras.Model]:
        """G, and a D of x alone."""
        return {"generator": family.generator(), "discriminator": family.discriminator(joint=False)}

    def terms(self, x: Tensor, z: Tensor, training: bool) -> dict[str, Tensor]:
        """loss = D's loss + G's loss."""
        return self.adversarial(x, self.generator(z, training=training), training)

    def adversarial(self, x: Tensor, generated: Tensor, training: bool) -> dict[str, Tensor]:
        """The two adversarial losses on real x and on G(z)."""
        x = self.reduce(x)
        real = self.discriminator(x, training=training)
        (fake,), (seen,) = objective.judged(self.discriminator, [generated], training)
        loss_d = objective.discriminator_loss(real, fake)
        loss_g = objective.generator_loss(seen)
        return {
            "loss": loss_d + loss_g,
            "loss_D": loss_d,
            "loss_G": loss_g,
            "D_real": ops.mean(ops.sigmoid(real)),
            "D_generated": ops.mean(ops.sigmoid(fake)),
        }
