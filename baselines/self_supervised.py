"""What one would use instead: encoders trained by the agreement of views alone, without a generator.

The encoder, the views and the head are those of `bigan_views`.
"""

from __future__ import annotations

from bigan.models.agreement import Agreement
from bigan.types import Tensor


class SelfSupervised(Agreement):
    """E, trained to agree on views; `agreement` says by which loss."""

    samples_prior = False

    def terms(self, x: Tensor, z: Tensor, training: bool, **drawn: Tensor) -> dict[str, Tensor]:
        """loss = the agreement."""
        agreement = self.agreement(x, drawn, training)
        return {"loss": agreement, "agreement": agreement}
