"""Table 5.1 with one command: every method and seed, trained where missing, evaluated alike.

python -m scripts.table --preset=mnist --data_dir=FOLDER --seeds=3 --workdir=runs/table

Runs are plain run directories WORKDIR/METHOD-SEED, made by the same code as scripts.train; they may be trained
elsewhere, in any order, and the same command goes on where it was stopped.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from baselines import METHODS, importable_name
from bigan import devices, imports, training
from bigan.errors import UserError
from scripts.main import FLAGS, config_from_flags, define_config_flags, run_main

flags.DEFINE_string("workdir", None, "folder for the runs, the table and the plots")
flags.DEFINE_integer("seeds", 3, "seeds 0, 1, ..., each a run of every method", lower_bound=1)
flags.DEFINE_list("methods", list(METHODS), "methods to compare, separated by commas")
define_config_flags()


def main() -> None:
    """Trains what is missing; writes the table anew after each run."""
    if not FLAGS.workdir:
        raise UserError("--workdir is needed: the folder that will hold the runs and the table")
    for name in ("method", "seed"):
        if FLAGS[name].value is not None:
            raise UserError(f"--{name} is not for the table, which varies it; use --{name}s")
    folder, config = Path(FLAGS.workdir), config_from_flags()
    if not any(FLAGS.methods):
        raise UserError("--methods is empty")
    names = {method: importable_name(method, "--methods") for method in FLAGS.methods}
    for method, name in names.items():
        if method not in METHODS:  # refuses before any training what could not be trained
            devices.prepare(config)
            imports.resolve(name, "build_networks")

    from transfer import comparison

    runs: list[tuple[str, int, training.Run]] = []
    total = FLAGS.seeds * len(names)
    for seed in range(FLAGS.seeds):
        for method, name in names.items():
            place = folder / f"{method.replace(':', '.')}-{seed}"
            print(f"run {len(runs) + 1} of {total}: {method}, seed {seed}, {place}", flush=True)
            runs.append((method, seed, training.train(config.replace(method=name, seed=seed), place)))
            protocol = runs[0][2].results["protocol"]
            paper = config.preset == "mnist" and config.split == "test" and config.dataset in ("idx", "tfds:mnist")
            rows = comparison.collect(runs)
            comparison.write(folder, rows, protocol, config.epochs, paper, config.variant)
            comparison.write_curves(folder / "curves.png", runs)
    print((folder / "table.md").read_text())
    print(
        f"table {folder / 'table.md'}, {folder / 'table.csv'}; pictures {folder / 'table.png'}, {folder / 'curves.png'}"
    )


run = run_main(main)

if __name__ == "__main__":
    run()
