"""The losses of agreement against NumPy, from the papers; which networks the agreement moves, and by how much."""

import keras
import numpy as np
import pytest
from keras import ops

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.models import agreement
from bigan.models.method import create
from bigan.runtime.differentiation import gradients

pytestmark = pytest.mark.jax

COUNT, WIDTH = 6, 4
A, B = np.random.Generator(np.random.PCG64(0)).normal(size=(2, COUNT, WIDTH)).astype(np.float32)
SPEC = Spec((8, 8, 3))


def value(loss, *arguments):
    return float(loss(ops.convert_to_tensor(A), ops.convert_to_tensor(B), *arguments))


def test_nt_xent_is_the_cross_entropy_over_all_other_codes():
    codes = np.concatenate([A, B]).astype(np.float64)
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    losses = []
    for i in range(2 * COUNT):
        partner = (i + COUNT) % (2 * COUNT)
        others = [j for j in range(2 * COUNT) if j != i]
        scores = np.exp(codes[others] @ codes[i] / 0.3)
        losses.append(-np.log(np.exp(codes[partner] @ codes[i] / 0.3) / scores.sum()))
    assert value(agreement.nt_xent, 0.3) == pytest.approx(np.mean(losses), rel=1e-5)


def test_neighbourhoods_diverge_as_distributions_over_all_other_codes():
    def distribution(codes, i):
        codes = codes / np.linalg.norm(codes, axis=1, keepdims=True)
        scores = np.exp([codes[i] @ codes[j] / 0.3 for j in range(COUNT) if j != i])
        return scores / scores.sum()

    found, wanted = (codes - codes.mean(axis=0) for codes in (A[:, :3].astype(np.float64), B.astype(np.float64)))
    pairs = [(distribution(wanted, i), distribution(found, i)) for i in range(COUNT)]
    expected = np.mean([(p * np.log(p / q)).sum() for p, q in pairs])
    codes, target = (ops.convert_to_tensor(rows) for rows in (A[:, :3], B))
    assert float(agreement.neighbourhoods(codes, target, 0.3)) == pytest.approx(expected, rel=1e-4)
    turned = ops.convert_to_tensor(
        (2 + 5 * B @ np.linalg.qr(np.random.default_rng(0).normal(size=(WIDTH, WIDTH)))[0]).astype("f4")
    )
    assert float(agreement.neighbourhoods(turned, target, 0.3)) == pytest.approx(0, abs=1e-6)
    moved, held = gradients(lambda a, b: agreement.neighbourhoods(a, b, 0.3), codes, target)
    assert np.any(ops.convert_to_numpy(moved) != 0) and not np.any(ops.convert_to_numpy(held))


def test_vicreg_is_invariance_variance_and_covariance():
    total = 25 * np.mean((A - B) ** 2)
    for code in (A.astype(np.float64), B.astype(np.float64)):
        covariance = np.cov(code, rowvar=False)
        deviation = np.sqrt(np.diag(covariance) + 1e-4)
        total += 25 * np.mean(np.maximum(0, 1 - deviation)) / 2
        total += (covariance[~np.eye(WIDTH, dtype=bool)] ** 2).sum() / WIDTH
    assert value(agreement.vicreg) == pytest.approx(total, rel=1e-5)


def test_barlow_is_the_distance_of_the_cross_correlation_from_the_identity():
    correlation = np.corrcoef(A, B, rowvar=False)[:WIDTH, WIDTH:]
    on = ((1 - np.diag(correlation)) ** 2).sum()
    off = (correlation[~np.eye(WIDTH, dtype=bool)] ** 2).sum()
    assert value(agreement.barlow) == pytest.approx(on + 5e-3 * off, rel=1e-4)


def test_information_is_a_divergence_and_two_entropies():
    def probabilities(code):
        scores = np.exp(code.astype(np.float64))
        return scores / scores.sum(axis=1, keepdims=True)

    p, q = probabilities(A), probabilities(B)
    shares = p.mean(axis=0)
    divergence = (p * np.log(p / q)).sum(axis=1).mean()
    doubt = -(p * np.log(p)).sum(axis=1).mean()
    evenness = -(shares * np.log(shares)).sum()
    assert value(agreement.information) == pytest.approx(divergence + 0.1 * doubt - 0.4 * evenness, rel=1e-5)


def test_information_holds_the_first_views_probabilities_fixed_in_the_divergence():
    a, b = A.astype(np.float64), B.astype(np.float64)

    def value_of(a, b, fixed):
        log_a, log_b, target = (c - np.log(np.exp(c).sum(axis=1, keepdims=True)) for c in (a, b, fixed))
        shares = np.exp(log_a).mean(axis=0)
        entropies = -0.1 * (np.exp(log_a) * log_a).sum(axis=1).mean() + 0.4 * (shares * np.log(shares)).sum()
        return (np.exp(target) * (target - log_b)).sum(axis=1).mean() + entropies

    def loss(tensors):
        return agreement.information(tensors[0], tensors[1])

    found = gradients(loss, ops.convert_to_tensor(np.stack([A, B])))[0]
    step = 1e-6
    for place in np.ndindex(2, COUNT, WIDTH):
        move = np.zeros((2, COUNT, WIDTH))
        move[place] = step
        slope = (value_of(a + move[0], b + move[1], a) - value_of(a - move[0], b - move[1], a)) / (2 * step)
        assert float(found[place]) == pytest.approx(slope, abs=1e-5)


@pytest.mark.parametrize("name, loss", [("imsat", agreement.information), ("vicreg", agreement.vicreg)])
def test_the_method_decides_the_loss(name, loss):
    model = made(name, agreement="barlow")
    batch = batch_of(model)
    first, second = model.both_views(model.scale(batch["x"]), batch, True)
    codes = (model.encoder(view, training=True) for view in (first, second))
    assert float(model(batch, training=True)["loss"]) == pytest.approx(float(loss(*codes)), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", ["nt_xent", "vicreg", "barlow", "information"])
def test_equal_views_agree_better_than_others(name):
    loss = {"nt_xent": lambda a, b: agreement.nt_xent(a, b, 0.2)}.get(name) or getattr(agreement, name)
    a, b = ops.convert_to_tensor(A), ops.convert_to_tensor(B)
    assert float(loss(a, a)) < float(loss(a, b))


def made(method, **changes):
    config = Config(method=method, width=8, latent_dim=5, view_crop=0.5, init_stddev=0.2, **changes)
    return create(config, SPEC)


def batch_of(model, count=8):
    from bigan.data.batches import Minibatches
    from bigan.data.dataset import Examples

    images = np.random.Generator(np.random.PCG64(1)).integers(0, 256, (count, *SPEC.shape), np.uint8)
    return Minibatches(Examples(images), model.latent, count, 0, inputs=model.step_inputs()).minibatch(0, 0)


def test_the_agreement_is_added_to_bigans_loss():
    model = made("bigan_views", agreement_weight=0.5, projection=3)
    assert model.networks.keys() == {"encoder", "generator", "discriminator", "projector"}
    batch = batch_of(model)
    terms = {name: float(term) for name, term in model(batch, training=True).items()}
    plain = made("bigan")
    for role, network in plain.networks.items():
        network.set_weights(model.networks[role].get_weights())
    without = plain({name: batch[name] for name in "xz"}, training=True)
    assert terms["loss"] == pytest.approx(float(without["loss"]) + 0.5 * terms["agreement"], rel=1e-5)
    assert terms["loss_D"] == pytest.approx(float(without["loss_D"]), rel=1e-5)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(UserError, match="views are all off"):
        create(Config(method="bigan_views", width=8, latent_dim=5), SPEC)
    with pytest.raises(UserError, match="`batch_size`: views are compared"):
        made("bigan_views", batch_size=1)
    with pytest.raises(UserError, match="are for images"):
        create(Config(method="bigan_views", width=8, latent_dim=5, view_crop=0.5), Spec((12,), "float32"))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the references use TensorFlow's tapes")
def test_the_agreement_moves_the_encoder_and_its_head_alone():
    import tensorflow as tf

    model = made("bigan_views", projection=3, agreement_weight=2.0)
    without = made("bigan_views", projection=3, agreement_weight=0.0)
    without.set_weights(model.get_weights())
    batch = {name: tf.convert_to_tensor(array) for name, array in batch_of(model).items()}
    places = [(role, v) for role, network in model.networks.items() for v in network.trainable_variables]
    zero = tf.UnconnectedGradients.ZERO

    def gradients(one):
        with tf.GradientTape() as tape:
            loss = one(batch, training=True)["loss"]
        values = [v.value for network in one.networks.values() for v in network.trainable_variables]
        return [g.numpy() for g in tape.gradient(loss, values, unconnected_gradients=zero)]

    with tf.GradientTape() as tape:
        codes = []
        for view in agreement.NAMES:
            x = model.views(model.scale(batch["x"]), view, batch, model.value_range)
            codes.append(model.networks["projector"](model.encoder(x, training=True), training=True))
        loss = agreement.nt_xent(*codes, model.temperature)
    expected = tape.gradient(loss, [v.value for _, v in places], unconnected_gradients=zero)
    for (role, variable), one, two, reference in zip(
        places, gradients(model), gradients(without), expected, strict=True
    ):
        np.testing.assert_allclose(one - two, 2 * reference.numpy(), atol=2e-5, err_msg=f"{role}/{variable.path}")
        assert role in ("encoder", "projector") or not np.any(one - two), f"{role}/{variable.path}"
