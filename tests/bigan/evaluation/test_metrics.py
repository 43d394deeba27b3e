"""Figures of merit against plain arithmetic."""

import numpy as np
import pytest

from bigan.evaluation import metrics

pytestmark = pytest.mark.jax


def test_nearest_distance_over_blocks():
    rng = np.random.default_rng(2)
    a, b = rng.random((30, 8)).astype(np.float32), rng.random((100, 8)).astype(np.float32)
    out = metrics.nearest_distance(a, [b[:33], b[33:34], b[34:]])
    np.testing.assert_allclose(out, np.sqrt(((a.astype(np.float64)[:, None] - b[None]) ** 2).sum(-1).min(1)), rtol=1e-4)


def test_accuracy_and_distance():
    train, labels = np.array([[0.0], [10.0]]), np.array([3, 5])
    assert metrics.nearest_accuracy(train, labels, np.array([[1.0], [9.0], [4.0]]), np.array([3, 5, 5])) == (
        pytest.approx(200 / 3)
    )
    assert metrics.distance(np.zeros((2, 2)), np.array([[3.0, 4.0], [0.0, 0.0]])) == 2.5
