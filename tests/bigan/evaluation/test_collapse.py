"""Alarms of collapsed and runaway outputs."""

import numpy as np
import pytest

from bigan.evaluation import collapse

pytestmark = pytest.mark.jax


def test_rank():
    assert collapse.rank(np.eye(7)) == pytest.approx(7)
    assert collapse.rank(np.outer(np.arange(1, 9), [1.0, 2.0, 3.0])) == pytest.approx(1)
    assert collapse.rank(np.zeros((5, 3))) == 0
    shares = np.array([0.75, 0.25])  # of two singular values
    assert collapse.rank(np.diag([3.0, 1.0])) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


def outputs():
    return np.random.default_rng(0).normal(size=(500, 20)).astype(np.float32)


def test_figures_of_sound_outputs():
    z = outputs()
    figures, lines = collapse.examine(z)
    assert lines == []
    assert figures["output_rank"] > 19 and figures["output_runaway"] < 1.2
    assert figures["output_mean"] == pytest.approx(abs(z.mean(0)).max(), rel=1e-5)
    assert figures["output_deviation"] == pytest.approx(np.median(z.std(0)), rel=1e-5)
    assert figures["output_largest"] == abs(z).max()


def test_each_alarm_at_its_threshold():
    z = outputs()
    few = z.copy()
    few[:, 4:] = 1e-3 * few[:, 4:]  # four of twenty dimensions
    assert "a rank of 4" in collapse.examine(few)[1][0]
    kept = z.copy()
    kept[:, 8:] = 0
    assert not any("rank" in line for line in collapse.examine(kept)[1])
    constant = z * 0.05 + np.random.default_rng(1).choice([-1, 1], (1, 20))
    lines = collapse.examine(constant)[1]
    assert any("hardly vary" in line for line in lines)
    assert not any("hardly vary" in line for line in collapse.examine(constant + z * 0.1)[1])
    far = z.copy()
    far[:, 3] += 4  # its mean runs away
    figures, lines = collapse.examine(far)
    assert figures["output_runaway"] == pytest.approx(17**0.5, rel=0.05) and "has run away, to 4." in lines[-1]
    far[:, 3] -= 2
    assert collapse.examine(far)[1] == []


def test_constant_outputs_are_all_alarms_and_no_error():
    figures, lines = collapse.examine(np.zeros((10, 4)))
    assert figures["output_rank"] == 0 and len(lines) == 2
