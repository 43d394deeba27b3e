"""What frozen features, or convolutions, are worth on a labelled task, for one run or several, layer by layer.

python -m scripts.transfer --run=runs/mnist --task=knn
python -m scripts.transfer --run=runs/tiny32,runs/tiny32-ae,random --task=linear --layer=conv1,conv2,conv3
python -m scripts.transfer --run=runs/tiny32,random --task=frozen_layers
python -m scripts.transfer --run=runs/tiny32,random --task=voc_classification --data_dir=VOCdevkit --crop=64

'random' stands for the untrained network of the first run named; a .keras file for a model of your own. Writes
results.json, table.md, table.csv and plot.png; what results.json holds already is not computed again.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absl import flags

from bigan.errors import UserError
from scripts.main import FLAGS, run_main
from scripts.runs import File, Named, define_run_flags, runs_from_flags

if TYPE_CHECKING:
    from bigan.method import Method

TASKS = ("knn", "linear", "low_shot", "frozen_layers", "voc_classification")
COLUMNS = {"frozen_layers": "none and every convolution", "voc_classification": "fc8,fc6-8,all"}

flags.DEFINE_enum("task", "knn", TASKS, "what the frozen features are used for")
flags.DEFINE_string(
    "layer", None,
    "layers, separated by commas; 'hidden' is the one before the output. For frozen_layers: the last one frozen, or "
    "'none' for training from scratch; for voc_classification: those trained (default: hidden,output; "
    + "; ".join(f"for {task}: {columns}" for task, columns in COLUMNS.items()) + ")",
)  # fmt: skip
flags.DEFINE_integer("limit", 0, "training examples, at most, chosen at random; 0 for all", lower_bound=0)
flags.DEFINE_integer("k", 1, "neighbours that vote, of --task=knn", lower_bound=1)
flags.DEFINE_enum("metric", "euclidean", ["euclidean", "cosine"], "of --task=knn")
flags.DEFINE_enum("classifier", "logistic", ["logistic", "svm"], "of --task=linear")
flags.DEFINE_list("shots", ["1", "2", "5", "10", "20", "50"], "labelled examples of each class, of --task=low_shot")
flags.DEFINE_integer("crop", 0, "edge of the images that a trained classifier sees (default: the run's)", lower_bound=0)
flags.DEFINE_integer("iterations", None, "minibatches of a trained classifier (default: 2000)")
flags.DEFINE_integer("batch_size", None, "images in each (default: 64; voc_classification: 16)")
flags.DEFINE_float("learning_rate", None, "its initial step size (default: 0.01; voc_classification: 0.001)")
flags.DEFINE_integer("units", None, "of its fc6 and fc7, 4096 in AlexNet (default: 512)")
flags.DEFINE_integer("seed", 0, "of a trained classifier", lower_bound=0)
flags.DEFINE_list("splits", ["train", "val"], "of VOC: trained and tested on")
flags.DEFINE_list("input_range", ["0", "255"], "what a .keras file's input makes of 0 and 255")
flags.DEFINE_string("out", "", "folder for the results (default: FIRST_RUN/transfer/TASK)")
define_run_flags()


@dataclass(frozen=True)
class Task:
    """A task on one encoder: which columns there are, what the results depend on, and how to get one."""

    columns: list[str]
    key: dict[str, Any]
    evaluate: Callable[[str], dict[str, Any]]


def main() -> None:
    """Evaluates what is not evaluated yet, prints and writes the table."""
    if not FLAGS.shots or not all(n.isdigit() and int(n) for n in FLAGS.shots):
        raise UserError(f"--shots must be numbers of examples, e.g. 1,2,5. Received: {','.join(FLAGS.shots)!r}")
    runs = runs_from_flags()
    folder = Path(FLAGS.out) if FLAGS.out else runs[0].folder / "transfer" / FLAGS.task
    tasks: dict[str, Callable[[Named | File, Method], Task]] = {
        "frozen_layers": _frozen_layers,
        "voc_classification": _Voc(),
    }
    make = tasks.get(FLAGS.task, _features)

    from transfer.report import Report

    report = Report(folder, FLAGS.task)
    for named in runs:
        model = named.load()
        task = make(named, model)
        weights = hashlib.blake2b(named.weights.read_bytes(), digest_size=16).hexdigest()
        for column in FLAGS.layer.split(",") if FLAGS.layer else task.columns:
            whose = weights
            if (FLAGS.task, column) == ("frozen_layers", "none"):  # then nothing of the weights matters
                whose = str([(layer.name, layer.get_weights()[0].shape) for layer in model.representation.layers
                             if layer.get_weights()])  # fmt: skip
            key = {"task": FLAGS.task, "weights": whose, "layer": column, **task.key}
            if not report.done(named.name, key):
                print(f"{FLAGS.task}: {named.name}, {column}", file=sys.stderr, flush=True)
                report.add(named.name, column, key, task.evaluate(column))
    report.write()
    print((folder / "table.md").read_text())
    print(f"{folder}: results.json, table.md, table.csv, plot.png")


def _features(named: Named | File, model: Method) -> Task:
    from transfer import knn, linear, low_shot

    split = named.split().limited(FLAGS.limit)
    evaluate: Any = {"knn": knn, "linear": linear, "low_shot": low_shot}[FLAGS.task].evaluate
    options: dict[str, Any] = {
        "knn": {"k": FLAGS.k, "metric": FLAGS.metric},
        "linear": {"classifier": FLAGS.classifier},
        "low_shot": {"shots": [int(n) for n in FLAGS.shots]},
    }[FLAGS.task]
    # A discriminator's output is one logit, no features.
    columns = ["hidden"] if model.encoder is None else ["hidden", "output"]
    key = {"data": split.fingerprint, "evaluation": split.protocol, "limit": FLAGS.limit, "options": options}
    return Task(columns, key, lambda layer: evaluate(model, split, layer, **options))


def _frozen_layers(named: Named | File, model: Method) -> Task:
    from transfer import frozen_layers, trunk

    split = named.split(FLAGS.crop).limited(FLAGS.limit)
    recipe = _recipe(frozen_layers.RECIPE)
    key = {"data": split.fingerprint, "evaluation": split.protocol, "limit": FLAGS.limit, "recipe": asdict(recipe)}
    columns = [frozen_layers.FROM_SCRATCH, *trunk.convolutions(model)]
    return Task(columns, key, lambda layer: frozen_layers.evaluate(model, split, layer, recipe))


class _Voc:
    """VOC's images are read once for all runs."""

    def __init__(self) -> None:
        self.images: Any = None

    def __call__(self, named: Named | File, model: Method) -> Task:
        from transfer import trunk, voc, voc_classification

        trunk.convolutions(model)
        if self.images is None:
            if len(FLAGS.splits) != 2:
                raise UserError(f"--splits must be TRAINED,TESTED. Received: {','.join(FLAGS.splits)!r}")
            self.images = [voc.classification(FLAGS.dataset, FLAGS.data_dir, name) for name in FLAGS.splits]
        train, test = self.images
        train, recipe = train.limited(FLAGS.limit), _recipe(voc_classification.RECIPE)
        crop = FLAGS.crop or model.spec.shape[0]
        key = {"data": [train.digest(), test.digest()], "crop": crop, "recipe": asdict(recipe)}
        evaluate = voc_classification.evaluate
        return Task(
            list(voc_classification.TRAINED), key, lambda layer: evaluate(model, train, test, layer, crop, recipe)
        )


def _recipe(default: Any) -> Any:
    from dataclasses import replace

    names = ("iterations", "batch_size", "learning_rate", "units", "seed")
    return replace(default, **{name: FLAGS[name].value for name in names if FLAGS[name].value is not None})


run = run_main(main)

if __name__ == "__main__":
    run()
