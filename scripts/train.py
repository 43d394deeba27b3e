"""Trains an encoder, or resumes or finds complete the run in --workdir.

python -m scripts.train --preset=mnist --data_dir=FOLDER --workdir=runs/mnist

On several hosts: the same command in each process, with --coordinator=HOST:PORT --processes=N --process=I.
"""

from __future__ import annotations

import sys

from absl import flags

from bigan.errors import UserError
from bigan.evaluation.summary import beside_raw_input
from bigan.evaluation.tables import rounded
from bigan.runtime import cluster, guard, processes
from bigan.training.run import Run
from bigan.training.train import follow, train

from .flags import FLAGS, config_from_flags, define_config_flags, define_plugins_flag
from .main import run_main

flags.DEFINE_string("workdir", None, "run directory, made if missing; the same command resumes")
flags.DEFINE_string(
    "coordinator", "", "HOST:PORT of process 0, for several that train together on JAX; auto: what the launcher tells"
)
flags.DEFINE_integer("processes", None, "how many processes train together (default with --coordinator=auto: as told)")
flags.DEFINE_integer("process", None, "which of them this is, from 0 on (default with --coordinator=auto: as told)")
define_plugins_flag()


def main() -> None:
    """Trains, then says where the pictures and metrics are."""
    if not FLAGS.workdir:
        raise UserError("--workdir is needed: the folder that will hold the run")
    config = config_from_flags()
    if not processes.guarded() and (place := cluster.place(FLAGS.coordinator, FLAGS.processes, FLAGS.process)):
        sys.exit(guard.run(place))
    processes.connect()
    if processes.first():
        print(summary(train(config, FLAGS.workdir)))
    else:
        follow(config)


def summary(run: Run) -> str:
    """The metrics as a small table, and the places to look."""
    results = run.results
    columns = {"trained": results["figures"], "untrained": results["untrained"], "raw input": results["raw"]}
    names = list(dict.fromkeys(name for figures in columns.values() for name in figures))
    lines = [f"{'':24}" + "".join(f"{title:>12}" for title in columns)]
    for name in names:
        cells = (rounded(figures[name]) if name in figures else "-" for figures in columns.values())
        lines.append(f"{name:24}" + "".join(f"{cell:>12}" for cell in cells))
    lines.append(f"({results['protocol']['evaluation']}; {results['epoch']} of {results['epochs']} epochs)")
    lines += beside_raw_input(results["figures"], results["raw"], results["protocol"]["evaluation_examples"])
    for name in ("samples", "reconstructions"):
        picture = run.directory.path / name / f"{results['epoch']}.png"
        if picture.is_file():
            lines.append(f"{name:17}{picture}")
    lines.append(f"{'curves':17}{run.directory.path / 'curves.png'}")
    return "\n".join(lines)


run = run_main(main, define_config_flags)

if __name__ == "__main__":
    run()
