"""All figures of finished runs, measured anew on one protocol and put side by side; nothing is trained.

python -m scripts.evaluate --run=runs/a,runs/b --compared_samples=5000 --out=figures
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from absl import flags

from bigan.config import Evaluation
from bigan.training import evaluate

from .flags import FLAGS, define_plugins_flag, define_settings_flags, given_settings
from .main import run_main
from .runs import define_run_flags, runs_from_flags

MEASURED = ("knn_examples", "eval_examples", "nearest_samples", "compared_samples", "logistic_examples")
SKIPPED = [field.name for field in dataclasses.fields(Evaluation) if field.name not in MEASURED]
flags.DEFINE_string("out", "", "folder for table.md, table.csv and results.json (default: none)")
define_run_flags("run directories, separated by commas")
define_plugins_flag()


def main() -> None:
    """Prints the table, and says what is wrong with E's outputs."""
    runs, found = runs_from_flags(), []
    changes = given_settings(Evaluation, skip=SKIPPED)
    for run in runs:
        run.config.replace(**changes)
        run.directory.checkpoint(FLAGS.checkpoint)  # what is missing is told before anything is measured
    for run in runs:
        print(f"evaluating {run.directory.path}", file=sys.stderr, flush=True)
        found.append(evaluate.evaluate(run, FLAGS.checkpoint, FLAGS.dataset, FLAGS.data_dir, **changes))
    print(evaluate.table(found).markdown())
    for one in found:
        for line in one.alarms:
            print(f"warning: {one.name}: {line}")
    if FLAGS.out:
        evaluate.write(Path(FLAGS.out), found)
        print(f"table {Path(FLAGS.out) / 'table.md'}")


def define() -> None:
    """Flags of what is measured."""
    define_settings_flags(Evaluation, "default: each run's own, or ", skip=SKIPPED)


run = run_main(main, define)

if __name__ == "__main__":
    run()
