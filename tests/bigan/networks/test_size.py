"""How large networks are, told before they are built."""

import random
import resource

import keras
import numpy as np
import pytest

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.latents import Uniform
from bigan.models.method import create
from bigan.networks import size
from bigan.registry import METHODS, NETWORKS
from bigan.runtime import memory
from tests.worker import METHOD_NAMES

pytestmark = pytest.mark.jax


def build(method, networks, spec=Spec((32, 32, 3)), **changes):  # noqa: B008 (frozen)
    config = Config(method=method, networks=networks, **({"width": 8, "latent_dim": 5} | changes))
    family = NETWORKS.resolve(config.networks)(config, spec, Uniform(config.latent_dim))
    return lambda: METHODS.resolve(config.method).build_networks(family)


@pytest.mark.parametrize(
    "method, networks",
    [*((method, "mlp") for method in METHOD_NAMES), ("bigan", "dcgan"), ("bigan", "alexnet")]
    + [("gan", "alexnet_discriminator")],
)
@pytest.mark.parametrize("variant", ["thesis", "released"])
def test_the_count_is_that_of_the_built_networks(method, networks, variant):
    make = build(method, networks, variant=variant)
    counted = size.count(make)
    networks = make().values()
    assert counted == sum(network.count_params() for network in networks) > 0
    assert all(np.isfinite(keras.ops.convert_to_numpy(v.value)).all() for n in networks for v in n.variables)


def test_counting_leaves_nothing_behind():
    """Neither memory, nor Keras's or Python's random state, nor variables that Keras would still make."""
    keras.utils.set_random_seed(3)
    state = random.getstate()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kB
    assert size.count(build("bigan", "mlp", width=100_000)) > 10**10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000
    assert random.getstate() == state
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    assert keras.ops.convert_to_numpy(layer.kernel).shape == (3, 2)


@pytest.mark.parametrize("networks", ["mlp", "dcgan"])
def test_networks_too_large_for_the_memory_are_refused_before_it_is_taken(networks):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UserError, match=r"training networks of [\d,]+ weights would take [\d,.]+ GB of memory, and"):
        create(Config(networks=networks, width=10_000_000), Spec((32, 32, 3)))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000


def test_what_training_takes_is_counted(monkeypatch):
    make = build("bigan", "mlp")
    weights = size.count(make)
    monkeypatch.setattr(memory, "available", lambda: size.COPIES * size.BYTES * weights)
    size.need_memory(make)
    monkeypatch.setattr(memory, "available", lambda: size.COPIES * size.BYTES * weights - 1)
    with pytest.raises(UserError, match=f"networks of {weights:,} weights .*; pass a smaller `width` or `latent_dim`"):
        size.need_memory(make)
