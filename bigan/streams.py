"""Streams of random numbers, each a function of integers alone: the seed, the stream, and where in it.

NumPy draws them: the same on every backend and after every resume.
"""

from __future__ import annotations

import numpy as np

# Streams that must not meet.
ORDER, LATENT, STATISTICS, EVALUATION, LOOK, CROP = 1, 2, 3, 4, 5, 6


def generator(*key: int) -> np.random.Generator:
    """The random numbers that belong to these integers."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))
