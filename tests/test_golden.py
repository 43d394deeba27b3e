"""A run written by an earlier version still loads, and gives what it gave then.

Made once, with format 1: two epochs of `tests.worker`'s tiny BiGAN, 6 units wide, d = 3. If a change of format is
meant, raise `bigan.rundir.FORMAT`, teach `RunDir` to read this run all the same, and add another.
"""

from pathlib import Path

import numpy as np
import pytest

import bigan
from tests.worker import tiny_data

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.jax
def test_the_golden_run_loads_and_encodes_as_it_did():
    model = bigan.load(GOLDEN)
    expected = np.load(GOLDEN / "expected.npz")
    images = tiny_data()["test_images"]
    np.testing.assert_allclose(model.encode(images), expected["encoded"], atol=1e-5)
    np.testing.assert_allclose(model.reconstruct(images, raw=False), expected["reconstructed"], atol=1e-5)
