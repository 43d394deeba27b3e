"""Every switch of the group `Adversary`, and E that gives a distribution: gradients against references with tapes."""

import keras
import numpy as np
import pytest

from tests import gradients
from tests.gradients import BATCH, DIM, check, squash

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.models.method import create

SPEC = Spec((5, 5, 1))


@pytest.fixture(autouse=True)
def float64():
    with gradients.float64():
        yield


def made(**changes):
    model = create(Config(method="bigan", width=12, latent_dim=DIM, **changes), SPEC)
    rng = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(0, 1.0 / np.sqrt(variable.shape[0]), variable.shape))
    draw = np.random.default_rng(2)
    x, z = draw.random((BATCH, *SPEC.shape)), draw.uniform(-1, 1, (BATCH, DIM))
    return model, tf.constant(x), tf.constant(z), tf.constant(draw.normal(size=(BATCH, DIM)))


def ours(model, x, z, **more):
    with tf.GradientTape() as tape:
        loss = model.terms(x, z, True, **more)["loss"]
    variables = model.trainable_variables
    return dict(zip(map(id, variables), tape.gradient(loss, variables), strict=True))


def heads_of(d, pair):
    out = d(pair, training=True)
    return out if isinstance(out, list) else [out]


def logistic(score, target):
    p = 1 / (1 + tf.exp(-score))
    return -tf.reduce_mean(tf.math.log(p if target else 1 - p))


def hinge(score, target):
    return tf.reduce_mean(tf.maximum(1 - score if target else 1 + score, 0))


CASES = {
    "plain": {},
    "hinge": {"adversarial": "hinge"},
    "late": {"heads": "late"},
    "unary": {"heads": "unary"},
    "unary hinge": {"heads": "unary", "adversarial": "hinge"},
    "layer": {"discriminator_norm": "layer"},
    "none": {"discriminator_norm": "none"},
    "r1": {"r1": 0.7, "discriminator_norm": "none"},
    "r1 of all heads": {"r1": 0.7, "heads": "unary", "discriminator_norm": "none"},
    "cycles": {"cycle_x": 0.3, "cycle_z": 0.2},
    "cycle of G": {"cycle_x": 0.3, "cycle_encoder": False},
    "normal": {"latent": "normal"},
    "posterior": {"latent": "normal_posterior"},
    "all": {
        "latent": "normal_posterior",
        "heads": "unary",
        "adversarial": "hinge",
        "discriminator_norm": "none",
        "cycle_x": 0.3,
        "cycle_z": 0.2,
        "r1": 0.7,
    },
}


@pytest.mark.parametrize("case", CASES)
def test_gradients(case):
    changes = CASES[case]
    model, x, z, noise = made(**changes)
    e, g, d = model.encoder, model.generator, model.discriminator
    stochastic = changes.get("latent") == "normal_posterior"

    def mean_of(linear):
        return linear[:, :DIM] if "latent" in changes else squash(linear)

    def encoded():
        linear = e(x, training=True)
        spread = tf.math.log(1 + tf.exp(linear[:, DIM:])) * noise if stochastic else 0
        return mean_of(linear) + spread

    def scored(target_of_real):
        """Sum over heads of the losses for which real pairs have this target, and generated ones the other."""
        one = hinge if changes.get("adversarial") == "hinge" else logistic
        if one is hinge and not target_of_real:  # what E and G descend has no margin

            def one(score, target):
                return tf.reduce_mean(-score if target else score)

        real, generated = heads_of(d, [x, encoded()]), heads_of(d, [g(z, training=True), z])
        return sum(0.5 * (one(r, target_of_real) + one(m, not target_of_real)) for r, m in zip(real, generated))  # noqa: B905

    def of_d():
        loss = scored(True)
        if "r1" in changes:
            pair = [x, tf.constant(encoded().numpy())]
            with tf.GradientTape() as tape:
                tape.watch(pair)
                total = sum(tf.reduce_sum(s) for s in heads_of(d, pair))
            norms = sum(tf.reduce_sum(slope**2) for slope in tape.gradient(total, pair))
            loss += changes["r1"] * 0.5 * norms / BATCH
        return loss

    def of_e():
        loss = scored(False)
        if "cycle_x" in changes and changes.get("cycle_encoder", True):
            loss += changes["cycle_x"] * tf.reduce_mean((g(encoded(), training=True) - x) ** 2)
        if "cycle_z" in changes:
            again = mean_of(e(g(z, training=True), training=True))
            loss += changes["cycle_z"] * tf.reduce_mean((again - z) ** 2)
        return loss

    def of_g():
        loss = scored(False)
        if "cycle_x" in changes:
            loss += changes["cycle_x"] * tf.reduce_mean((g(encoded(), training=True) - x) ** 2)
        if "cycle_z" in changes:
            again = mean_of(e(g(z, training=True), training=True))
            loss += changes["cycle_z"] * tf.reduce_mean((again - z) ** 2)
        return loss

    found = ours(model, x, z, **({"noise": noise} if stochastic else {}))
    check(model, found, [(d, of_d), (e, of_e), (g, of_g)])


def test_the_penalty_is_the_slope_of_the_score():
    """By finite differences, of a D whose scores do not depend on other examples."""
    model, x, z, _ = made(r1=1.0, discriminator_norm="none")
    encoded = squash(model.encoder(x, training=True))
    total, step = 0.0, 1e-5
    for which, count in ((0, 25), (1, DIM)):
        for j in range(count):
            scores = []
            for sign in (1, -1):
                pair = [x.numpy().reshape(BATCH, -1), encoded.numpy()]
                pair[which] = pair[which].copy()
                pair[which][:, j] += sign * step
                scores.append(model.discriminator([pair[0].reshape(x.shape), pair[1]]).numpy()[:, 0])
            total += np.mean(((scores[0] - scores[1]) / (2 * step)) ** 2)
    assert float(model.terms(x, z, True)["penalty"]) == pytest.approx(total / 2, rel=1e-6)


def test_what_is_switched_on_is_logged():
    model, x, z, _ = made(heads="unary", r1=1.0, discriminator_norm="none", cycle_x=1.0, cycle_z=1.0)
    extra = {"penalty", "cycle_distance_x", "cycle_distance_z", "loss_D_joint", "loss_D_x", "loss_D_z"}
    assert extra <= set(model.logged) and extra <= {metric.name for metric in model.metrics}
    terms = model.terms(x, z, True)
    parts = sum(float(terms[f"loss_D_{head}"]) for head in ("joint", "x", "z"))
    assert parts == pytest.approx(float(terms["loss_D"]))
    assert not extra & set(made()[0].logged)


def test_a_penalty_on_normalized_scores_is_refused():
    for norm in ("batch", "layer"):
        with pytest.raises(UserError, match=f"`r1` needs `discriminator_norm=none`: .* Received: {norm}"):
            made(r1=1.0, discriminator_norm=norm)


def test_a_cycle_that_e_cannot_close_is_refused():
    config = Config(networks="dcgan", width=4, latent_dim=3, resolution=16, cycle_z=1.0)
    with pytest.raises(UserError, match="`cycle_z`: E takes images of"):
        create(config, Spec((32, 32, 3)))
