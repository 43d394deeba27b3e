"""scripts.ablate from a user's command line: interrupted, resumed, beside others, and with a run that fails."""

import csv
import json
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigan import presets
from bigan.errors import UserError
from bigan.runtime import files
from bigan.training.run_directory import RunDir
from bigan.training.train import train
from scripts.workers import Job, Workers
from tests import processes
from tests.scripts.commands import QUICK, command, fail, succeed

FLAGS = ("--preset=digits_thesis", *QUICK, "--device=cpu", "--seeds=2")
VARY = "--vary=small z: --latent_dim=2"


@pytest.mark.slow
def test_ablation(no_backend, tmp_path):
    folder = tmp_path / "ablation"
    flags = (*FLAGS, VARY, f"--workdir={folder}")
    began = processes.start("scripts.ablate", *flags)
    config = folder / "small z-0" / "config.json"  # base-0 is complete, and the next has begun
    assert began.kill_when(config.is_file, signal.SIGTERM) == 128 + signal.SIGTERM and "Traceback" not in began.errors
    assert RunDir(folder / "base-0").complete() and not RunDir(folder / "small z-0").complete()
    assert not files.held(folder / "small z-0") and not (folder / "base-1").exists()
    assert [line.split(" | ")[1] for line in (folder / "table.md").read_text().splitlines() if "| base" in line] == [
        "1"
    ]

    # Seed 1's runs are made here: runs that are complete are taken as they are, whoever trained them.
    base = RunDir(folder / "base-0").read_config()[0].replace(seed=1)
    for name, config in (("base", base), ("small z", base.replace(latent_dim=2))):
        train(config, folder / f"{name}-1", progress=False)
    done = succeed("ablate", *flags)
    assert "small z, seed 0: training" in done.stderr and "seed 1: training" not in done.stderr
    with open(folder / "table.csv") as file:
        rows = list(csv.DictReader(file))
    values = {}
    for name in ("base", "small z"):
        for seed in (0, 1):
            run = RunDir(folder / f"{name}-{seed}")
            assert run.read_config()[0].seed == seed
            assert run.read_config()[0].latent_dim == {"base": 4, "small z": 2}[name]
            value = [
                r["value"]
                for r in rows
                if (r["variation"], r["seed"]) == (name, str(seed)) and r["figure"] == "knn_hidden"
            ]
            values[name, seed] = run.results()["figures"]["knn_hidden"]
            assert [float(v) for v in value] == [values[name, seed]]
    document = json.loads((folder / "table.json").read_text())["variations"]
    assert list(document) == ["base", "small z"]
    mean = np.mean([values["base", 0], values["base", 1]])
    assert document["base"]["knn_hidden"]["mean"] == pytest.approx(mean)
    difference = np.mean([values["small z", s] - values["base", s] for s in (0, 1)])
    assert document["small z"]["knn_hidden"]["minus_base"]["mean"] == pytest.approx(difference)
    table = (folder / "table.md").read_text()
    assert table in done.stdout and "| raw input |" in table and "| minus base |" in table
    assert np.asarray(Image.open(folder / "quality.png")).std() > 1

    # A finished one only writes table and picture anew; a run that fails is one line, and what there is is written.
    (folder / "quality.png").unlink()
    again = command("ablate", *flags, "--figure=knn_output", **no_backend)
    assert again.returncode == 0 and not again.stderr.strip(), again.stderr
    assert (folder / "table.md").read_text() == table and (folder / "quality.png").is_file()
    line = fail("ablate", *flags, "--seeds=1", "--vary=huge: --batch_size=5000", **no_backend)
    assert line.startswith("error: 1 of 3 runs failed: huge, seed 0: --batch_size must be at most the 1437")
    assert "no run has a figure 'nothing'" in fail("ablate", *flags, "--figure=nothing", **no_backend)
    assert "base-0 has --latent_dim=4" in fail("ablate", *flags, "--latent_dim=3", **no_backend)


@pytest.mark.slow
def test_what_an_ablation_refuses(no_backend, tmp_path):
    workdir = f"--workdir={tmp_path / 'other'}"
    assert "--workdir is needed" in fail("ablate", **no_backend)
    assert "use --seeds" in fail("ablate", "--seed=3", workdir, **no_backend)
    assert "--epochs must be at least 1" in fail(
        "ablate", "--vary=a: --epochs=1", "--vary=b: --epochs=0", workdir, **no_backend
    )
    assert not (tmp_path / "other").exists()


@pytest.mark.slow
def test_a_run_that_another_process_holds_is_looked_at_again(tmp_path, capfd):
    """The run itself is one that is refused, which takes no training to see."""
    job = Job("mine", presets.get("digits_thesis").replace(batch_size=5000), tmp_path / "mine-0")
    taken, release = threading.Event(), threading.Event()

    def hold():
        with files.exclusive(job.place, "taken"):
            taken.set()
            release.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait()
    threading.Timer(1.0, release.set).start()
    workers = Workers(tmp_path, 1)
    workers.train([job], lambda: pytest.fail("nothing was finished"))
    holder.join()
    said = capfd.readouterr().err
    assert said.index("mine: another process is at it") < said.index("mine: training") < said.index("mine: FAILED")
    assert len(workers.failures) == 1 and "--batch_size must be at most" in workers.failures[0]


def test_no_more_workers_than_cores(tmp_path):
    with pytest.raises(UserError, match="`workers` must be at most"):
        Workers(tmp_path, 100_000)


@pytest.mark.slow
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_workers_have_a_core_each_and_leave_those_of_others(tmp_path, monkeypatch):
    """Runs that are refused: what matters here is where they were started, and when."""
    config = presets.get("digits_thesis").replace(batch_size=5000)
    jobs = [Job(f"{i}", config, tmp_path / f"{i}-0") for i in range(3)]
    workers, other, cores, most = Workers(tmp_path, 2), Workers(tmp_path, 2), {}, []
    two = set(sorted(os.sched_getaffinity(0))[:2])
    core, lock = other._core()
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: two)

    def say(line):
        running = workers._running
        most.append(len(running))
        if ": training, see" in line:
            status = (Path("/proc") / str(running[-1].process.pid) / "status").read_text()
            cores[running[-1].job.name] = status.partition("Cpus_allowed_list:")[2].split()[0]
        if "FAILED" in line:
            lock.close()

    monkeypatch.setattr(workers, "_say", say)
    workers.train(jobs, lambda: None)
    assert len(workers.failures) == 3 and max(most) == 2
    assert cores["0"] != str(core) and {cores["1"], cores["2"]} == {str(core), cores["0"]}
