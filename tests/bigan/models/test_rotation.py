"""Rotated images against NumPy's, and what telling their turns moves."""

import keras
import numpy as np
import pytest
from keras import ops

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.models import rotation
from bigan.models.method import create
from tests.bigan.models.test_agreement import batch_of, made

pytestmark = pytest.mark.jax


def test_each_image_is_turned_by_its_own_number():
    images = np.random.default_rng(0).normal(size=(8, 5, 5, 3)).astype(np.float32)
    turns = np.array([0, 1, 2, 3, 3, 2, 1, 0])
    found = ops.convert_to_numpy(rotation.rotated(ops.convert_to_tensor(images), ops.convert_to_tensor(turns)))
    for image, turned, k in zip(images, found, turns, strict=True):
        np.testing.assert_array_equal(turned, np.rot90(image, k))


def test_the_loss_is_the_cross_entropy():
    logits = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    turns = np.array([3, 1, 0, 2, 2, 1])
    scores = np.exp(logits.astype(np.float64))
    expected = -np.mean(np.log(scores[np.arange(6), turns] / scores.sum(axis=1)))
    assert float(rotation.loss(ops.convert_to_tensor(logits), ops.convert_to_tensor(turns))) == pytest.approx(expected)


@pytest.mark.parametrize("method", ["bigan_views", "simclr"])
def test_it_is_weighted_and_logged(method):
    model, without = made(method, rotation_weight=0.5), made(method)
    for role, network in without.networks.items():
        network.set_weights(model.networks[role].get_weights())
    batch = batch_of(model)
    assert set(batch["turns"]) <= {0, 1, 2, 3}
    terms = {name: float(term) for name, term in model(batch, training=True).items()}
    plain = {k: float(v) for k, v in without({k: v for k, v in batch.items() if k != "turns"}, training=True).items()}
    assert "rotation" in model.logged and "rotation" not in without.logged
    assert terms["loss"] == pytest.approx(plain["loss"] + 0.5 * terms["rotation"], rel=1e-5)
    assert terms["agreement"] == pytest.approx(plain["agreement"], rel=1e-5)


def test_what_has_no_corners_to_turn_is_refused():
    config = Config(method="simclr", width=8, latent_dim=5, view_noise=0.5, rotation_weight=1.0)
    for spec in (Spec((12,), "float32"), Spec((8, 6, 3))):
        with pytest.raises(UserError, match="`rotation_weight` is for square images. Received: examples of"):
            create(config, spec)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the reference uses TensorFlow's tapes")
def test_it_moves_the_encoder_below_its_output_and_its_own_head():
    import tensorflow as tf

    model = made("bigan_views", rotation_weight=1.0, agreement_weight=0.0)
    without = made("bigan_views", agreement_weight=0.0)
    for role, network in without.networks.items():
        network.set_weights(model.networks[role].get_weights())
    batch = {name: tf.convert_to_tensor(array) for name, array in batch_of(model).items()}
    zero = tf.UnconnectedGradients.ZERO

    def gradients(one, given):
        values = {(role, v.path): v for role, network in one.networks.items() for v in network.trainable_variables}
        with tf.GradientTape() as tape:
            loss = one(given, training=True)["loss"]
        found = tape.gradient(loss, [v.value for v in values.values()], unconnected_gradients=zero)
        return {key: g.numpy() for key, g in zip(values, found, strict=True)}

    with_it = gradients(model, batch)
    plain = gradients(without, {k: v for k, v in batch.items() if k != "turns"})
    for (role, path), gradient in with_it.items():
        change = gradient - plain.get((role, path), 0)
        moved = role == "rotation" or (role == "encoder" and "output" not in path)
        assert bool(np.abs(change).max() > 1e-7) == moved, f"{role}/{path}"
