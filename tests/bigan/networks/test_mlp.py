"""The MLPs: the table's shapes, weights from the seed, and two properties that explain what training does."""

import keras
import numpy as np
import pytest

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.latents import Uniform
from bigan.models.method import create
from bigan.networks import MLP

pytestmark = pytest.mark.jax


# Counted by hand from the table of networks: matrices only, no biases, parameter-free batch normalization.
E, D, G = (
    784 * 1024 + 1024 * 1024 + 1024 * 50,
    784 * 1024 + 1024 * 1024 + 50 * 1024 + 1024,
    50 * 1024 + 1024 * 1024 + 1024 * 784,
)


@pytest.mark.parametrize("variant, generator", [("thesis", G), ("released", G + 50 * 1024)])
def test_mnist_networks_have_the_tables_shapes(variant, generator):
    model = create(Config(variant=variant), Spec((28, 28, 1)))
    counts = {role: sum(int(np.prod(v.shape)) for v in n.trainable_variables) for role, n in model.networks.items()}
    assert counts == {"encoder": E, "generator": generator, "discriminator": D}

    def norms(network):
        return [x.name for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]

    assert [norms(n) for n in model.networks.values()] == [
        ["norm2"],
        ["norm1", "norm2"] if variant == "released" else ["norm2"],
        ["norm2"],
    ]
    for network in model.networks.values():
        for variable in network.trainable_variables:
            w = keras.ops.convert_to_numpy(variable.value)
            assert abs(w.std() - 0.02) < 0.001 and abs(w.mean()) < 0.002, variable.path
    plain = MLP(Config(variant=variant), Spec((28, 28, 1)), Uniform(50)).discriminator(joint=False)
    assert sum(int(np.prod(v.shape)) for v in plain.trainable_variables) == D - 50 * 1024


def test_weights_depend_on_the_seed_alone():
    def first(seed):
        keras.utils.set_random_seed(np.random.randint(1000))
        model = create(Config(width=8, seed=seed), Spec((4,)))
        return [keras.ops.convert_to_numpy(v.value) for v in model.trainable_variables]

    a, b, c = first(1), first(1), first(2)
    assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    assert not any(np.array_equal(x, y) for x, y in zip(a, c, strict=True))
    assert not np.array_equal(a[1], a[4])  # E's and G's square matrices are of one shape, not of one value


def test_a_plain_discriminator_cannot_see_a_constant_batch():
    """Why plain GANs of these networks collapse: batch norm takes a constant away, and D of it is 1/2 whatever D is."""
    family = MLP(Config(width=16, latent_dim=4, init_stddev=0.1), Spec((6, 6, 1)), Uniform(4))
    rng = np.random.default_rng(0)
    constant = np.repeat(rng.random((1, 6, 6, 1)), 32, axis=0).astype(np.float32)
    varied = rng.random((32, 6, 6, 1)).astype(np.float32)
    z = rng.uniform(-1, 1, (32, 4)).astype(np.float32)

    def logits(discriminator, inputs):
        return np.abs(keras.ops.convert_to_numpy(discriminator(inputs, training=True)))

    plain, joint = family.discriminator(joint=False), family.discriminator()
    assert logits(plain, constant).max() < 0.02 * logits(plain, varied).max()  # but for rounding
    assert logits(joint, [constant, z]).max() > 0.1  # z varies still


def test_the_joint_discriminator_cannot_see_the_mean_of_z():
    """Why outputs of E run away: batch norm takes away what one number added to every z of a minibatch does to D."""
    discriminator = MLP(Config(width=16, latent_dim=4, init_stddev=0.1), Spec((6, 6, 1)), Uniform(4)).discriminator()
    rng = np.random.default_rng(0)
    x, z = rng.random((32, 6, 6, 1)).astype(np.float32), rng.uniform(-1, 1, (32, 4)).astype(np.float32)

    def logits(z):
        return keras.ops.convert_to_numpy(discriminator([x, z], training=True))

    assert np.abs(logits(z)).max() > 0.1
    np.testing.assert_allclose(logits(z + np.float32([5, -5, 0, 1])), logits(z), atol=1e-4)
    assert np.abs(logits(z * np.float32([5, 1, 1, 1])) - logits(z)).max() > 0.05  # the spread it sees
