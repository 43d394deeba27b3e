"""Kills a training run at random instants, restarts it each time, and compares its end with an undisturbed run's.

python -m scripts.kill_stress --kills=20 [--seed=0] [--method=bigan]

After every kill each snapshot and checkpoint on disk must be readable; at the end weights, optimizer state, metrics and
figures (timing aside) must be bit-identical. Exit status 1 if not.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from bigan.errors import UserError
from bigan.registry import METHODS
from bigan.training.run_directory import RunDir, read_arrays

from .flags import FLAGS
from .main import run_main

flags.DEFINE_integer("kills", 20, "how often the run is killed", lower_bound=1)
flags.DEFINE_integer("seed", 0, "of the instants")
flags.DEFINE_string("method", "bigan", "which method is trained")

TIMING = ("seconds", "images_per_second")


def command(workdir: Path) -> list[str]:
    """A run of some 15 seconds on the digits, with an evaluation, a checkpoint or both in every other epoch."""
    return [
        sys.executable,
        "-m",
        "scripts.train",
        f"--method={FLAGS.method}",
        f"--workdir={workdir}",
        "--epochs=60",
        "--width=256",
        "--eval_every=10",
        "--save_every=2",
        "--nearest_samples=2000",
        "--device=cpu",
    ]


def contents(run: RunDir) -> tuple[dict[str, np.ndarray], Any]:
    """Everything that must be the same: arrays of snapshot and checkpoints, and the figures."""
    arrays = {f"snapshot {k}": v for k, v in read_arrays(run.snapshot).items()}
    notes = json.loads(str(arrays.pop("snapshot notes")))
    del notes["seconds"]
    for path in run.checkpoints.glob("*.npz"):
        arrays |= {f"{path.name} {k}": v for k, v in read_arrays(path).items()}
    results = run.results()
    del results["training_seconds"]
    for row in (table := [*notes["rows"], *run.read_metrics()]):
        for name in TIMING:
            row.pop(name, None)
    return arrays, (notes, table, results)


def main() -> None:
    """Runs, kills, compares, reports."""
    METHODS.check(FLAGS.method)
    rng = random.Random(FLAGS.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole = RunDir(Path(folder) / "whole")
        began = time.monotonic()
        undisturbed = subprocess.run(command(whole.path), capture_output=True, text=True)
        if undisturbed.returncode:
            raise UserError(f"the undisturbed run failed: {(undisturbed.stderr.strip().splitlines() or ['']).pop()}")
        length = time.monotonic() - began
        print(f"undisturbed: {length:.1f} s")
        expected, kills, survivors = contents(whole), 0, 0
        while kills < FLAGS.kills:  # a run that gets through in spite of its kills is compared, and another begun
            run = RunDir(Path(folder) / f"killed-{survivors}")
            while not run.complete():
                process = subprocess.Popen(command(run.path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                instant = rng.uniform(0, length) if kills < FLAGS.kills else None
                try:
                    if process.wait(instant):
                        sys.exit(f"the restarted run failed with {process.returncode}")
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    kills += 1
                    print(f"kill {kills:2d} after {instant:5.1f} s: {inspect(run)}", flush=True)
            survivors += 1
            (a, one), (b, two) = expected, contents(run)
            if a.keys() != b.keys() or not all(np.array_equal(a[k], b[k]) for k in a) or one != two:
                sys.exit(f"run {survivors} DIFFERS from the undisturbed one")
        print(f"{kills} kills of {survivors} runs; all {len(expected[0])} arrays and all figures bit-identical in each")


def inspect(run: RunDir) -> str:
    """Reads everything that a killed run has left, and says how far it had come."""
    paths = [p for p in run.path.rglob("*.npz") if not p.name.startswith(".aside-")]
    for path in paths:
        read_arrays(path)
    notes = json.loads(str(read_arrays(run.snapshot)["notes"])) if run.snapshot.exists() else {"epoch": 0}
    return f"epoch {notes['epoch']:3d}, {len(paths)} files readable"


run = run_main(main)

if __name__ == "__main__":
    run()
