"""What is said of E's outputs."""

import numpy as np
import pytest

from bigan.benchmarks import outputs
from bigan.streams import Stream

pytestmark = pytest.mark.slow


def test_outputs_are_described(whole, data):
    model = whole().model
    row = outputs.describe(model, data["test_images"])
    features = model.features(data["test_images"], "output")
    spread = np.sort(features.std(0))
    assert row["standard deviation"] == (
        f"{spread[3]:.1f}, {spread[2]:.1f}, {spread[1]:.1f}; median {np.median(spread):.1f}"
    )
    assert row["furthest mean"] == f"{abs(features.mean(0)).max():.1f}"
    z = model.latent.draw(outputs.DRAWS, 0, Stream.BENCHMARK)
    low, high = (np.concatenate([np.full((len(z), 1), v, np.float32), z[:, 1:]], 1) for v in (-0.5, 0.5))
    moved = (model.generate(high, raw=False) - model.generate(low, raw=False)).reshape(len(z), -1)
    assert outputs.sensitivity(model, z)[0] == pytest.approx(np.linalg.norm(moved, axis=1).mean(), rel=1e-5)
