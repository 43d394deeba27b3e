"""scripts.table from a user's command line."""

import csv
import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from bigan.runtime import files
from tests.scripts.commands import QUICK, command, fail, succeed

pytestmark = pytest.mark.slow


def test_table(no_backend, tmp_path):
    flags = ("--preset=digits_thesis", *QUICK, "--seeds=2", "--methods=bigan,gan", "--device=cpu")
    done = succeed("table", *flags, f"--workdir={tmp_path / 'table'}")
    with open(tmp_path / "table" / "table.csv") as file:
        rows = list(csv.DictReader(file))
    for method in ("bigan", "gan"):
        for seed in ("0", "1"):
            results = json.loads((tmp_path / "table" / f"{method}-{seed}" / "results.json").read_text())
            value = [r["value"] for r in rows if (r["method"], r["seed"], r["figure"]) == (method, seed, "knn_hidden")]
            assert [float(v) for v in value] == [results["figures"]["knn_hidden"]]
    table = (tmp_path / "table" / "table.md").read_text()
    assert table in done.stdout and "| raw input |" in table and "| untrained network |" in table
    assert [line.split(" | ")[1] for line in table.splitlines() if line.startswith("| gan")] == ["2"]
    for name in ("table.png", "curves.png"):
        assert np.asarray(Image.open(tmp_path / "table" / name)).std() > 1
    assert done.stderr.count("epoch 2/2") == 4
    again = command("table", *flags, f"--workdir={tmp_path / 'table'}", **no_backend)
    assert again.stderr.count("is complete") == 4 and (tmp_path / "table" / "table.md").read_text() == table


def test_what_the_table_refuses(no_backend, tmp_path):
    workdir = f"--workdir={tmp_path / 'other'}"
    assert "--methods is empty" in fail("table", "--methods=", workdir, **no_backend)
    assert "--methods must be one of bigan, bigan_views, gan" in fail("table", "--methods=vae", workdir, **no_backend)
    assert "cannot import 'bigan.models:Mine'" in fail("table", "--methods=bigan,bigan.models:Mine", workdir)
    assert "use --seeds" in fail("table", "--seed=3", workdir, **no_backend)
    assert not (tmp_path / "other").exists()


def test_a_run_that_another_machine_trains_is_left_to_it(tmp_path):
    flags = ["--preset=digits", *QUICK, "--seeds=1", "--methods=bigan,gan", "--device=cpu", f"--workdir={tmp_path}"]
    with ThreadPoolExecutor() as pool, files.exclusive(tmp_path / "bigan-0", "held here"):
        running = pool.submit(succeed, "table", *flags)
        while not (tmp_path / "gan-0" / "snapshot").exists() and not running.done():
            time.sleep(0.05)
    line = f"bigan, seed 0: left to {socket.gethostname()}, process {os.getpid()}"
    assert line in running.result().stderr
    assert all((tmp_path / f"{method}-0" / "results.json").exists() for method in ("bigan", "gan"))
