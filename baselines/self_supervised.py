"""What one would use instead: encoders trained by the agreement of views alone, without a generator.

The encoder, the views and the head are those of `bigan_views`; what is missing is the adversary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bigan.models.agreement import Agreement
from bigan.types import Tensor

if TYPE_CHECKING:
    from bigan.config import Config


class SelfSupervised(Agreement):
    """E, trained to agree on views; subclasses say by which loss."""

    samples_prior = False
    by = ""  # the loss, as the field `agreement` names it

    def configure(self, config: Config) -> None:
        """Takes views, temperature and head from the configuration, and the loss from the class."""
        super().configure(config.replace(agreement=self.by))

    def terms(self, x: Tensor, z: Tensor, training: bool, **drawn: Tensor) -> dict[str, Tensor]:
        """loss = the agreement and, if it is weighted, the rotation."""
        first, second = self.both_views(x, drawn, training)
        compared = self.compared(first, training), self.compared(second, training)
        return self.added({"loss": 0.0}, first, compared, drawn, training)


class SimCLR(SelfSupervised):
    """NT-Xent (Chen et al. 2020): the other view is told from all other examples'."""

    by = "nt_xent"


class VICReg(SelfSupervised):
    """Variance, invariance and covariance (Bardes et al. 2022): no negatives."""

    by = "vicreg"


class IMSAT(SelfSupervised):
    """The information that E's outputs, as logits of clusters, have of an example (Hu et al. 2017).

    The virtual adversarial view is the package's: it is moved where the logits turn, not where the divergence grows
    most, and equally far for all examples.
    """

    by = "information"
