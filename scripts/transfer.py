"""Evaluates a run's frozen encoder on a labelled task.

python -m scripts.transfer --run=runs/mnist --task=knn
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from scripts.main import FLAGS, run_main
from scripts.runs import define_run_flags, model_from_flags, run_from_flags, split_from_flags

flags.DEFINE_enum("task", "knn", ["knn"], "what the frozen features are used for")
flags.DEFINE_string("layer", "hidden,output", "layers, separated by commas; 'hidden' is the one before the output")
flags.DEFINE_string("out", "", "JSON file for the results (default: RUN/transfer_TASK.json)")
define_run_flags()


def main() -> None:
    """Prints one line a layer and writes the JSON."""
    run = run_from_flags()
    split = split_from_flags(run)
    model = model_from_flags(run)

    from bigan import files
    from transfer import knn

    results = {}
    for layer in FLAGS.layer.split(","):
        if layer == "output" and model.encoder is None and FLAGS["layer"].using_default_value:
            continue  # a discriminator's output is one logit, no features
        results[layer] = knn.evaluate(model, split, layer)
        print(f"knn_{layer:24} {results[layer]['accuracy']:6.2f} %  ({split.protocol})")
    path = run.directory.path / f"transfer_{FLAGS.task}.json" if not FLAGS.out else FLAGS.out
    document = {"run": FLAGS.run, "checkpoint": FLAGS.checkpoint, "task": FLAGS.task, "layers": results}
    files.write_json(Path(path), document)
    print(path)


run = run_main(main)

if __name__ == "__main__":
    run()
