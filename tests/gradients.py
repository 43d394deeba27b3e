"""What the tests of methods' gradients share: references are written with one tape for each network that moves.

float64, so that the comparison is not limited by rounding.
"""

import contextlib

import keras
import numpy as np
import pytest

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.models.method import create

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
else:
    pytest.skip("the references use TensorFlow's tapes", allow_module_level=True)


BATCH, DIM = 16, 6


@contextlib.contextmanager
def float64():
    policy = keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy(policy)


def make(name, variant):
    config = Config(method=name, width=24, latent_dim=DIM, variant=variant, init_stddev=0.3)
    model = create(config, Spec((5, 5, 1)))
    rng = np.random.default_rng(1)
    for variable in model.trainable_variables:  # also those that start at zero
        variable.assign(rng.normal(0, 0.3, variable.shape))
    return model, tf.constant(rng.random((BATCH, 5, 5, 1))), tf.constant(rng.uniform(-1, 1, (BATCH, DIM)))


def of(model, x, z):
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
