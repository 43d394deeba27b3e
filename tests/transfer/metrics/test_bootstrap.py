"""The bootstrap's interval against the binomial distribution's."""

import numpy as np
import pytest

from transfer.metrics import bootstrap


def test_the_bootstraps_interval_is_the_binomials():
    correct = np.arange(1000) % 10 < 7
    result = bootstrap.accuracy(correct)
    deviation = 100 * np.sqrt(0.7 * 0.3 / 1000)
    assert result["accuracy"] == pytest.approx(70)
    assert result["interval"] == pytest.approx([70 - 1.96 * deviation, 70 + 1.96 * deviation], abs=0.4)
