"""Several processes over loopback that train one run: equal to one process, and what happens when one of them dies."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from bigan import presets
from bigan.runtime.cluster import free_port
from bigan.training.run_directory import RunDir, read_arrays
from bigan.training.train import train
from tests.processes import ROOT
from tests.runs import same_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.jax,
    pytest.mark.skipif(os.environ["KERAS_BACKEND"] != "jax", reason="several processes need JAX"),
    pytest.mark.xdist_group("processes"),
]

# 50 steps, with views that are compared over the minibatch, batch normalization, averaged weights, judged samples.
RUN = {
    "epochs": 2,
    "batch_size": 56,
    "width": 16,
    "latent_dim": 4,
    "init_stddev": 0.1,
    "ema": 0.9,
    "eval_every": 2,
    "save_every": 1,
    "statistics_batches": 3,
    "nearest_samples": 64,
    "logistic_examples": 60,
    "compared_samples": 30,
    "device": "cpu",
}


def commands(workdir, count, *flags):
    """Each process's command line."""
    fields = [f"--{name}={value}" for name, value in RUN.items()]
    several = [f"--coordinator=127.0.0.1:{free_port()}", f"--processes={count}"]
    common = ["scripts.train", "--preset=digits", *fields, f"--workdir={workdir}", *several, *flags]
    return [[*common, f"--process={index}"] for index in range(count)]


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Starts processes that find no TensorFlow, nor the classifier that judges samples; both on purpose."""
    without = tmp_path_factory.mktemp("without")
    (without / "tensorflow.py").write_text("raise ImportError('left out')")
    environment = os.environ | {"PYTHONPATH": str(without), "BIGAN_CACHE": str(without / "cache")}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "cwd": ROOT, "text": True}

    def start(commands):
        return [subprocess.Popen([sys.executable, "-m", *command], env=environment, **pipes) for command in commands]

    return start


def ends(running, within=None):
    """The status and the last line on standard error of each."""
    errors = [process.communicate(timeout=within)[1] for process in running]
    assert not any("Traceback" in text for text in errors), errors
    lines = [text.strip().splitlines()[-1:] for text in errors]
    return [(process.returncode, *line) for process, line in zip(running, lines, strict=True)]


def trained(start, workdir, count, *flags):
    assert [end[0] for end in ends(start(commands(workdir, count, *flags)))] == [0] * count
    return RunDir(workdir)


def alone(workdir, **changes):
    """The same run, or what is left of it, in this process."""
    return train(presets.digits().replace(**RUN | changes), workdir, progress=False).directory


@pytest.fixture(scope="module")
def runs(start, tmp_path_factory):
    """The same run by 1, 2 and 4 processes; samples are judged in that of 2 alone, which changes no weight."""
    folder = tmp_path_factory.mktemp("runs")
    two, four = (
        trained(start, folder / str(count), count, *flags) for count, flags in ((2, ()), (4, ["--compared_samples=0"]))
    )
    return {1: alone(folder / "1", compared_samples=0), 2: two, 4: four}


def equal(one, several):
    """But for the order in which floats are added."""
    begin = read_arrays(one.checkpoint("0"))
    a, b = (read_arrays(run.checkpoint("2")) for run in (one, several))
    for name in a:
        if "moving" not in name:
            moved = np.abs(a[name] - begin[name])
            assert np.linalg.norm(a[name] - b[name]) <= 1e-4 * np.linalg.norm(moved) and moved.max() > 0, name
    for row, other in zip(one.read_metrics()[1:], several.read_metrics()[1:], strict=True):
        for name in ("loss", "agreement"):
            assert row[name] == pytest.approx(other[name], rel=1e-5), name


@pytest.mark.parametrize("count", [2, 4])
def test_processes_share_a_minibatch(runs, count):
    """Normalized over the whole minibatch, views compared over all of it: they end where one process does."""
    equal(runs[1], runs[count])


def test_one_that_is_killed_ends_all_and_the_same_command_resumes(start, runs, tmp_path):
    place = tmp_path / "run"
    running = start(commands(place, 2))
    while not (place / "snapshot" / "state.npz").exists():
        time.sleep(0.05)
    time.sleep(random.uniform(0, 1))
    running[1].send_signal(signal.SIGKILL)
    status, line = ends(running[:1], within=60)[0]
    assert status == 1 and line == "error: process 1 of 2 is gone; all processes end; the same command resumes"
    running[1].communicate()
    shutil.copytree(place, tmp_path / "alone")
    trained(start, place, 2)
    same_run(runs[2].path, place)
    equal(runs[1], alone(tmp_path / "alone"))


def test_processes_that_disagree(start, tmp_path):
    one, two = commands(tmp_path / "run", 2)
    for end in ends(start([one, [*two, "--seed=4"]]), within=90):
        assert end == (1, "error: --seed differs between processes: 0 in process 0, 4 in process 1")
    assert not (tmp_path / "run" / "config.json").exists()
