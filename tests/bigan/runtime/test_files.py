"""Files that are as they were, or wholly new."""

import os
import socket
from types import SimpleNamespace

import numpy as np
import pytest

from bigan.errors import TakenError, UserError
from bigan.runtime import files


def test_atomic_write_leaves_the_old_file_when_it_fails(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    files.write_text(path, "old")

    def broken(file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match=r"cannot write .*a\.txt: No space left on device"):
        files.write(path, broken)
    assert path.read_text() == "old" and [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_file_is_as_readable_as_any_other(tmp_path):
    (tmp_path / "plain").write_text("")
    files.write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_arrays_are_written_batch_by_batch(tmp_path):
    """As `np.savez` of the whole arrays would, whatever their order in memory."""
    x = np.random.default_rng(0).normal(size=(10, 3, 2)).astype(np.float32)
    y = np.asfortranarray(np.arange(20).reshape(10, 2))
    taken = []

    def slices(array, size):
        for start in range(0, len(array), size):
            taken.append((len(array[0].shape), start))
            yield array[start : start + size]

    files.write_batches(tmp_path / "a.npz", [("x", 10, slices(x, 4)), ("y", 10, slices(y, 10))])
    loaded = np.load(tmp_path / "a.npz")
    assert loaded.files == ["x", "y"] and loaded["x"].dtype == np.float32 and loaded["y"].dtype == y.dtype
    assert np.array_equal(loaded["x"], x) and np.array_equal(loaded["y"], y)
    assert taken == [(2, 0), (2, 4), (2, 8), (1, 0)]  # one after the other


def test_arrays_that_the_disk_has_no_room_for_are_refused_before_they_are_written(tmp_path):
    made = []

    def batches():
        for _ in range(10**6):
            made.append(np.zeros((1000, 1000), np.float32))
            yield made[-1]

    with pytest.raises(UserError, match=r"cannot write to .*: 4,000\.0 GB are needed, and [\d,.]+ GB are free"):
        files.write_batches(tmp_path / "a.npz", [("x", 10**9, batches())])
    assert len(made) == 1 and not list(tmp_path.iterdir())


def test_room_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(files.shutil, "disk_usage", lambda folder: SimpleNamespace(free=2_000_000_000))
    files.check_room(tmp_path, 2_000_000_000)
    with pytest.raises(UserError, match=r"cannot write to .*: 2\.5 GB are needed, and 2\.0 GB are free"):
        files.check_room(tmp_path, 2_500_000_000)


def test_a_folder_is_held_while_it_is(tmp_path):
    assert not files.held(tmp_path / "run")
    with files.exclusive(tmp_path / "run", "taken"):
        assert files.held(tmp_path / "run")
    assert not files.held(tmp_path / "run") and (tmp_path / "run" / ".lock").exists()


def test_who_holds_a_folder_is_told(tmp_path):
    """As a second machine hears it that shares the folder."""
    with (
        files.exclusive(tmp_path / "held", "taken"),
        pytest.raises(TakenError, match=rf"taken \({socket.gethostname()}, process {os.getpid()}\); wait for it"),
        files.exclusive(tmp_path / "held", "taken"),
    ):
        raise AssertionError("held twice")
