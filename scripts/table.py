"""Table 5.1 with one command: every method and seed, trained where missing, evaluated alike.

python -m scripts.table --preset=mnist --data_dir=FOLDER --seeds=3 --workdir=runs/table

Runs are plain run directories WORKDIR/METHOD-SEED, made by the same code as scripts.train; they may be trained
elsewhere, in any order, and the same command goes on where it was stopped. Started on several machines over a shared
folder, the same command shares the runs among them.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from baselines import TABLE_5_1
from bigan.config import Config
from bigan.errors import UserError
from bigan.registry import METHODS
from bigan.runtime import backend, files, sharing
from bigan.training.run import Run
from bigan.training.train import train

from .flags import FLAGS, config_from_flags, define_config_flags, define_plugins_flag
from .main import run_main
from .variations import Variation

flags.DEFINE_string("workdir", None, "folder for the runs, the table and the plots")
flags.DEFINE_integer("seeds", 3, "seeds 0, 1, ..., each a run of every method", lower_bound=1)
flags.DEFINE_list("methods", None, "methods to compare, separated by commas (default: those of Table 5.1)")
define_plugins_flag()


def main() -> None:
    """Trains what is missing; writes the table anew after each run."""
    if not FLAGS.workdir:
        raise UserError("--workdir is needed: the folder that will hold the runs and the table")
    for name in ("method", "seed"):
        if FLAGS[name].value is not None:
            raise UserError(f"--{name} is not for the table, which varies it; use --{name}s")
    folder, config = Path(FLAGS.workdir), config_from_flags()
    compared = [Variation(method, config.replace(method=method)) for method in _methods(config)]

    from transfer import comparison

    runs: dict[tuple[str, int], Run] = {}
    every = [(one, seed) for seed in range(FLAGS.seeds) for one in compared]

    def complete(which: tuple[Variation, int]) -> None:
        one, seed = which
        place = one.place(folder, seed)
        if not files.held(place):
            print(f"run {len(runs) + 1} of {len(every)}: {one.name}, seed {seed}, {place}", flush=True)
        runs[one.name, seed] = train(one.config.replace(seed=seed), place)
        done = [(one.name, seed) for one, seed in every if (one.name, seed) in runs]
        comparison.write(folder, [(*which, runs[which]) for which in done])

    sharing.share([(f"{one.name}, seed {seed}", (one, seed)) for one, seed in every], complete)
    print((folder / "table.md").read_text())
    print(f"table {folder / 'table.md'}, {folder / 'table.csv'}; plots {folder / 'table.png'}, {folder / 'curves.png'}")


def _methods(config: Config) -> list[str]:
    """The methods to compare. What could not be trained is refused before anything is.

    Raises:
        UserError: if there are none, or one of them is no method.
    """
    methods = list(TABLE_5_1) if FLAGS.methods is None else list(dict.fromkeys(FLAGS.methods))
    if not any(methods):
        raise UserError("--methods is empty")
    for method in methods:
        try:
            METHODS.check(method)
            if method not in METHODS:
                backend.prepare(config)
                METHODS.resolve(method)
        except UserError as error:
            raise UserError(str(error).replace("`method`", "--methods")) from error
    return methods


run = run_main(main, define_config_flags)

if __name__ == "__main__":
    run()
