"""A BiGAN whose encoder also agrees on views: features that are invariant, with a generator and an inverse.

D and G see no augmentation. E's pair (x, E(x)) is of the example as it is; the views are further passes of E alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from bigan.models.agreement import Agreement, head
from bigan.models.bigan import BiGAN
from bigan.types import Tensor

if TYPE_CHECKING:
    from bigan.config import Config
    from bigan.networks.family import Family


class BiGANViews(BiGAN, Agreement):
    """BiGAN's losses, and `agreement_weight` times the agreement of two views."""

    logged = (*BiGAN.logged, "agreement")

    def configure(self, config: Config) -> None:
        """Takes the weight of the agreement too."""
        super().configure(config)
        self.agreement_weight = config.agreement_weight

    @classmethod
    def build_networks(cls, family: Family) -> dict[str, keras.Model]:
        """E, G, the joint D, and the head if `projection` asks for one."""
        return BiGAN.build_networks(family) | head(family)

    def terms(self, x: Tensor, z: Tensor, training: bool, **drawn: Tensor) -> dict[str, Tensor]:
        """loss = BiGAN's + the weighted agreement, which moves E (and its head) alone."""
        terms = super().terms(x, z, training)
        agreement = self.agreement(x, drawn, training)
        return terms | {"loss": terms["loss"] + self.agreement_weight * agreement, "agreement": agreement}
