"""Writes what a run's networks do and have learned: PNG pictures or, with --format=npz, the arrays.

python -m scripts.dump --run=runs/mnist --what=samples,reconstructions,interpolations --num=64
python -m scripts.dump --run=runs/tiny32 --what=filters,neighbors,map --num=32
python -m scripts.dump --run=runs/tiny32 --what=occlusion --num=16 --layer=conv3
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from bigan.errors import UserError
from bigan.visualization import dumps
from bigan.visualization.pictures import is_picture

from .flags import FLAGS, define_plugins_flag
from .main import run_main
from .runs import define_run_flags, model_from_flags, run_from_flags, split_from_flags

flags.DEFINE_string(
    "what", "samples,reconstructions", f"what to write, of {', '.join(dumps.KINDS)}, separated by commas"
)
flags.DEFINE_integer(
    "num", 64, "samples, reconstructions, pairs, filters, queries, or images in the map", lower_bound=1
)
flags.DEFINE_enum("format", "png", ["png", "npz"], "pictures to look at, or arrays (images, z, E(x), ...)")
flags.DEFINE_string("layer", "hidden", "whose features neighbors, map and occlusion compare")
flags.DEFINE_integer("seed", None, "of the latents and of the images chosen (default: the run's)", lower_bound=0)
flags.DEFINE_string("out", "", "folder to write to (default: RUN/dumps)")
define_run_flags()
define_plugins_flag()


def main() -> None:
    """Writes one file for each of --what."""
    wanted = FLAGS.what.split(",")
    unknown = [name for name in wanted if name not in dumps.KINDS]
    if unknown:
        raise UserError(f"--what: one or more of {', '.join(dumps.KINDS)}. Received: {unknown[0]!r}")
    kinds = {name: dumps.KINDS[name] for name in wanted}
    run = run_from_flags()
    spec = run.spec
    if FLAGS.format == "png" and (not is_picture(spec.shape) or spec.dtype != "uint8"):
        raise UserError(f"examples of {spec.shape} {spec.dtype} are no pictures; pass --format=npz")
    for name, kind in kinds.items():
        if FLAGS.num < kind.least:
            raise UserError(f"--what={name} needs --num of {kind.least} at least. Received: {FLAGS.num}")
        if FLAGS.format == "png":
            kind.check_picture(FLAGS.num, spec.shape)
    images = max(kind.images for kind in kinds.values())
    seed = run.config.seed if FLAGS.seed is None else FLAGS.seed
    request = dumps.Request(FLAGS.num, seed, FLAGS.layer, split_from_flags(run) if images else None)
    if images:  # too few are refused before anything is written
        request.images(images)
    model = model_from_flags(run)
    for name, kind in kinds.items():
        if missing := [role for role in kind.roles if role not in model.networks]:
            raise UserError(f"--what={name} needs the {missing[0]}, and {type(model).__name__} has none; leave it out")
    if {"neighbors", "map", "occlusion"} & set(wanted):
        model.tap(FLAGS.layer)  # a layer that does not exist is refused before anything is written
    folder = Path(FLAGS.out) if FLAGS.out else run.directory.path / "dumps"
    for name, kind in kinds.items():
        if name == "samples" and not model.samples_prior:
            print(f"note: {type(model).__name__} does not train G on the latent distribution; z is drawn all the same")
        path = folder / f"{name}.{FLAGS.format}"
        kind.write(path, model, request)
        print(path)


run = run_main(main)

if __name__ == "__main__":
    run()
