"""How large networks are, told before they are built, so that too large ones are refused and not killed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping

import keras
from keras.src.backend.common import global_state

from bigan.runtime import memory

COPIES = 4  # of each weight in training: itself, its gradient and Adam's two moments
BYTES = 4  # float32


def count(build: Callable[[], Mapping[str, keras.Model]]) -> int:
    """Weights of the networks that `build` makes, without memory for them."""
    drawn = random.getstate()  # from which Keras takes the seeds of initializers that have none
    try:
        with keras.StatelessScope(initialize_variables=False):
            return sum(math.prod(v.shape) for network in build().values() for v in network.variables)
    finally:
        random.setstate(drawn)
        global_state.set_global_attribute("uninitialized_variables", [])  # or Keras would make them after all


def need_memory(build: Callable[[], Mapping[str, keras.Model]]) -> None:
    """Refuses networks that cannot be trained in the memory there is.

    Raises:
        UserError: naming the bytes.
    """
    weights = count(build)
    what = f"training networks of {weights:,} weights"
    memory.need(COPIES * BYTES * weights, what, "pass a smaller `width` or `latent_dim`")
