"""Several devices that share each minibatch."""

import numpy as np
import pytest

from bigan.training.run_directory import RunDir, read_arrays
from tests.processes import run_worker

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_share_a_minibatch(tmp_path, backend):
    """Two replicas on their halves of each minibatch, z included, end where one device with the whole of it does."""
    networks = "tests.worker:Unnormalized"
    for replicas in (1, 2):
        run_worker("train", tmp_path / str(replicas), replicas, networks, KERAS_BACKEND=backend)
    one, two = (RunDir(tmp_path / str(r)) for r in (1, 2))
    a, b = read_arrays(one.checkpoint("4")), read_arrays(two.checkpoint("4"))
    start = read_arrays(one.checkpoint("0"))
    for name in a:
        moved = np.abs(a[name] - start[name]).max()
        assert np.abs(a[name] - b[name]).max() <= 1e-3 * moved > 0, name
    for row, other in zip(one.read_metrics()[1:], two.read_metrics()[1:], strict=True):
        for name in ("loss", "loss_D", "loss_E", "loss_G", "D_real"):
            assert row[name] == pytest.approx(other[name], rel=1e-4), name


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_views_are_compared_with_those_of_both_devices(tmp_path, backend):
    """Two replicas on their halves of each minibatch end where one device with all the negatives does."""
    for replicas in (1, 2):
        run_worker(
            "train", tmp_path / str(replicas), replicas, "tests.worker:Unnormalized", "simclr", KERAS_BACKEND=backend
        )
    one, two = (RunDir(tmp_path / str(r)) for r in (1, 2))
    a, b, start = (read_arrays(run.checkpoint(epoch)) for run, epoch in ((one, "4"), (two, "4"), (one, "0")))
    for name in a:
        moved = np.abs(a[name] - start[name]).max()
        assert np.abs(a[name] - b[name]).max() <= 1e-2 * moved > 0, name
    for row, other in zip(one.read_metrics()[1:], two.read_metrics()[1:], strict=True):
        assert row["agreement"] == pytest.approx(other["agreement"], rel=1e-4)
