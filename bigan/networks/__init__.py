"""Families of networks: each makes E, G and D of one configuration that fit one another.

A family is any class with the constructor and the methods of `Family`, in a module of its own, with one line in the
list in `bigan.registry`; a run records it by its importable name. Shapes: E takes x, `(batch, *spec.shape)`; G makes
and D sees images of `(batch, *image_shape)`, smaller than x in a generalized BiGAN (section 5.2.5); latents z are
`(batch, latent.dim)`. Names are imported when first used: importing this package starts no backend.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bigan.networks.alexnet import AlexNet as AlexNet
    from bigan.networks.alexnet import AlexNetDiscriminator as AlexNetDiscriminator
    from bigan.networks.dcgan import DCGAN as DCGAN
    from bigan.networks.family import Family as Family
    from bigan.networks.mlp import MLP as MLP
    from bigan.networks.upsampling import Upsampling as Upsampling

_HOMES = {
    "Family": "bigan.networks.family",
    "MLP": "bigan.networks.mlp",
    "DCGAN": "bigan.networks.dcgan",
    "Upsampling": "bigan.networks.upsampling",
    "AlexNet": "bigan.networks.alexnet",
    "AlexNetDiscriminator": "bigan.networks.alexnet",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
