"""BiGAN (section 5.2): E, G and a joint discriminator D(x, z), updated simultaneously by one optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import ops

from bigan.data import inputs
from bigan.data.inputs import StepInput
from bigan.errors import UserError
from bigan.models import objective
from bigan.models.method import Method
from bigan.networks import heads
from bigan.types import Tensor

if TYPE_CHECKING:
    from bigan.config import Config
    from bigan.networks.family import Family

HEADS = ("joint", "x", "z")  # D's scores, where the towers of x and z are scored too


class BiGAN(Method):
    """Bidirectional GAN with the inverse objective (sections 5.2.4 and 5.5.2).

    One scalar holds both objectives. D judges each pair once (`objective.judged`): in its own loss x and z are cut off
    from E and G, which moves D alone; in those of E and G D's weights are, which moves E and G alone.

    The fields of the configuration's group `Adversary` change D's heads and losses, and add terms; by default they are
    those of the thesis.
    """

    trains_all_of_encoder = False  # whether a further loss of the method does, so that the adversary need not

    logged: tuple[str, ...] = ("loss_D", "loss_E", "loss_G", "D_real", "D_generated")

    def configure(self, config: Config) -> None:
        """Takes the fields of `Adversary`."""
        super().configure(config)
        self.hinge, self.r1 = config.adversarial == "hinge", config.r1
        if self.r1 and config.discriminator_norm != "none":
            raise UserError(
                "`r1` needs `discriminator_norm=none`: an example's score must not depend on others, and TensorFlow "
                f"differentiates normalization only once. Received: {config.discriminator_norm}"
            )
        shared = config.replicas if keras.backend.backend() == "tensorflow" else 1  # JAX's step sees all of it
        if config.adversarial_examples > config.batch_size or config.adversarial_examples % config.replicas:
            raise UserError(
                f"`adversarial_examples` must be a part of `batch_size`, {config.batch_size}, and a multiple of "
                f"`replicas`, {config.replicas}. Received: {config.adversarial_examples}"
            )
        self.part = config.adversarial_examples // shared
        self.cycle_x, self.cycle_z, self.cycle_encoder = config.cycle_x, config.cycle_z, config.cycle_encoder
        self.moves_output = config.adversary_moves == "output"
        if self.moves_output and not self.trains_all_of_encoder:
            raise UserError(
                "`adversary_moves=output` needs a method with another loss for the rest of the encoder, such as "
                f"bigan_views with an `agreement_weight`. Received: `method={config.method}`"
            )
        if self.moves_output:
            self._once("trunk", lambda: self.tap("hidden"))
        if self.cycle_z and not self.encodes_generated:
            raise UserError(
                f"`cycle_z`: E takes images of {self.spec.shape}, and G makes images of {self.image_shape}. "
                f"Received: {self.cycle_z}"
            )
        extra = {"penalty": self.r1, "cycle_distance_x": self.cycle_x, "cycle_distance_z": self.cycle_z}
        self.log(*(name for name, weight in extra.items() if weight))
        if config.heads == "unary":
            self.log(*(f"loss_D_{head}" for head in HEADS))

    @classmethod
    def build_networks(cls, family: Family) -> dict[str, keras.Model]:
        """E, G and the joint D."""
        networks = {"encoder": family.encoder(), "generator": family.generator()}
        if family.config.heads == "early":
            return networks | {"discriminator": family.discriminator(joint=True)}
        return networks | {"discriminator": heads.late(family, unary=family.config.heads == "unary")}

    def step_inputs(self) -> dict[str, StepInput]:
        """x and z and, if E gives a distribution, the noise by which one draws from it."""
        return super().step_inputs() | ({"noise": inputs.noise(self.latent.dim)} if self.latent.stochastic else {})

    def terms(self, x: Tensor, z: Tensor, training: bool, noise: Tensor | None = None) -> dict[str, Tensor]:
        """loss = D's loss + 1/2 (E's term + G's term). Real and generated pairs are batches of their own."""
        return self.adversarial_terms(x, z, training, noise)

    def adversarial_terms(
        self, x: Tensor, z: Tensor, training: bool, noise: Tensor | None = None, linear: Tensor | None = None
    ) -> dict[str, Tensor]:
        """BiGAN's terms.

        Args:
            x, z, training: as for `terms`.
            noise: `(batch, dim)`, if E gives a distribution.
            linear: E's linear output, `(batch, head_size)`, for the pairs of x, if not of x itself.
        """
        if self.part:
            x, z = x[: self.part], z[: self.part]
            noise = None if noise is None else noise[: self.part]
            linear = None if linear is None else linear[: self.part]
        linear = self.linear(x, training) if linear is None else linear
        encoded = self.latent.squash(linear) if noise is None else self.latent.sample(linear, noise)
        x = self.reduce(x)
        generated = self.generator(z, training=training)

        real, seen_real = objective.judged(self.discriminator, [x, encoded], training)
        made, seen_made = objective.judged(self.discriminator, [generated, z], training)
        losses_d = [objective.discriminator_loss(r, m, self.hinge) for r, m in zip(real, made, strict=True)]
        loss_e = sum(objective.encoder_loss(score, self.hinge) for score in seen_real)
        loss_g = sum(objective.generator_loss(score, self.hinge) for score in seen_made)

        terms = {
            "loss": sum(losses_d) + 0.5 * (loss_e + loss_g),
            "loss_D": sum(losses_d),
            "loss_E": loss_e,
            "loss_G": loss_g,
            "D_real": ops.mean(ops.sigmoid(real[0])),
            "D_generated": ops.mean(ops.sigmoid(made[0])),
        }
        if len(losses_d) > 1:
            terms |= {f"loss_D_{head}": loss for head, loss in zip(HEADS, losses_d, strict=True)}
        return self._added(terms, x, encoded, generated, z, training)

    def linear(self, x: Tensor, training: bool) -> Tensor:
        """E's linear output of scaled x, for the adversary, which moves what `adversary_moves` says."""
        if not self.moves_output:
            return self.encoder(x, training=training)
        hidden = objective.apply_frozen(self._programs["trunk"], x, training)
        return self.output_layer(hidden)

    def _added(
        self,
        terms: dict[str, Tensor],
        x: Tensor,
        encoded: Tensor,
        generated: Tensor,
        z: Tensor,
        training: bool,
    ) -> dict[str, Tensor]:
        """The terms and those that the configuration adds: R1, which moves D, and cycles (ALICE, Li et al. 2017)."""
        if self.r1:
            terms["penalty"] = objective.gradient_penalty(self.discriminator, [x, encoded], training)
            terms["loss"] = terms["loss"] + self.r1 * terms["penalty"]
        if self.cycle_x:
            known = encoded if self.cycle_encoder else ops.stop_gradient(encoded)
            again = self.generator(known, training=training)
            terms["cycle_distance_x"] = ops.mean(ops.square(again - x))
            terms["loss"] = terms["loss"] + self.cycle_x * terms["cycle_distance_x"]
        if self.cycle_z:
            again = self.latent.squash(self.linear(generated, training))
            terms["cycle_distance_z"] = ops.mean(ops.square(again - z))
            terms["loss"] = terms["loss"] + self.cycle_z * terms["cycle_distance_z"]
        return terms
