"""How each of E's outputs behaves at checkpoints of a run: whether some run away, and whether G still hears them.

python -m scripts.outputs --run=runs/mnist [--checkpoints=0,50]
"""

from __future__ import annotations

from absl import flags

from bigan.benchmarks import outputs, report

from .flags import FLAGS, define_plugins_flag
from .main import run_main
from .runs import define_run_flags, run_from_flags, split_from_flags

flags.DEFINE_list("checkpoints", [], "epochs to look at (default: all that were kept)")
define_run_flags(checkpoint=False)
define_plugins_flag()


def main() -> None:
    """Prints a table with a row for each checkpoint."""
    trained = run_from_flags()
    rows = outputs.rows(trained, split_from_flags(trained).evaluation.images, FLAGS.checkpoints)
    print(report.markdown({"run": FLAGS.run, "rows": rows}))


run = run_main(main)

if __name__ == "__main__":
    run()
