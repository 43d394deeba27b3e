"""Several devices that share each minibatch."""

import numpy as np
import pytest

from bigan.training.run_directory import RunDir, read_arrays
from tests.processes import run_worker

pytestmark = pytest.mark.slow
METHODS = ("bigan", "simclr")


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("tensorflow", "jax")]
)
def runs(request, tmp_path_factory):
    """The same runs on one device and on two, by method."""
    folder = tmp_path_factory.mktemp("runs")
    run_worker("train", folder, "tests.networks:Unnormalized", *METHODS, KERAS_BACKEND=request.param)
    return {method: [RunDir(folder / str(replicas) / method) for replicas in (1, 2)] for method in METHODS}


def apart(one, two):
    """The furthest that a weight differs between two runs, as a part of the furthest that one moved, by variable."""
    a, b, start = (read_arrays(run.checkpoint(epoch)) for run, epoch in ((one, "4"), (two, "4"), (one, "0")))
    moved = {name: np.abs(a[name] - start[name]).max() for name in a}
    assert min(moved.values()) > 0
    return {name: np.abs(a[name] - b[name]).max() / moved[name] for name in a}


def test_two_devices_share_a_minibatch(runs):
    """Two replicas on their halves of each minibatch, z included, end where one device with the whole of it does."""
    one, two = runs["bigan"]
    assert max(apart(one, two).values()) <= 1e-3
    for row, other in zip(one.read_metrics()[1:], two.read_metrics()[1:], strict=True):
        for name in ("loss", "loss_D", "loss_E", "loss_G", "D_real"):
            assert row[name] == pytest.approx(other[name], rel=1e-4), name


def test_views_are_compared_with_those_of_both_devices(runs):
    """Two replicas on their halves of each minibatch end where one device with all the negatives does."""
    one, two = runs["simclr"]
    assert max(apart(one, two).values()) <= 1e-2
    for row, other in zip(one.read_metrics()[1:], two.read_metrics()[1:], strict=True):
        assert row["agreement"] == pytest.approx(other["agreement"], rel=1e-4)
