"""Writes the features of every example of a dataset to one .npz, or the encoder itself to one .keras file.

python -m scripts.encode --run=runs/mnist --out=features.npz
python -m scripts.encode --run=runs/mnist --out=encoder.keras
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from bigan.data.store.shards import Shard
from bigan.errors import UserError

from .flags import FLAGS, define_plugins_flag
from .main import run_main
from .runs import define_run_flags, model_from_flags, run_from_flags, split_from_flags

flags.DEFINE_string("out", None, ".npz (arrays train, train_labels, evaluation, evaluation_labels) or .keras file")
flags.DEFINE_string("layer", "latent", "'latent' for E(x), 'hidden' for the layer before the output, or a layer's name")
flags.DEFINE_string("shard", "", "I/N: of the examples, part I of N alone, from 0 on; -I-of-N is added to --out's name")
define_run_flags()
define_plugins_flag()


def main() -> None:
    """Encodes or exports."""
    if not FLAGS.out or Path(FLAGS.out).suffix not in (".npz", ".keras"):
        raise UserError(f"--out must be a .npz or .keras file. Received: {FLAGS.out}")
    out = Path(FLAGS.out)
    run = run_from_flags()
    split = split_from_flags(run) if out.suffix == ".npz" else None
    if FLAGS.shard:
        shard = Shard.parse(FLAGS.shard)
        if split is None:
            raise UserError("--shard is for features, an .npz file")
        split, out = split.narrowed(shard.rows), out.with_stem(f"{out.stem}-{shard.name}")
    model = model_from_flags(run)
    if split is None:
        model.export_encoder(out, FLAGS.layer)
        print(f"{out}: plain Keras model, {model.spec.shape} {model.spec.dtype} -> {FLAGS.layer}")
        return
    from transfer import features

    shapes = features.write(model, split, FLAGS.layer, out)
    print(f"{out}: " + ", ".join(f"{name} {shape}" for name, shape in shapes.items()))


run = run_main(main)

if __name__ == "__main__":
    run()
