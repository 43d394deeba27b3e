"""Small parts: configuration, latents, schedule, networks, minibatches, statistics, files."""

import json

import keras
import numpy as np
import pytest

from bigan import files
from bigan.config import Config
from bigan.data.batches import Minibatches, epoch_order
from bigan.data.loading import from_arrays, load
from bigan.data.source import Examples
from bigan.data.spec import Spec
from bigan.data.splits import split
from bigan.errors import UserError
from bigan.latent import Uniform
from bigan.model import BiGAN
from bigan.networks import MLP
from bigan.optimizer import ConstantThenExponential, DecayedAdam
from bigan.statistics import StatisticsEstimator

pytestmark = pytest.mark.jax


def test_config_round_trip_and_refusals():
    config = Config(variant="released", epochs=7)
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    for changes in ({"variant": "x"}, {"epochs": 0}, {"beta_1": 1.0}, {"seed": "1"}, {"batch_size": 5, "replicas": 2}):
        with pytest.raises(UserError, match=f"--{next(iter(changes))}"):
            Config(**changes)
    with pytest.raises(UserError, match="no configuration field 'epoch'"):
        config.replace(epoch=3)
    with pytest.raises(UserError, match="--seed must be below"):
        config.replace(seed=2**32)
    assert config.replace(epochs=np.int64(3), beta_1=np.float32(0.25)).to_dict()["beta_1"] == 0.25  # NumPy's numbers
    with pytest.raises(UserError, match="unknown configuration field"):
        Config.from_dict({"nonsense": 1})


def test_latents_depend_on_the_key_alone():
    latent = Uniform(5)
    z = latent.draw(1000, 1, 2, 3)
    assert z.shape == (1000, 5) and z.dtype == np.float32 and -1 <= z.min() < -0.99 and 0.99 < z.max() <= 1
    assert np.array_equal(z, latent.draw(1000, 1, 2, 3)) and not np.array_equal(z, latent.draw(1000, 1, 2, 4))
    t = np.linspace(-4, 4, 9)
    squashed = keras.ops.convert_to_numpy(latent.squash(keras.ops.array(t)))
    np.testing.assert_allclose(squashed, 2 / (1 + np.exp(-t)) - 1, atol=1e-6)


def test_schedule_is_constant_then_exponential():
    schedule = ConstantThenExponential(2e-4, 2e-6, 1000)

    def at(step):
        return float(schedule(step))

    assert at(0) == at(499) == at(500) == pytest.approx(2e-4)
    assert at(750) == pytest.approx(2e-5, rel=1e-5)  # the geometric mean, half-way down
    assert at(1000) == pytest.approx(2e-6, rel=1e-5) == at(5000)


def test_decay_is_added_to_the_kernels_gradients_before_adam():
    """Against Adam written out: moments of (gradient + decay * weight) for the kernel, of the gradient for the bias."""
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    rng = np.random.default_rng(0)
    optimizer = DecayedAdam(0.1, learning_rate=0.01, beta_1=0.5, beta_2=0.999, epsilon=1e-8)
    optimizer.build(layer.trainable_variables)
    expected = [keras.ops.convert_to_numpy(v.value).astype(float) for v in layer.trainable_variables]
    moments = [[0.0, 0.0] for _ in expected]
    for t in range(1, 6):
        gradients = [rng.normal(size=w.shape) for w in expected]
        optimizer.apply([keras.ops.array(g, "float32") for g in gradients], layer.trainable_variables)
        for i, decay in enumerate((0.1, 0.0)):
            g = gradients[i] + decay * expected[i]
            m, v = moments[i] = [0.5 * moments[i][0] + 0.5 * g, 0.999 * moments[i][1] + 0.001 * g * g]
            step = 0.01 * np.sqrt(1 - 0.999**t) / (1 - 0.5**t)
            expected[i] = expected[i] - step * m / (np.sqrt(v) + 1e-8)
    for variable, reference in zip(layer.trainable_variables, expected, strict=True):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(variable.value), reference, atol=1e-6)


# Counted by hand from the table of networks: matrices only, no biases, parameter-free batch normalization.
E, D, G = (
    784 * 1024 + 1024 * 1024 + 1024 * 50,
    784 * 1024 + 1024 * 1024 + 50 * 1024 + 1024,
    50 * 1024 + 1024 * 1024 + 1024 * 784,
)


@pytest.mark.parametrize("variant, generator", [("thesis", G), ("released", G + 50 * 1024)])
def test_mnist_networks_have_the_tables_shapes(variant, generator):
    model = BiGAN.create(Config(variant=variant), Spec((28, 28, 1)))
    counts = {role: sum(int(np.prod(v.shape)) for v in n.trainable_variables) for role, n in model.networks.items()}
    assert counts == {"encoder": E, "generator": generator, "discriminator": D}

    def norms(network):
        return [x.name for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]

    assert [norms(n) for n in model.networks.values()] == [
        ["norm2"], ["norm1", "norm2"] if variant == "released" else ["norm2"], ["norm2"]
    ]  # fmt: skip
    for network in model.networks.values():
        for variable in network.trainable_variables:
            w = keras.ops.convert_to_numpy(variable.value)
            assert abs(w.std() - 0.02) < 0.001 and abs(w.mean()) < 0.002, variable.path
    plain = MLP(Config(variant=variant), Spec((28, 28, 1))).discriminator(joint=False)
    assert sum(int(np.prod(v.shape)) for v in plain.trainable_variables) == D - 50 * 1024


def test_weights_depend_on_the_seed_alone():
    def first(seed):
        keras.utils.set_random_seed(np.random.randint(1000))
        model = BiGAN.create(Config(width=8, seed=seed), Spec((4,)))
        return [keras.ops.convert_to_numpy(v.value) for v in model.trainable_variables]

    a, b, c = first(1), first(1), first(2)
    assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    assert not any(np.array_equal(x, y) for x, y in zip(a, c, strict=True))
    assert not np.array_equal(a[1], a[4])  # E's and G's square matrices are of one shape, not of one value


def test_minibatches_are_a_function_of_seed_epoch_and_step():
    examples = Examples(np.arange(50, dtype=np.uint8)[:, None])
    batches = Minibatches(examples, Uniform(3), 8, seed=4)
    assert batches.steps == 6
    later = Minibatches(examples, Uniform(3), 8, seed=4, start=15)
    for i in range(20):
        for name in ("x", "z"):
            assert np.array_equal(batches[15 + i][0][name], later[i][0][name])
    epoch = [batches[i][0] for i in range(6)]
    assert len(set(np.concatenate([b["x"] for b in epoch]).ravel())) == 48  # no example twice
    assert len({b["z"].tobytes() for b in epoch} | {batches[6][0]["z"].tobytes()}) == 7
    assert not np.array_equal(epoch_order(50, 4, 0), epoch_order(50, 4, 1))
    with pytest.raises(UserError, match="--batch_size"):
        Minibatches(examples, Uniform(3), 51, seed=0)


def test_statistics_are_those_of_all_examples_pooled():
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (12, 32, 5)).astype(np.float32)
    inputs = keras.Input((5,))
    inner = keras.Sequential([keras.Input((5,)), keras.layers.BatchNormalization(name="first")])
    h = keras.layers.Dense(4, name="mix")(inner(inputs))
    network = keras.Model(inputs, keras.layers.BatchNormalization(name="second")(h))
    before = [n.momentum for n in StatisticsEstimator(network).norms]
    estimator = StatisticsEstimator(network)
    assert [n.name for n in estimator.norms] == ["first", "second"] and estimator.estimate(x) == 12
    assert [n.momentum for n in estimator.norms] == before
    first, second = ([keras.ops.convert_to_numpy(v.value) for v in (n.moving_mean, n.moving_variance)]
                     for n in estimator.norms)  # fmt: skip
    np.testing.assert_allclose(first[0], x.reshape(-1, 5).mean(0), rtol=1e-4)
    np.testing.assert_allclose(first[1], x.reshape(-1, 5).var(0), rtol=1e-4)
    kernel, bias = (keras.ops.convert_to_numpy(v.value) for v in network.get_layer("mix").trainable_variables)
    normal = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-3)  # by each minibatch's own
    h = (normal @ kernel + bias).reshape(-1, 4)
    np.testing.assert_allclose(second[0], h.mean(0), atol=1e-4)
    np.testing.assert_allclose(second[1], h.var(0), rtol=1e-3)


def test_spec_maps_raw_values_to_the_range_and_back():
    spec = Spec((3,), "float32", (0.0, -2.0, 5.0), (1.0, 2.0, 5.0))
    model = BiGAN.create(Config(width=8, latent_dim=2), Spec.from_dict(json.loads(json.dumps(spec.to_dict()))))
    raw = np.array([[0, -2, 5], [1, 2, 5], [0.5, 0, 5]], np.float32)
    x = keras.ops.convert_to_numpy(model.scale(raw))
    np.testing.assert_allclose(x, [[0, 0, 0], [1, 1, 0], [0.5, 0.5, 0]], atol=1e-6)
    np.testing.assert_allclose(model.unscale(x), raw, atol=1e-6)
    assert np.array_equal(model.targets(raw), x)
    images = BiGAN.create(Config(width=8, latent_dim=2), Spec((2, 2, 1)))
    every = np.arange(256, dtype=np.uint8).reshape(-1, 2, 2, 1)
    assert np.array_equal(images.unscale(images.targets(every)), every)


def test_splits_never_overlap():
    source = from_arrays(np.arange(1200, dtype=np.uint8).reshape(-1, 1) % 251)
    parts = split(source, "test", seed=1)
    assert len(parts.evaluation) == 200 and len(parts.train) == 1000
    again = split(source, "test", seed=1)
    assert np.array_equal(parts.train.images, again.train.images)
    digits = load("digits")
    assert digits.train.images.max() == 255 and digits.train.images.dtype == np.uint8
    test, validation = split(digits, "test", 0), split(digits, "validation", 0)
    assert len(test.train) == 1437 and len(test.evaluation) == 360
    assert len(validation.evaluation) == 1437 // 6 and len(validation.train) == 1437 - 1437 // 6
    whole = {x.tobytes() for x in validation.evaluation.images}
    assert not whole & {x.tobytes() for x in digits.test.images}


def test_atomic_write_leaves_the_old_file_when_it_fails(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    files.write_text(path, "old")

    def broken(file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match=r"cannot write .*a\.txt: No space left on device"):
        files.write(path, broken)
    assert path.read_text() == "old" and [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_plain_discriminator_cannot_see_a_constant_batch():
    """Why plain GANs of these networks collapse: batch norm takes a constant away, and D of it is 1/2 whatever D is."""
    family = MLP(Config(width=16, latent_dim=4, init_stddev=0.1), Spec((6, 6, 1)))
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
    discriminator = MLP(Config(width=16, latent_dim=4, init_stddev=0.1), Spec((6, 6, 1))).discriminator()
    rng = np.random.default_rng(0)
    x, z = rng.random((32, 6, 6, 1)).astype(np.float32), rng.uniform(-1, 1, (32, 4)).astype(np.float32)

    def logits(z):
        return keras.ops.convert_to_numpy(discriminator([x, z], training=True))

    assert np.abs(logits(z)).max() > 0.1
    np.testing.assert_allclose(logits(z + np.float32([5, -5, 0, 1])), logits(z), atol=1e-4)
    assert np.abs(logits(z * np.float32([5, 1, 1, 1])) - logits(z)).max() > 0.05  # the spread it sees
