"""A task is one class and one line: one from outside the package is run, tabulated, plotted and given flags alike."""

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import transfer
from bigan.errors import UserError
from bigan.registry import Registry
from tests.transfer.blobs import blobs, given
from transfer.task import Options, Task

BUILT_IN = [name for name in transfer.TASKS if transfer.TASKS.place(name).startswith("transfer.")]


def script(*arguments):
    command = [sys.executable, "-m", "scripts.transfer", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1"})


def test_a_task_from_outside(tmp_path):
    results = transfer.run(given(blobs(9, 0), blobs(6, 1)), "tests.transfer.toys:Norms", out=tmp_path, order=1)
    norms = np.abs(blobs(6, 1).images).sum(axis=1)
    table = (tmp_path / "table.md").read_text()
    assert f"| given | {norms.mean():.2f} [{norms.min():.2f}, {norms.max():.2f}] |" in table
    assert "norms, mean norm (pixels), smallest and largest in brackets; order: 1." in table
    assert (tmp_path / "table.csv").read_text().splitlines()[0] == "run,column,mean_norm,low,high"
    assert np.asarray(Image.open(tmp_path / "plot.png")).std() > 1 and not (tmp_path / "losses.png").exists()
    assert results.written == ["results.json", "table.md", "table.csv", "plot.png"]
    assert json.loads((tmp_path / "results.json").read_text())["task"] == "norms"


@pytest.mark.slow
def test_options_become_flags_and_other_tasks_options_do_not(tmp_path):
    own = ("--plugins=tests.transfer.toys", f"--run={tmp_path}", "--task=norms")
    assert "no run in" in script(*own, "--order=3").stderr
    assert script(*own, "--order=0").stderr == "error: --order must be at least 1. Received: 0\n"
    assert script(*own, "--k=1").stderr == "error: Unknown command line flag 'k'\n"
    assert "--task must be one of knn, linear" in script("--task=norms", "--order=3").stderr
    text = script("--plugins=tests.transfer.toys", "--help").stdout
    assert "--task=norms: Mean norm of the evaluation" in text and "--order: of the norm (default: 2)" in text
    assert all(f"--task={name}: " in text for name in BUILT_IN)
    (tmp_path / "flags").write_text("--task=low_shot\n--shots=1,b\n")
    assert "--shots must be numbers" in script(f"--flagfile={tmp_path / 'flags'}", f"--run={tmp_path}").stderr


def test_tasks_are_light_to_import():
    code = "import sys, transfer; [transfer.TASKS.resolve(n) for n in transfer.TASKS]; print('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_task_keeps_the_protocol(name):
    kind = transfer.TASKS.resolve(name)
    assert issubclass(kind, Task) and issubclass(kind.Options, Options) and kind(kind.Options()).name == name
    for field in dataclasses.fields(kind.Options):
        assert field.metadata["about"], field.name
    with pytest.raises(UserError, match="`limit` must be at least 0. Received: -1"):
        kind.Options(limit=-1)


def test_unknown_tasks_and_options():
    with pytest.raises(UserError, match="`task` must be one of knn, linear, low_shot, frozen_layers"):
        transfer.run(given(blobs(9, 0), blobs(6, 1)), "svm")
    with pytest.raises(UserError, match="`task=knn` has the options limit, k, metric. Received: 'shots'"):
        transfer.run(given(blobs(9, 0), blobs(6, 1)), "knn", shots=(1,))
    assert isinstance(transfer.TASKS, Registry)
