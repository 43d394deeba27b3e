"""Bidirectional GANs for unsupervised representation learning (Donahue 2017, chapter 5), on Keras 3.

    import bigan
    run = bigan.train(bigan.presets.digits(), images=my_array, workdir="runs/mine")
    model = bigan.load("runs/mine")
    z = model.encode(images)
    again = model.generate(z)

Names are imported when first used: `import bigan` alone starts no backend.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bigan.version import __version__

if TYPE_CHECKING:
    from bigan.config import Config as Config
    from bigan.errors import UserError as UserError
    from bigan.latents import Latent as Latent
    from bigan.latents import Uniform as Uniform
    from bigan.models import BiGAN as BiGAN
    from bigan.models import Method as Method
    from bigan.networks import MLP as MLP
    from bigan.training.run import Run as Run
    from bigan.training.train import train as train

_HOMES = {
    "Config": "bigan.config",
    "UserError": "bigan.errors",
    "Latent": "bigan.latents",
    "Uniform": "bigan.latents",
    "Method": "bigan.models",
    "BiGAN": "bigan.models",
    "MLP": "bigan.networks",
    "Run": "bigan.training.run",
    "train": "bigan.training.train",
}

__all__ = ["__version__", "load", "presets", *_HOMES]


def load(run: str, checkpoint: str = "last") -> Method:
    """The trained method of a run directory.

    Args:
        run: the run directory.
        checkpoint: 'last', 'best' (runs with `split='validation'`), or an epoch's number; '0' is the untrained network.

    Raises:
        UserError: if there is no such run or checkpoint.
    """
    from bigan.training.run import Run
    from bigan.training.run_directory import RunDir

    return Run(RunDir(run)).load(checkpoint)


def __getattr__(name: str) -> Any:
    if name == "presets":
        return importlib.import_module("bigan.presets")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'bigan' has no attribute {name!r}")
