"""Mixing examples (i-Mix; Lee et al. 2021): a view that is partly another example's must agree with both.

Few examples are soon told apart by heart. Between any two of them there are as many more as one likes. A part of more
than half is the other example's less than half, so uniform parts up to 0.5 are those of i-Mix's Beta(1, 1).
"""

from __future__ import annotations

import numpy as np
from keras import ops

from bigan.data.inputs import StepInput
from bigan.streams import Stream
from bigan.types import Tensor


def drawn(most: float) -> StepInput:
    """How much of another example is mixed in, from 0 to `most`: `(batch,)` float32, all the same."""
    return StepInput(lambda m: np.full(len(m.index), most * m.generator(Stream.MIXING).random(), np.float32))


def mixed(views: Tensor, part: Tensor) -> Tensor:
    """Each view with `part` of the view before it, as the minibatch is ordered; of the first, of the last one.

    Args:
        views: `(batch, ...)`.
        part: `(batch,)` from 0 to 1, all the same.
    """
    share = ops.mean(part)
    return (1 - share) * views + share * others(views)


def others(rows: Tensor) -> Tensor:
    """What is mixed in, row by row."""
    return ops.roll(rows, 1, axis=0)
