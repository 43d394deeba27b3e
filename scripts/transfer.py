"""What frozen features are worth on a labelled task, for one run or several, layer by layer.

python -m scripts.transfer --run=runs/mnist --task=knn
python -m scripts.transfer --run=runs/tiny32,runs/tiny32-ae,random --task=linear --layer=conv1,conv2,conv3

'random' stands for the untrained network of the first run named. Writes results.json, table.md, table.csv and plot.png;
what results.json holds already is not computed again.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

from absl import flags

from bigan.errors import UserError
from scripts.main import FLAGS, run_main
from scripts.runs import define_run_flags, runs_from_flags, split_from_flags

flags.DEFINE_enum("task", "knn", ["knn", "linear", "low_shot"], "what the frozen features are used for")
flags.DEFINE_string("layer", "hidden,output", "layers, separated by commas; 'hidden' is the one before the output")
flags.DEFINE_integer("limit", 0, "training examples, at most, chosen at random; 0 for all", lower_bound=0)
flags.DEFINE_integer("k", 1, "neighbours that vote, of --task=knn", lower_bound=1)
flags.DEFINE_enum("metric", "euclidean", ["euclidean", "cosine"], "of --task=knn")
flags.DEFINE_enum("classifier", "logistic", ["logistic", "svm"], "of --task=linear")
flags.DEFINE_list("shots", ["1", "2", "5", "10", "20", "50"], "labelled examples of each class, of --task=low_shot")
flags.DEFINE_string("out", "", "folder for the results (default: FIRST_RUN/transfer/TASK)")
define_run_flags()


def main() -> None:
    """Evaluates what is not evaluated yet, prints and writes the table."""
    if not FLAGS.shots or not all(n.isdigit() and int(n) for n in FLAGS.shots):
        raise UserError(f"--shots must be numbers of examples, e.g. 1,2,5. Received: {','.join(FLAGS.shots)!r}")
    options: dict[str, Any] = {
        "knn": {"k": FLAGS.k, "metric": FLAGS.metric},
        "linear": {"classifier": FLAGS.classifier},
        "low_shot": {"shots": tuple(map(int, FLAGS.shots))},
    }[FLAGS.task]
    runs = runs_from_flags()
    folder = Path(FLAGS.out) if FLAGS.out else runs[0].run.directory.path / "transfer" / FLAGS.task

    from transfer import knn, linear, low_shot
    from transfer.report import Report

    evaluate: Any = {"knn": knn, "linear": linear, "low_shot": low_shot}[FLAGS.task].evaluate
    report = Report(folder, FLAGS.task)
    for named in runs:
        split, model = split_from_flags(named.run).limited(FLAGS.limit), named.run.load(named.checkpoint)
        for layer in FLAGS.layer.split(","):
            if layer == "output" and model.encoder is None and FLAGS["layer"].using_default_value:
                continue  # a discriminator's output is one logit, no features
            weights = named.run.directory.checkpoint(named.checkpoint)
            key = {
                "weights": hashlib.blake2b(weights.read_bytes(), digest_size=16).hexdigest(), "layer": layer,
                "task": FLAGS.task, "data": split.fingerprint, "evaluation": split.protocol, "limit": FLAGS.limit,
                "options": {name: list(v) if isinstance(v, tuple) else v for name, v in options.items()},
            }  # fmt: skip
            if not report.done(named.name, key):
                print(f"{FLAGS.task}: {named.name}, {layer}", file=sys.stderr, flush=True)
                report.add(named.name, layer, key, evaluate(model, split, layer, **options))
    report.write()
    print((folder / "table.md").read_text())
    print(f"{folder}: results.json, table.md, table.csv, plot.png")


run = run_main(main)

if __name__ == "__main__":
    run()
