"""Telling by how many quarter turns an image was rotated (Gidaris et al. 2018): what invariance alone throws away.

Beside agreement on views it adds to features (Dangovski et al. 2022): they must hold which way up things are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
from keras import ops

from bigan.data.inputs import StepInput
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.streams import Stream
from bigan.types import Tensor

if TYPE_CHECKING:
    from bigan.networks.family import Family

TURNS = 4


def check(weight: float, spec: Spec) -> None:
    """Refuses examples that cannot be turned.

    Raises:
        UserError: if they are not square images.
    """
    if weight and (len(spec.shape) != 3 or spec.shape[0] != spec.shape[1]):
        raise UserError(f"`rotation_weight` is for square images. Received: examples of {spec.shape}")


def drawn() -> StepInput:
    """Numbers of quarter turns, `(batch,)` integers from 0 to 3."""
    return StepInput(lambda m: m.generator(Stream.TURNS).integers(0, TURNS, len(m.index)))


def head(family: Family, encoder: keras.Model) -> dict[str, keras.Model]:
    """The layer that tells turns from E's hidden layer, by its role 'rotation'; empty without `rotation_weight`."""
    if not family.config.rotation_weight:
        return {}
    return {"rotation": family.on_hidden(encoder, "rotation", TURNS)}


def rotated(images: Tensor, turns: Tensor) -> Tensor:
    """Each image of `(batch, edge, edge, channels)` turned counter-clockwise by its number of quarter turns."""
    masks = ops.reshape(ops.one_hot(turns, TURNS, dtype=images.dtype), (-1, TURNS, 1, 1, 1))
    # Backends' own rot90 needs the same turns for all; and transposing and reversing is all there is to it.
    swapped = ops.transpose(images, (0, 2, 1, 3))
    ways = [images, ops.flip(swapped, 1), ops.flip(ops.flip(images, 1), 2), ops.flip(swapped, 2)]
    return sum(masks[:, i] * way for i, way in enumerate(ways))


def loss(logits: Tensor, turns: Tensor) -> Tensor:
    """Mean cross-entropy, a scalar."""
    return ops.mean(ops.sparse_categorical_crossentropy(turns, logits, from_logits=True))
