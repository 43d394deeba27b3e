"""BiGAN (section 5.2): E, G and a joint discriminator D(x, z), updated simultaneously by one optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import ops

from bigan.models import objective
from bigan.models.method import Method
from bigan.types import Tensor

if TYPE_CHECKING:
    from bigan.networks.family import Family


class BiGAN(Method):
    """Bidirectional GAN with the inverse objective (sections 5.2.4 and 5.5.2).

    One scalar holds both objectives. D is called on pairs whose x or z is cut off from E and G: that part moves D
    alone. E and G see D through `apply_frozen`: that part moves E and G alone. XLA merges the doubled forward pass.
    """

    logged: tuple[str, ...] = ("loss_D", "loss_E", "loss_G", "D_real", "D_generated")

    @classmethod
    def build_networks(cls, family: Family) -> dict[str, keras.Model]:
        """E, G and the joint D."""
        return {
            "encoder": family.encoder(),
            "generator": family.generator(),
            "discriminator": family.discriminator(joint=True),
        }

    def terms(self, x: Tensor, z: Tensor, training: bool) -> dict[str, Tensor]:
        """loss = D's loss + 1/2 (E's term + G's term). Real and generated pairs are batches of their own."""
        encoded = self.latent.squash(self.encoder(x, training=training))
        x = self.reduce(x)
        generated = self.generator(z, training=training)

        real_pair = self.discriminator([x, ops.stop_gradient(encoded)], training=training)
        generated_pair = self.discriminator([ops.stop_gradient(generated), z], training=training)
        loss_d = objective.discriminator_loss(real_pair, generated_pair)

        loss_e = objective.encoder_loss(objective.apply_frozen(self.discriminator, [x, encoded], training))
        loss_g = objective.generator_loss(objective.apply_frozen(self.discriminator, [generated, z], training))

        return {
            "loss": loss_d + 0.5 * (loss_e + loss_g),
            "loss_D": loss_d,
            "loss_E": loss_e,
            "loss_G": loss_g,
            "D_real": ops.mean(ops.sigmoid(real_pair)),
            "D_generated": ops.mean(ops.sigmoid(generated_pair)),
        }
