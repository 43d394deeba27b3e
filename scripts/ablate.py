"""Variations of a configuration over seeds: a table with intervals, and a picture of quality against seconds.

python -m scripts.ablate --preset=digits --seeds=3 --workers=2 --workdir=runs/ablation \
    --vary='no views: --agreement_weight=0' --vary='no cycle: --cycle_x=0'

The first row, base, is the preset with the flags given. A long list of variations goes into a --flagfile, a --vary a
line. Runs are plain run directories WORKDIR/NAME-SEED. The same command goes on where it was stopped; started again
meanwhile, it helps.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from bigan.errors import UserError
from bigan.training.run import Run
from bigan.training.run_directory import RunDir
from bigan.training.train import check_config

from .flags import FLAGS, config_from_flags, define_config_flags, define_plugins_flag
from .main import run_main
from .variations import Variation, variations
from .workers import Job, Workers

flags.DEFINE_string("workdir", None, "folder for the runs, the table and the picture")
flags.DEFINE_multi_string("vary", [], "a variation, 'NAME: --FIELD=VALUE ...'; give it once for each")
flags.DEFINE_integer("seeds", 3, "seeds 0, 1, ..., each a run of every variation", lower_bound=1)
flags.DEFINE_integer("workers", 1, "runs trained at a time, a core each", lower_bound=1)
flags.DEFINE_string("figure", "logistic_hidden", "figure that the picture shows against seconds of training")
define_plugins_flag()


def main() -> None:
    """Trains what is missing; writes the table anew after each run."""
    from transfer import ablation

    if not FLAGS.workdir:
        raise UserError("--workdir is needed: the folder that will hold the runs and the table")
    if FLAGS["seed"].value is not None:
        raise UserError("--seed is not for ablations, which vary it; use --seeds")
    folder = Path(FLAGS.workdir)
    listed = variations(Variation(ablation.BASE, config_from_flags()), FLAGS.vary)
    runs = [(one, seed, one.place(folder, seed)) for seed in range(FLAGS.seeds) for one in listed]
    jobs = [Job(f"{one.name}, seed {seed}", one.config.replace(seed=seed), place) for one, seed, place in runs]
    for job in jobs:
        if RunDir(job.place).exists():
            check_config(RunDir(job.place), job.config)

    pairs = sorted(zip(runs, jobs, strict=True), key=lambda pair: listed.index(pair[0][0]))

    def write() -> bool:
        done = [(one.name, seed, Run(RunDir(place))) for (one, seed, place), job in pairs if job.done]
        return not done or ablation.write(folder, done, FLAGS.figure)

    workers = Workers(folder, FLAGS.workers, FLAGS.plugins)
    workers.train([job for job in jobs if not job.done], write)
    drawn = write()
    if (folder / "table.md").is_file():
        print((folder / "table.md").read_text())
    if workers.failures:
        raise UserError(f"{len(workers.failures)} of {len(jobs)} runs failed: {'; '.join(workers.failures)}")
    if not drawn:
        raise UserError(f"--figure: no run has a figure {FLAGS.figure!r}; see the columns of {folder / 'table.csv'}")
    print(f"table {folder / 'table.md'}, {folder / 'table.csv'}, {folder / 'table.json'}; {folder / 'quality.png'}")


run = run_main(main, define_config_flags)

if __name__ == "__main__":
    run()
