"""Writes what a run's networks do and have learned: PNG pictures or, with --format=npz, the arrays.

python -m scripts.dump --run=runs/mnist --what=samples,reconstructions,interpolations --num=64
python -m scripts.dump --run=runs/tiny32 --what=filters,neighbors,map --num=32
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from bigan import dumps, files, pictures
from bigan.errors import UserError
from scripts.main import FLAGS, run_main
from scripts.runs import define_run_flags, model_from_flags, run_from_flags, split_from_flags

flags.DEFINE_string(
    "what", "samples,reconstructions", f"what to write, of {', '.join(dumps.KINDS)}, separated by commas"
)
flags.DEFINE_integer(
    "num", 64, "samples, reconstructions, pairs, filters, queries, or images in the map", lower_bound=1
)
flags.DEFINE_enum("format", "png", ["png", "npz"], "pictures to look at, or arrays (images, z, E(x), ...)")
flags.DEFINE_string("layer", "hidden", "whose features neighbors and map compare")
flags.DEFINE_integer("seed", None, "of the latents and of the images chosen (default: the run's)", lower_bound=0)
flags.DEFINE_string("out", "", "folder to write to (default: RUN/dumps)")
define_run_flags()


def main() -> None:
    """Writes one file for each of --what."""
    wanted = FLAGS.what.split(",")
    unknown = [name for name in wanted if name not in dumps.KINDS]
    if unknown:
        raise UserError(f"--what: one or more of {', '.join(dumps.KINDS)}. Received: {unknown[0]!r}")
    run = run_from_flags()
    spec = run.spec
    if FLAGS.format == "png" and (not pictures.is_picture(spec.shape) or spec.dtype != "uint8"):
        raise UserError(f"examples of {spec.shape} {spec.dtype} are no pictures; pass --format=npz")
    for name in wanted:
        if FLAGS.num < dumps.KINDS[name].least:
            raise UserError(f"--what={name} needs --num of {dumps.KINDS[name].least} at least. Received: {FLAGS.num}")
    split = split_from_flags(run) if set(wanted) - {"samples", "filters"} else None
    seed = run.config.seed if FLAGS.seed is None else FLAGS.seed
    request = dumps.Request(FLAGS.num, seed, FLAGS.layer, split)
    if split is not None:  # too few are refused before anything is written
        request.images(max(dumps.KINDS[name].images for name in wanted))
    model = model_from_flags(run)
    for name in wanted:
        if missing := [role for role in dumps.KINDS[name].roles if role not in model.networks]:
            raise UserError(f"--what={name} needs the {missing[0]}, and {type(model).__name__} has none; leave it out")
    if {"neighbors", "map"} & set(wanted):
        model.tap(FLAGS.layer)  # a layer that there is not is refused before anything is written
    folder = Path(FLAGS.out) if FLAGS.out else run.directory.path / "dumps"
    for name in wanted:
        if name == "samples" and not model.samples_prior:
            print(f"note: {type(model).__name__} does not train G on the latent distribution; z is drawn all the same")
        arrays = dumps.KINDS[name].arrays(model, request)
        path = folder / f"{name}.{FLAGS.format}"
        if FLAGS.format == "npz":
            files.write_arrays(path, arrays)
        else:
            dumps.KINDS[name].write(path, arrays)
        print(path)


run = run_main(main)

if __name__ == "__main__":
    run()
