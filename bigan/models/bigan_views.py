"""A BiGAN whose encoder also agrees on views: features that are invariant, with a generator and an inverse.

D and G see no augmentation. The views are further passes of E alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import ops

from bigan.data import inputs
from bigan.data.inputs import StepInput
from bigan.models import rotation
from bigan.models.agreement import Agreement, head, own_layer
from bigan.models.bigan import BiGAN
from bigan.types import Tensor

if TYPE_CHECKING:
    from bigan.config import Config
    from bigan.networks.family import Family


class BiGANViews(BiGAN, Agreement):
    """BiGAN's losses, and `agreement_weight` times the agreement of two views.

    E's pair is (x, E(x)) or, with `pair_view`, (x, E(first view of x)): one pass of E less, unless just one of
    `adversary_moves` and `agreement_layer` cuts E's hidden layers off.
    """

    logged = (*BiGAN.logged, "agreement")

    def configure(self, config: Config) -> None:
        """Takes the agreement's weight and its schedule too."""
        self.trains_all_of_encoder = config.agreement_weight > 0
        super().configure(config)
        self.agreement_weight, self.schedule = config.agreement_weight, config.agreement_schedule
        self.pair_view, self.epochs = config.pair_view, config.epochs

    @classmethod
    def build_networks(cls, family: Family) -> dict[str, keras.Model]:
        """E, G, the joint D, and what `agreement_layer`, `projection` and `rotation_weight` ask for."""
        networks = BiGAN.build_networks(family)
        encoder = networks["encoder"]
        return networks | own_layer(family, encoder) | head(family) | rotation.head(family, encoder)

    def step_inputs(self) -> dict[str, StepInput]:
        """BiGAN's, what is drawn for two views and, where the weight changes, how far training is."""
        given = super().step_inputs()
        return given if self.schedule == "constant" else given | {"progress": inputs.progress(self.epochs)}

    def terms(
        self,
        x: Tensor,
        z: Tensor,
        training: bool,
        noise: Tensor | None = None,
        progress: Tensor | None = None,
        **drawn: Tensor,
    ) -> dict[str, Tensor]:
        """loss = BiGAN's + the weighted agreement, which moves E (and its head) alone."""
        first, second = self.both_views(x, drawn, training)
        compared = self.compared(first, training), self.compared(second, training)
        terms = self.adversarial_terms(x, z, training, noise, self._paired(first, compared[0][0], training))
        return self.added(terms, first, compared, drawn, training, self._weight(progress))

    def _paired(self, view: Tensor, linear: Tensor, training: bool) -> Tensor | None:
        """E's linear output of the view that is paired with x; None if x itself is."""
        if not self.pair_view:
            return None
        same = self.moves_output == self.has("agreement")  # gradients of `linear` end where the adversary's must
        return linear if same else self.linear(view, training)

    def _weight(self, progress: Tensor | None) -> Tensor | float:
        if progress is None:
            return self.agreement_weight
        done = ops.mean(progress)
        return self.agreement_weight * (done if self.schedule == "rising" else 1.0 - done)
