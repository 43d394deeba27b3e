"""Writes what a run's networks do: PNG grids or, with --format=npz, the arrays.

python -m scripts.dump --run=runs/mnist --what=samples,reconstructions,interpolations --num=64
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from bigan.errors import UserError
from scripts.main import FLAGS, run_main
from scripts.runs import define_run_flags, model_from_flags, run_from_flags, split_from_flags

WHAT = ("samples", "reconstructions", "interpolations")

flags.DEFINE_string("what", "samples,reconstructions", f"what to write, of {', '.join(WHAT)}, separated by commas")
flags.DEFINE_integer("num", 64, "how many samples, reconstructed images, or pairs to interpolate", lower_bound=1)
flags.DEFINE_enum("format", "png", ["png", "npz"], "grids to look at, or arrays (images, z, E(x))")
flags.DEFINE_integer("seed", None, "of the latents and of the images chosen (default: the run's)", lower_bound=0)
flags.DEFINE_string("out", "", "folder to write to (default: RUN/dumps)")
define_run_flags()


def main() -> None:
    """Writes one file for each of --what."""
    wanted = FLAGS.what.split(",")
    unknown = [name for name in wanted if name not in WHAT]
    if unknown:
        raise UserError(f"--what: one or more of {', '.join(WHAT)}. Received: {unknown[0]!r}")
    run = run_from_flags()
    split = split_from_flags(run) if set(wanted) != {"samples"} else None
    model = model_from_flags(run)

    import numpy as np

    from bigan import files, looking, pictures

    if FLAGS.format == "png" and (not pictures.is_picture(model.spec.shape) or model.spec.dtype != "uint8"):
        raise UserError(f"examples of {model.spec.shape} {model.spec.dtype} are no pictures; pass --format=npz")
    needs = {"samples": ("generator",)}
    for role in {role for name in wanted for role in needs.get(name, ("encoder", "generator"))}:
        if role not in model.networks:
            raise UserError(f"--what={FLAGS.what}: {type(model).__name__} has no {role}; choose others")
    counts = {"samples": 0, "reconstructions": FLAGS.num, "interpolations": 2 * FLAGS.num}
    if split is not None and (most := max(counts[name] for name in wanted)) > len(split.evaluation):
        raise UserError(f"--num={FLAGS.num}: {most} images are needed, and there are {len(split.evaluation)}")
    seed = run.config.seed if FLAGS.seed is None else FLAGS.seed

    def chosen(count: int) -> np.ndarray:
        images = split.evaluation.images  # type: ignore[union-attr]
        return images[np.random.Generator(np.random.PCG64(seed)).permutation(len(images))[:count]]

    folder = Path(FLAGS.out) if FLAGS.out else run.directory.path / "dumps"
    for name in wanted:
        if name == "samples":
            if not model.samples_prior:
                print(
                    f"note: {type(model).__name__} does not train G on the latent distribution; z is drawn all the same"
                )
            arrays = looking.samples(model, FLAGS.num, seed)
        elif name == "reconstructions":
            arrays = looking.reconstructions(model, chosen(FLAGS.num))
        else:
            arrays = looking.interpolations(model, chosen(2 * FLAGS.num))
        path = folder / f"{name}.{FLAGS.format}"
        if FLAGS.format == "npz":
            files.write_arrays(path, arrays)
        else:
            getattr(looking, f"write_{name}")(path, arrays)
        print(path)


run = run_main(main)

if __name__ == "__main__":
    run()
