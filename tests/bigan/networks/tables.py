"""What the tests of convolutional networks share: a preset's family, and counts from tables."""

import numpy as np

from bigan import presets
from bigan.data.spec import Spec
from bigan.latents import Uniform
from bigan.registry import NETWORKS


def family(preset, **changes):
    config = presets.get(preset).replace(**changes)
    latent = Uniform(config.latent_dim)
    return NETWORKS.resolve(config.networks)(config, Spec((config.crop, config.crop, 3)), latent)


def shapes(network):
    return {layer.name: tuple(layer.output.shape[1:]) for layer in network.layers}


def count(*matrices):
    return sum(int(np.prod(m)) for m in matrices)


def norms(*channels):
    return 4 * sum(channels)  # scale, bias, mean and variance
