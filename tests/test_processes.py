"""What takes processes of their own: a kill, another backend, several devices."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from baselines import METHODS
from bigan.rundir import RunDir, read_arrays
from bigan.training import train
from tests.test_training import same_run
from tests.worker import tiny_config, tiny_data

ROOT = Path(__file__).parent.parent


def worker(*arguments, expect=0, **environment):
    done = subprocess.run(
        [sys.executable, "-m", "tests.worker", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == expect, done.stderr
    return done


@pytest.mark.parametrize(
    "point, count", [("step", 8), ("snapshot_rename", 3), ("checkpoint_rename", 4), ("metrics", 3)]
)
def test_killed_at_an_injected_point_the_run_ends_the_same(tmp_path, whole, point, count):
    worker("train_and_die", tmp_path, point, count, expect=-9)
    for path in tmp_path.rglob("*.npz"):
        if not path.name.startswith(".aside"):
            read_arrays(path)  # nothing unreadable is ever left
    assert not RunDir(tmp_path).complete()
    train(tiny_config(), tmp_path, progress=False, **tiny_data())
    same_run(whole().directory.path, tmp_path)
    assert not list(tmp_path.rglob(".aside*"))


@pytest.fixture(scope="module")
def first_steps(tmp_path_factory):
    """What `worker.first_gradients_and_losses` measured on each backend: arrays by 'method/name'."""
    folder = tmp_path_factory.mktemp("first_steps")
    for backend in ("tensorflow", "jax"):
        worker("first_gradients_and_losses", folder / f"{backend}.npz", *sorted(METHODS), KERAS_BACKEND=backend)
    return [np.load(folder / f"{backend}.npz") for backend in ("tensorflow", "jax")]


@pytest.mark.xdist_group("first_steps")
@pytest.mark.parametrize("method", sorted(METHODS))
def test_tensorflow_and_jax_agree(first_steps, method):
    one, two = ({n: arrays[n] for n in arrays.files if n.startswith(f"{method}/")} for arrays in first_steps)
    assert one.keys() == two.keys() and len(one) > 5
    losses = [arrays.pop(f"{method}/losses") for arrays in (one, two)]
    for name in one:
        assert np.linalg.norm(one[name] - two[name]) <= 1e-5 * np.linalg.norm(one[name]) > 0, name
    assert losses[0].shape == (50,) and losses[0][-1] != losses[0][0]
    np.testing.assert_allclose(*losses, rtol=1e-3)


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_two_devices_share_a_minibatch(tmp_path, backend):
    """Two replicas on their halves of each minibatch, z included, end where one device with the whole of it does."""
    networks = "tests.worker:Unnormalized"
    for replicas in (1, 2):
        worker("train", tmp_path / str(replicas), replicas, networks, KERAS_BACKEND=backend)
    one, two = (RunDir(tmp_path / str(r)) for r in (1, 2))
    a, b = read_arrays(one.checkpoint("4")), read_arrays(two.checkpoint("4"))
    start = read_arrays(one.checkpoint("0"))
    for name in a:
        moved = np.abs(a[name] - start[name]).max()
        assert np.abs(a[name] - b[name]).max() <= 1e-3 * moved > 0, name
    for row, other in zip(one.read_metrics()[1:], two.read_metrics()[1:], strict=True):
        for name in ("loss", "loss_D", "loss_E", "loss_G", "D_real"):
            assert row[name] == pytest.approx(other[name], rel=1e-4), name


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="malloc of another kind")
@pytest.mark.parametrize(
    "environment, kept",
    [({}, True), ({"MALLOC_MMAP_MAX_": "65536"}, False), ({"GLIBC_TUNABLES": "glibc.malloc.check=0"}, False)],
)
def test_freed_memory_is_used_again_unless_the_user_sets_malloc(environment, kept):
    code = """if True:
        import resource
        from bigan import devices
        devices.keep_freed_memory()
        def pages_cleared():
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            block = bytearray(100 * 2**20)
            block[:: resource.getpagesize()] = block[:: resource.getpagesize()]
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        first = pages_cleared()
        print(first, pages_cleared())
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")} | environment
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True)
    first, second = map(int, done.stdout.split())
    assert (second < first / 10) == kept
