"""Each method's one scalar moves the right weights by the right amount: against independent references.

The references are written from the thesis's formulas, with probabilities and logarithms, and one tape for each network
that moves; float64, so that the comparison is not limited by rounding.
"""

import keras
import numpy as np
import pytest

from baselines import METHODS
from bigan.config import Config
from bigan.data.spec import Spec
from bigan.imports import resolve

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
else:
    pytest.skip("the references use TensorFlow's tapes", allow_module_level=True)

BATCH, DIM = 16, 6


@pytest.fixture(autouse=True)
def float64():
    policy = keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy(policy)


@pytest.fixture(params=["thesis", "released"])
def variant(request):
    return request.param


def make(name, variant):
    model = resolve(METHODS[name]).create(
        Config(width=24, latent_dim=DIM, variant=variant, init_stddev=0.3), Spec((5, 5, 1))
    )
    rng = np.random.default_rng(1)
    for variable in model.trainable_variables:  # also those that start at zero
        variable.assign(rng.normal(0, 0.3, variable.shape))
    return model, tf.constant(rng.random((BATCH, 5, 5, 1))), tf.constant(rng.uniform(-1, 1, (BATCH, DIM)))


def gradients(model, x, z):
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = model.terms(x, z, True)["loss"]
    return dict(zip(map(id, variables), tape.gradient(loss, variables), strict=True))


def check(model, ours, losses):
    """`losses`: (network, function) pairs; every variable's gradient must be its own network's loss's."""
    seen = 0
    for network, loss in losses:
        with tf.GradientTape() as tape:
            value = loss()
        for variable, reference in zip(
            network.trainable_variables, tape.gradient(value, network.trainable_variables), strict=True
        ):
            scale = np.abs(reference).max()
            assert scale > 0, variable.path
            assert np.abs(ours[id(variable)] - reference).max() <= 1e-6 * scale, variable.path
            seen += 1
    assert seen == len(ours)


def squash(t):
    return 2 / (1 + tf.exp(-t)) - 1


def probability(logit):
    return 1 / (1 + tf.exp(-logit))


def mean_log(p):
    return tf.reduce_mean(tf.math.log(p))


def cross_entropy(linear, z):
    p, target = probability(linear), (z + 1) / 2
    return -tf.reduce_mean(target * tf.math.log(p) + (1 - target) * tf.math.log(1 - p))


def test_bigan(variant):
    model, x, z = make("bigan", variant)
    e, g, d = model.encoder, model.generator, model.discriminator

    def discriminated():
        real = probability(d([x, squash(e(x, training=True))], training=True))
        return real, probability(d([g(z, training=True), z], training=True))

    def minus_v():
        real, generated = discriminated()
        return -0.5 * (mean_log(real) + mean_log(1 - generated))

    def minus_inverse():
        real, generated = discriminated()
        return -0.5 * (mean_log(1 - real) + mean_log(generated))

    check(model, gradients(model, x, z), [(d, minus_v), (e, minus_inverse), (g, minus_inverse)])


def adversarial(model, x, z):
    d, g = model.discriminator, model.generator

    def loss_d():
        real, fake = probability(d(x, training=True)), probability(d(g(z, training=True), training=True))
        return -0.5 * (mean_log(real) + mean_log(1 - fake))

    return loss_d, lambda: -mean_log(probability(d(g(z, training=True), training=True)))


def test_gan(variant):
    model, x, z = make("gan", variant)
    loss_d, loss_g = adversarial(model, x, z)
    check(model, gradients(model, x, z), [(model.discriminator, loss_d), (model.generator, loss_g)])
    assert len(model.discriminator.inputs) == 1 and model.encoder is None  # D never sees z


def regression(model, z):
    return lambda: cross_entropy(model.encoder(model.generator(z, training=True), training=True), z)


def test_latent_regressor_gives_the_generator_nothing(variant):
    model, x, z = make("latent_regressor", variant)
    loss_d, loss_g = adversarial(model, x, z)
    losses = [(model.discriminator, loss_d), (model.generator, loss_g), (model.encoder, regression(model, z))]
    check(model, gradients(model, x, z), losses)


def test_joint_latent_regressor_gives_the_generator_a_quarter(variant):
    model, x, z = make("joint_latent_regressor", variant)
    loss_d, loss_g = adversarial(model, x, z)
    regress = regression(model, z)
    joint = [(model.generator, lambda: loss_g() + 0.25 * regress()), (model.encoder, regress)]
    check(model, gradients(model, x, z), [(model.discriminator, loss_d), *joint])


@pytest.mark.parametrize(
    "name, norm",
    [
        ("autoencoder_l2", lambda t: tf.reduce_sum(t * t, axis=1)),
        ("autoencoder_l1", lambda t: tf.reduce_sum(tf.abs(t), axis=1)),
    ],
)
def test_autoencoders(name, norm, variant):
    model, x, z = make(name, variant)

    def loss():
        again = model.generator(squash(model.encoder(x, training=True)), training=True)
        return tf.reduce_mean(norm(tf.reshape(x - again, (BATCH, -1))))

    check(model, gradients(model, x, z), [(model.encoder, loss), (model.generator, loss)])
