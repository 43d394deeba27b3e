"""Nearest neighbours against brute force in float64."""

import numpy as np
import pytest

from bigan.evaluation.neighbors import nearest, vote

pytestmark = pytest.mark.jax


def brute(queries, references):
    difference = queries.astype(np.float64)[:, None] - references.astype(np.float64)[None]
    return (difference**2).sum(-1)


def brute_nearest(queries, references, k):
    return np.argsort(brute(queries, references), axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("offset, scale", [(0, 1), (1000, 1e-3), (-5, 1e4)])
@pytest.mark.parametrize("block", [7, 1 << 23])
@pytest.mark.parametrize("k", [1, 5, 200])
def test_nearest_is_exact(offset, scale, block, k):
    rng = np.random.default_rng(0)
    a = (rng.normal(size=(60, 33)) * scale + offset).astype(np.float32)
    b = (rng.normal(size=(200, 33)) * scale + offset).astype(np.float32)
    assert np.array_equal(nearest(a, b, k, block), brute_nearest(a, b, k))


@pytest.mark.parametrize("k", [1, 7, 300])
def test_ties_go_to_the_lowest_index_and_near_ties_to_the_nearer(k):
    rng = np.random.default_rng(1)
    b = rng.integers(0, 2, (300, 6)).astype(np.uint8)  # 64 different points: nothing but ties
    assert np.array_equal(nearest(b, b, k, 500), brute_nearest(b, b, k))
    base = rng.normal(100, 1, 64).astype(np.float32)
    close = np.stack([base] * 20)
    close[np.arange(20), 0] += np.float32(1e-4) * np.arange(20, 0, -1)  # beyond float32's reach at this distance
    few = min(k, 20)
    assert np.array_equal(nearest(base[None] - 50, close, few), brute_nearest(base[None] - 50, close, few))
    with pytest.raises(ValueError, match="k must be in 1..20"):
        nearest(base[None], close, 21)


def test_votes():
    labels = np.array([5, 3, 3, 9, 9])
    assert vote(np.array([[0, 1, 2], [0, 1, 3], [3, 1, 2], [4, 1, 2]])[:, :2], labels).tolist() == [5, 5, 9, 9]
    assert vote(np.array([[0, 1, 2], [0, 1, 3], [3, 1, 2], [4, 3, 2]]), labels).tolist() == [3, 5, 3, 9]
    assert vote(np.array([[1, 3, 2, 4, 0], [3, 1, 4, 2, 0]]), labels).tolist() == [3, 9]  # two each: the nearest leads


def test_constant_and_repeated_references_take_no_memory():
    """All features equal, as of an output layer that starts at zero: everything ties, and the first one wins."""
    import tracemalloc

    tracemalloc.start()
    out = nearest(np.zeros((2000, 50), np.float32), np.zeros((20000, 50), np.float32))
    assert not out.any() and tracemalloc.get_traced_memory()[1] < 400e6
    tracemalloc.stop()
