"""Killed at any point, a run ends the same."""

import pytest

from bigan.training.run_directory import RunDir, read_arrays
from bigan.training.train import train
from tests.processes import run_worker
from tests.runs import same_run
from tests.worker import tiny_config, tiny_data

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "point, count", [("step", 8), ("snapshot_rename", 3), ("checkpoint_rename", 4), ("metrics", 3)]
)
def test_killed_at_an_injected_point_the_run_ends_the_same(tmp_path, whole, point, count):
    run_worker("train_and_die", tmp_path, point, count, expect=-9)
    for path in tmp_path.rglob("*.npz"):
        if not path.name.startswith(".aside"):
            read_arrays(path)  # nothing unreadable is ever left
    assert not RunDir(tmp_path).complete()
    train(tiny_config(), tmp_path, progress=False, **tiny_data())
    same_run(whole().directory.path, tmp_path)
    assert not list(tmp_path.rglob(".aside*"))
