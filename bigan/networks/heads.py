"""A joint discriminator in which x and z meet late (ALI, Dumoulin et al. 2017; BigBiGAN, Donahue and Simonyan 2019).

A tower F of x, the family's D(x) without its output; a tower H of z, dense layers without normalization; and a joint
one on both. So z's scale is not pitted against that of convolutions, as where z is added to their feature maps.
"""

from __future__ import annotations

import math

import keras
from keras import layers

from bigan.networks.family import Family
from bigan.types import Tensor

UNITS = 512  # of each hidden layer of H and of the joint tower, as in ALI


def late(family: Family, unary: bool) -> keras.Model:
    """(x, z) -> the logit of the pair or, with `unary`, the logits of the pair, of x alone and of z alone.

    Args:
        family: its `discriminator(joint=False)` must have its last layer called 'output'.
        unary: whether the towers are scored too.
    """
    plain = family.discriminator(joint=False)
    x, features = plain.inputs[0], plain.get_layer("output").input
    z = layers.Input((family.latent.dim,), name="z")
    code = _tower(family, "latent", z)
    pair = _tower(family, "joint", layers.Concatenate(dtype=family._dtype, name="pair")([features, code]))
    outputs = [_score(family, "output", pair)]
    if unary:
        outputs += [_score(family, "output_x", features), _score(family, "output_z", code)]
    return keras.Model([x, z], outputs if unary else outputs[0], name="discriminator")


def _tower(family: Family, name: str, h: Tensor) -> Tensor:
    """Two hidden layers whose outputs have about the scale of their inputs."""
    for i in (1, 2):
        stddev = math.sqrt(2.0 / h.shape[-1])
        h = family._leaky(f"{name}{i}", family._dense(f"discriminator/{name}_linear{i}", UNITS, stddev)(h))
    return h


def _score(family: Family, name: str, h: Tensor) -> Tensor:
    return family._dense(f"discriminator/{name}", 1, last=True)(h)
