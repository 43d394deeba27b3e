"""Section 5.2's propositions and theorems, on a problem small enough to enumerate, through the code's own objective.

x and z take three values each, uniformly; E and G are any maps between them. With all three x and all three z in the
minibatch, means over the minibatch are expectations, so the losses are the thesis's V and its inverse exactly.
"""

import itertools

import keras
import numpy as np
import pytest

from bigan.models import objective

pytestmark = pytest.mark.jax


POINTS = 3


MAPS = list(itertools.product(range(POINTS), repeat=POINTS))


def joint(pairs):
    table = np.zeros((POINTS, POINTS))
    for x, z in pairs:
        table[x, z] += 1 / POINTS
    return table


def measures(encode, generate):
    return joint((x, encode[x]) for x in range(POINTS)), joint((generate[z], z) for z in range(POINTS))


def logits_of(p, q):
    """The optimal discriminator of proposition 1, dP/d(P + Q), as logits; +-40 stands for certainty."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.clip(np.log(p) - np.log(q), -40, 40))


def value(logits, encode, generate):
    """V(D, E, G) for the discriminator table `logits`, by the loss that D descends."""
    real = np.array([[logits[x, encode[x]]] for x in range(POINTS)])
    generated = np.array([[logits[generate[z], z]] for z in range(POINTS)])
    return -2 * float(objective.discriminator_loss(keras.ops.array(real), keras.ops.array(generated)))


def jensen_shannon(p, q):
    def kl(a, b):
        inside = a > 0
        return float(np.sum(a[inside] * np.log(a[inside] / b[inside])))

    return 0.5 * kl(p, (p + q) / 2) + 0.5 * kl(q, (p + q) / 2)


@pytest.fixture(scope="module")
def pairs():
    return [(e, g, *measures(e, g)) for e in MAPS for g in MAPS]


def test_optimal_value_is_twice_jsd_minus_log_4(pairs):
    for e, g, p, q in pairs:
        assert value(logits_of(p, q), e, g) == pytest.approx(2 * jensen_shannon(p, q) - np.log(4), abs=1e-6)


def test_no_discriminator_does_better_than_the_density_ratio(pairs):
    rng = np.random.default_rng(0)
    for e, g, p, q in pairs[::7]:
        best = logits_of(p, q)
        for scale in (0.1, 1.0, 3.0):
            assert value(best + rng.normal(0, scale, best.shape), e, g) <= value(best, e, g) + 1e-6


def test_minimum_exactly_where_encoder_and_generator_are_inverses(pairs):
    """Theorems 1 and 2: C = -log 4 if and only if P_EX = P_GZ, and then G(E(x)) = x, E(G(z)) = z and D = 1/2."""
    optima = 0
    for e, g, p, q in pairs:
        minimal = abs(value(logits_of(p, q), e, g) + np.log(4)) < 1e-6
        inverse = all(g[e[x]] == x for x in range(POINTS)) and all(e[g[z]] == z for z in range(POINTS))
        assert minimal == inverse == np.array_equal(p, q)
        if minimal:
            optima += 1
            assert np.allclose(1 / (1 + np.exp(-logits_of(p, q)[p > 0])), 0.5)
    assert optima == 6  # the bijections of three points


def test_inverse_objective_has_the_same_fixed_point():
    """At D = 1/2 everywhere both terms that E and G ascend are log(1/2)."""
    zero = keras.ops.zeros((POINTS, 1))
    assert float(objective.encoder_loss(zero)) == pytest.approx(np.log(2), abs=1e-6)
    assert float(objective.generator_loss(zero)) == pytest.approx(np.log(2), abs=1e-6)
