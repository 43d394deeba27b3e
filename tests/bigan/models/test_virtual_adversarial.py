"""The virtual adversarial view: its direction against NumPy's, its length, and what it leaves alone."""

import keras
import numpy as np
import pytest
from keras import ops

from bigan.config import Config
from bigan.data.batches import Minibatches
from bigan.data.dataset import Examples
from bigan.data.spec import Spec
from bigan.models import agreement
from bigan.models.method import create
from bigan.models.virtual_adversarial import PROBE, moved
from tests.worker import loss_gradients

pytestmark = pytest.mark.jax


def test_the_direction_is_one_step_of_the_power_iteration():
    random = np.random.default_rng(0)
    matrix, x, start = random.normal(size=(5, 3)), random.normal(size=(4, 5)), random.normal(size=(4, 5))
    radius = 0.7

    def unit(vectors):
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def turn(direction):
        return np.square(unit(np.tanh((x + PROBE * radius * direction) @ matrix)) - unit(np.tanh(x @ matrix))).sum()

    gradient = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        step = np.zeros_like(x)
        step[place] = 1e-5
        gradient[place] = (turn(unit(start) + step) - turn(unit(start) - step)) / 2e-5
    code = ops.convert_to_tensor(matrix.astype(np.float32))
    given = [ops.convert_to_tensor(array.astype(np.float32)) for array in (x, start)]
    found = ops.convert_to_numpy(moved(lambda x: ops.tanh(ops.matmul(x, code)), *given, radius))
    np.testing.assert_allclose(found, x + radius * unit(gradient), atol=1e-3)


@pytest.fixture
def model():
    return create(
        Config(method="bigan_views", width=32, latent_dim=5, init_stddev=0.2, virtual_adversarial=0.1), Spec((6, 6, 1))
    )


@pytest.fixture
def batch(model):
    images = np.random.default_rng(1).integers(0, 256, (16, 6, 6, 1), np.uint8)
    arrays = Minibatches(Examples(images), model.latent, 16, 0, inputs=model.step_inputs()).minibatch(0, 0)
    return {name: ops.convert_to_tensor(array) for name, array in arrays.items()}


def flat(tensor):
    return ops.convert_to_numpy(tensor).reshape(len(tensor), -1)


def test_it_is_as_far_as_noise_and_changes_codes_more(model, batch):
    x = model.scale(batch["x"])
    first, second = model.both_views(x, batch, True)
    low, high = model.value_range
    radius = 0.1 * (high - low) * 36**0.5
    np.testing.assert_allclose(np.linalg.norm(flat(second) - flat(first), axis=1), radius, rtol=1e-4)

    def change(view):
        a, b = (flat(model.latent.code(model.encoder(v, training=True))) for v in (x, view))
        a, b = (code / np.linalg.norm(code, axis=1, keepdims=True) for code in (a, b))
        return np.square(a - b).sum(axis=1)

    noise = np.random.default_rng(2).normal(size=flat(x).shape).astype(np.float32)
    noise *= radius / np.linalg.norm(noise, axis=1, keepdims=True)
    other = change(x + ops.convert_to_tensor(noise.reshape(x.shape)))
    assert np.mean(change(second) > other) > 0.9 and change(second).mean() > 2 * other.mean()


def test_the_loss_is_that_of_the_view_as_a_constant(model, batch):
    """No gradient passes through the search, and no state of E is moved by it."""
    found = loss_gradients(model, {name: ops.convert_to_numpy(tensor) for name, tensor in batch.items()})
    after = [ops.convert_to_numpy(v) for v in model.encoder.non_trainable_variables]
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    x = model.scale(batch["x"])
    for variable in model.encoder.non_trainable_variables:
        variable.assign(ops.zeros_like(variable) if "mean" in variable.path else ops.ones_like(variable))
    first, second = (tf.constant(view.numpy()) for view in model.both_views(x, batch, True))
    values = [v.value for v in model.trainable_variables]
    with tf.GradientTape() as tape:
        codes = [model.latent.code(model.encoder(view, training=True)) for view in (first, second)]
        terms = model.adversarial_terms(x, batch["z"], True)
        loss = terms["loss"] + agreement.nt_xent(*codes, model.temperature)
    for one, two in zip(found, tape.gradient(loss, values), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)
    for one, two in zip(after, model.encoder.non_trainable_variables, strict=True):
        np.testing.assert_allclose(one, two.numpy(), atol=1e-5)
