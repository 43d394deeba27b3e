"""Figures of samples against plain arithmetic, and against what other packages give."""

import numpy as np
import pytest

from bigan.evaluation import generation

pytestmark = pytest.mark.jax


def fixed():
    """Two small sets of points without random numbers, so that any package can be given the same."""
    i, j = np.arange(60)[:, None], np.arange(4)
    real = np.sin(1.7 * i + 0.9 * i * j + 0.3 * j)
    return real, 0.7 * np.sin(2.3 * i + 0.7 * i * j + 1.1 * j) + 0.6


def apart(a, b):
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1))


def test_as_prdc_and_torch_fidelity_have_it():
    """prdc 0.2, compute_prdc(real, samples[:50], nearest_k=5); torch-fidelity 0.4.0, mmd2 of kernel_poly, degree 3."""
    real, samples = fixed()
    found = generation.manifold(real, samples[:50])
    assert (found.precision, found.recall, found.coverage) == (0.88, 0.3, 0.4)
    assert found.density == pytest.approx(0.68)
    assert generation.kernel_distance(real, samples) == pytest.approx(1.4307856954131948, rel=1e-12)


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("block", [50, 1 << 22])
def test_against_brute_force(k, block):
    rng = np.random.default_rng(k)
    real = rng.normal(size=(70, 6)) + 100  # far from the origin, where squared distances lose digits
    samples = rng.normal(size=(45, 6)) * 0.8 + 100.3
    between = apart(real, samples)
    # The k-th other point: in the sorted row, oneself comes first.
    balls, sample_balls = (np.sort(apart(x, x))[:, k] for x in (real, samples))
    np.testing.assert_allclose(np.sqrt(generation.radii(real - 100, k, block)), balls, rtol=1e-9)
    found = generation.manifold(real, samples, k, block)
    inside = between < balls[:, None]
    assert found.precision == pytest.approx(inside.any(0).mean())
    assert found.recall == pytest.approx((between < sample_balls).any(1).mean())
    assert found.density == pytest.approx(inside.sum() / k / 45)
    assert found.coverage == pytest.approx(inside.any(1).mean())

    def kernel(a, b):
        return (a @ b.T / 6 + 1) ** 3

    within = [(kernel(x, x).sum() - np.trace(kernel(x, x))) / len(x) / (len(x) - 1) for x in (real, samples)]
    expected = sum(within) - 2 * kernel(real, samples).mean()
    assert generation.kernel_distance(real, samples, block) == pytest.approx(expected)
    # Copies: nearer to a training example than that one's nearest other is.
    closest = between.argmin(0)
    other = np.sort(apart(real, real))[:, 1]
    assert generation.authenticity(real, samples) == pytest.approx(100 * (between.min(0) > other[closest]).mean())


def test_what_the_figures_see():
    """One distribution; samples of half of it (recall falls); the same and noise (precision falls); a constant."""
    rng = np.random.default_rng(0)
    real, same = rng.normal(size=(2, 400, 3))
    half = same[same[:, 0] > 0]
    noisy = np.concatenate([same[:200], rng.normal(size=(200, 3)) + 20])
    alike, fewer, worse = (generation.manifold(real, x) for x in (same, half, noisy))
    assert min(alike.precision, alike.recall, alike.coverage) > 0.9 and alike.density == pytest.approx(1, abs=0.1)
    assert fewer.recall < 0.7 < 0.9 < fewer.precision and fewer.coverage < 0.65
    assert worse.precision == pytest.approx(0.5, abs=0.03) and worse.recall > 0.8
    constant = generation.manifold(real, np.zeros((50, 3)))
    assert constant.recall == 0 and constant.coverage < 0.1
    distances = [generation.kernel_distance(real, x) for x in (same, half, noisy)]
    assert abs(distances[0]) < 0.1 < distances[1] < distances[2]


def test_the_kernel_distance_is_unbiased():
    rng = np.random.default_rng(1)
    values = [generation.kernel_distance(*rng.normal(size=(2, 20, 4))) for _ in range(400)]
    assert min(values) < 0 and abs(np.mean(values)) < 3 * np.std(values) / 20


def test_copies_are_seen():
    rng = np.random.default_rng(2)
    train, new = rng.normal(size=(300, 8)), rng.normal(size=(100, 8))
    copies = train[:100] + rng.normal(size=(100, 8)) * 1e-3
    assert generation.authenticity(train, copies) == 0
    assert generation.authenticity(train, new) > 30
    assert generation.authenticity(train, new + 50) == 100
    assert generation.authenticity(np.concatenate([train, train]), copies) == 100  # copies of twins: as near as others


def test_too_few_examples():
    with pytest.raises(ValueError, match="more than 5 examples of each kind are needed. Received: 9 and 5"):
        generation.manifold(np.zeros((9, 2)), np.zeros((5, 2)))
    with pytest.raises(ValueError, match="two examples"):
        generation.kernel_distance(np.zeros((1, 2)), np.zeros((5, 2)))


def test_memory_stays_small():
    import tracemalloc

    points = np.random.default_rng(3).normal(size=(2, 1500, 8))
    tracemalloc.start()
    generation.manifold(*points, block=1 << 16)
    generation.kernel_distance(*points, block=1 << 16)
    assert tracemalloc.get_traced_memory()[1] < 4e6  # all distances at once would be 18e6
    tracemalloc.stop()
