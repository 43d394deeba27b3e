"""Several processes over loopback that train one run: equal to one process, and what happens when one of them dies."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from bigan.runtime.cluster import free_port
from bigan.training.run_directory import RunDir, read_arrays
from tests.processes import ROOT
from tests.runs import same_run
from tests.scripts.commands import QUICK

pytestmark = pytest.mark.slow


def start(*commands):
    """Starts `python -m COMMAND` for each, on JAX with one device."""
    environment = os.environ | {"KERAS_BACKEND": "jax", "XLA_FLAGS": "--xla_force_host_platform_device_count=1"}
    pipes = {"cwd": ROOT, "env": environment, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return [subprocess.Popen([sys.executable, "-m", *map(str, command)], **pipes) for command in commands]


def ends(running, within=None):
    """The status and the last line on standard error of each."""
    lines = [process.communicate(timeout=within)[1].strip().splitlines()[-1:] for process in running]
    return [(process.returncode, *line) for process, line in zip(running, lines, strict=True)]


def trained(workdir, count, networks, method="bigan"):
    port = free_port()
    commands = [("tests.worker", "one_of_several", workdir, port, count, i, networks, method) for i in range(count)]
    assert [end[0] for end in ends(start(*commands))] == [0] * count
    return RunDir(workdir)


@pytest.mark.parametrize("count, method", [(2, "bigan"), (4, "simclr")])
def test_processes_share_a_minibatch(tmp_path, count, method):
    """Normalized over the whole minibatch, views compared over all of it: they end where one process does."""
    one, several = (trained(tmp_path / str(n), n, "bigan.networks:MLP", method) for n in (1, count))
    a, b, begin = (read_arrays(run.checkpoint(e)) for run, e in ((one, "1"), (several, "1"), (one, "0")))
    for name in a:
        if "moving" not in name:
            moved = np.abs(a[name] - begin[name])
            assert np.linalg.norm(a[name] - b[name]) <= 5e-3 * np.linalg.norm(moved) and moved.max() > 0, name
    assert several.read_metrics()[1]["loss"] == pytest.approx(one.read_metrics()[1]["loss"], rel=1e-4)


def commands(workdir, *flags, processes=2):
    common = ["scripts.train", "--preset=digits", *QUICK, "--epochs=6", "--device=cpu", f"--workdir={workdir}"]
    common += [f"--coordinator=127.0.0.1:{free_port()}", f"--processes={processes}", *flags]
    return [[*common, f"--process={index}"] for index in range(processes)]


def test_one_that_is_killed_ends_all_and_the_same_command_resumes(tmp_path):
    assert [end[0] for end in ends(start(*commands(tmp_path / "whole")))] == [0, 0]
    instants = random.Random(0)
    for victim in (1, 0):
        running = start(*commands(tmp_path / "run"))
        while not (tmp_path / "run" / "snapshot" / "state.npz").exists():
            time.sleep(0.05)
        time.sleep(instants.uniform(0, 1))
        running[victim].send_signal(signal.SIGKILL)
        end = ends([running[1 - victim]], within=60)[0]
        assert end[0] == 1 and f"process {victim} of 2 is gone; all processes end" in end[1]
    assert [end[0] for end in ends(start(*commands(tmp_path / "run")))] == [0, 0]
    same_run(tmp_path / "whole", tmp_path / "run")


def test_processes_that_disagree(tmp_path):
    one, two = commands(tmp_path / "run")
    for end in ends(start(one, [*two, "--seed=4"]), within=90):
        assert end == (1, "error: --seed differs between processes: 0 in process 0, 4 in process 1")
    assert not (tmp_path / "run" / "config.json").exists()
