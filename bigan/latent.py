"""The latent distribution p(z): uniform on [-1, 1]^d (section 5.3.2).

z is drawn with NumPy, as a function of explicit integers: the same z on every backend, after every resume, and
different z in every replica, which Keras's SeedGenerator gives none of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bigan.streams import generator


@dataclass(frozen=True)
class Uniform:
    """Uniform on [-1, 1]^dim.

    Args:
        dim: number of latent dimensions d.

    Example:
        >>> Uniform(50).draw(128, 0, 3).shape
        (128, 50)
    """

    dim: int

    def draw(self, count: int, *key: int) -> np.ndarray:
        """`(count, dim)` float32 latents, a function of `count` and the integers of `key` alone."""
        return (2.0 * generator(*key).random((count, self.dim), dtype=np.float32) - 1.0).astype(np.float32)

    def squash(self, linear: Any) -> Any:
        """Maps an encoder's linear output, `(batch, dim)`, onto the support: 2 sigmoid(.) - 1."""
        from keras import ops

        return 2.0 * ops.sigmoid(linear) - 1.0

    def probability(self, z: Any) -> Any:
        """z mapped to [0, 1], the target of the latent regressors' sigmoid cross-entropy (section 5.3.1)."""
        return (z + 1.0) / 2.0
