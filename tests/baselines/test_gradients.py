"""Each baseline's scalar moves the right weights by the right amount: against references in the thesis's formulas."""

import pytest

from tests import gradients
from tests.gradients import BATCH, check, cross_entropy, make, mean_log, probability, squash, tf


@pytest.fixture(params=["thesis", "released"])
def variant(request):
    return request.param


@pytest.fixture(autouse=True)
def float64():
    with gradients.float64():
        yield


def adversarial(model, x, z):
    d, g = model.discriminator, model.generator

    def loss_d():
        real, fake = probability(d(x, training=True)), probability(d(g(z, training=True), training=True))
        return -0.5 * (mean_log(real) + mean_log(1 - fake))

    return loss_d, lambda: -mean_log(probability(d(g(z, training=True), training=True)))


def test_gan(variant):
    model, x, z = make("gan", variant)
    loss_d, loss_g = adversarial(model, x, z)
    check(model, gradients.of(model, x, z), [(model.discriminator, loss_d), (model.generator, loss_g)])
    assert len(model.discriminator.inputs) == 1 and not model.has("encoder")  # D never sees z


def regression(model, z):
    return lambda: cross_entropy(model.encoder(model.generator(z, training=True), training=True), z)


def test_latent_regressor_gives_the_generator_nothing(variant):
    model, x, z = make("latent_regressor", variant)
    loss_d, loss_g = adversarial(model, x, z)
    losses = [(model.discriminator, loss_d), (model.generator, loss_g), (model.encoder, regression(model, z))]
    check(model, gradients.of(model, x, z), losses)


def test_joint_latent_regressor_gives_the_generator_a_quarter(variant):
    model, x, z = make("joint_latent_regressor", variant)
    loss_d, loss_g = adversarial(model, x, z)
    regress = regression(model, z)
    joint = [(model.generator, lambda: loss_g() + 0.25 * regress()), (model.encoder, regress)]
    check(model, gradients.of(model, x, z), [(model.discriminator, loss_d), *joint])


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

    check(model, gradients.of(model, x, z), [(model.encoder, loss), (model.generator, loss)])
