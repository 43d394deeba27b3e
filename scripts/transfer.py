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
from typing import Any

from absl import flags

from bigan import files
from bigan.errors import UserError
from scripts.main import FLAGS, run_main
from scripts.runs import File, Named, define_run_flags, runs_from_flags
from transfer import knn, linear, low_shot, voc
from transfer.report import Report

TRAINED = ("frozen_layers", "voc_classification")  # tasks that train a classifier
TASKS = ("knn", "linear", "low_shot", *TRAINED)
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
flags.DEFINE_enum("metric", "euclidean", knn.METRICS, "of --task=knn")
flags.DEFINE_enum("classifier", "logistic", linear.CLASSIFIERS, "of --task=linear")
flags.DEFINE_list("shots", ["1", "2", "5", "10", "20", "50"], "labelled examples of each class, of --task=low_shot")
flags.DEFINE_integer("crop", 0, "edge of the images that a trained classifier sees (default: the run's)", lower_bound=0)
flags.DEFINE_integer("iterations", None, "minibatches of a trained classifier (default: 2000)", lower_bound=1)
flags.DEFINE_integer("batch_size", None, "images in each (default: 64; voc_classification: 16)", lower_bound=1)
flags.DEFINE_float("learning_rate", None, "its initial step size (default: 0.01)")
flags.DEFINE_integer("units", None, "of its fc6 and fc7, 4096 in AlexNet (default: 512)", lower_bound=1)
flags.DEFINE_integer("seed", 0, "of a trained classifier", lower_bound=0, upper_bound=2**31 - 1)
flags.DEFINE_list("splits", ["train", "val"], "of VOC: trained and tested on")
flags.DEFINE_list("input_range", ["0", "255"], "what a .keras file's input makes of 0 and 255")
flags.DEFINE_string("out", "", "folder for the results (default: FIRST_RUN/transfer/TASK)")
define_run_flags()


@dataclass(frozen=True)
class Task:
    """A task on one encoder.

    Args:
        columns: those evaluated if --layer names none.
        check: raises a UserError for a column that does not exist.
        key: a column -> all that its result depends on.
        evaluate: a column -> its result.
    """

    columns: list[str]
    check: Callable[[str], Any]
    key: Callable[[str], dict[str, Any]]
    evaluate: Callable[[str], dict[str, Any]]


def main() -> None:
    """Evaluates what is not evaluated yet, prints and writes the table."""
    if not FLAGS.shots or not all(n.isdecimal() and int(n) for n in FLAGS.shots):
        raise UserError(f"--shots must be numbers of examples, e.g. 1,2,5. Received: {','.join(FLAGS.shots)!r}")
    if FLAGS.crop and FLAGS.task not in TRAINED:
        raise UserError(f"--crop is for --task={' and '.join(TRAINED)}; others take the images as the run does")
    runs = runs_from_flags()
    folder = Path(FLAGS.out) if FLAGS.out else runs[0].folder / "transfer" / FLAGS.task
    make: Callable[[Named | File], Task] = _features
    if FLAGS.task in TRAINED:
        make = _frozen_layers if FLAGS.task == "frozen_layers" else _Voc()
    with files.exclusive(folder, f"{folder}: another process writes its results there"):
        report = Report(folder, FLAGS.task)
        _evaluate(report, [(named.name, make(named)) for named in runs])
    print((folder / "table.md").read_text())
    print(f"{folder}: results.json, table.md, table.csv, plot.png")


def _evaluate(report: Report, tasks: list[tuple[str, Task]]) -> None:
    given = [name for name in dict.fromkeys((FLAGS.layer or "").split(",")) if name]
    columns = [(name, task, column) for name, task in tasks for column in given or task.columns]
    for _, task, column in columns:  # what cannot be evaluated is refused before anything is
        task.check(column)
    for name, task, column in columns:
        key = {"task": FLAGS.task, "layer": column, **task.key(column)}
        if not report.done(name, key):
            print(f"{FLAGS.task}: {name}, {column}", file=sys.stderr, flush=True)
            report.add(name, column, key, task.evaluate(column))
    report.write()


# Tasks look at their data before the model: what cannot be used is refused before a backend is started.


def _features(named: Named | File) -> Task:
    task: Any = {"knn": knn, "linear": linear, "low_shot": low_shot}[FLAGS.task]
    options: dict[str, Any] = {
        "knn": {"k": FLAGS.k, "metric": FLAGS.metric},
        "linear": {"classifier": FLAGS.classifier},
        "low_shot": {"shots": [int(n) for n in FLAGS.shots]},
    }[FLAGS.task]
    split = named.split().limited(FLAGS.limit)
    task.check(split, **options)
    model = named.load()
    # A discriminator's output is one logit, no features.
    columns = ["hidden"] if model.encoder is None else ["hidden", "output"]
    key = {"weights": _weights(named), "range": model.value_range, "data": split.fingerprint,
           "evaluation": split.protocol, "limit": FLAGS.limit, "options": options}  # fmt: skip
    return Task(columns, model.tap, lambda _: key, lambda layer: task.evaluate(model, split, layer, **options))


def _frozen_layers(named: Named | File) -> Task:
    split = named.split(FLAGS.crop).limited(FLAGS.limit)
    model = named.load()
    from transfer import frozen_layers, trunk

    recipe = _recipe(frozen_layers.RECIPE)
    images: Any = split.train.images
    network = trunk.transferred(model, images.shape[1])

    def key(layer: str) -> dict[str, Any]:
        # Where nothing is transferred, networks of one architecture are one network.
        whose = trunk.identity(network) if layer == frozen_layers.FROM_SCRATCH else _weights(named)
        return {"weights": whose, "range": model.value_range, "data": split.fingerprint, "crop": images.shape[1],
                "flip": getattr(images, "flip", False), "evaluation": split.protocol, "limit": FLAGS.limit,
                "recipe": asdict(recipe)}  # fmt: skip

    return Task(
        frozen_layers.columns(model), lambda layer: frozen_layers.check(model, layer), key,
        lambda layer: frozen_layers.evaluate(model, split, layer, recipe),
    )  # fmt: skip


class _Voc:
    """VOC's images are read once for all runs."""

    def __init__(self) -> None:
        self.images: Any = None

    def __call__(self, named: Named | File) -> Task:
        if self.images is None:
            if len(set(FLAGS.splits)) != 2:
                raise UserError(f"--splits must be two, TRAINED,TESTED. Received: {','.join(FLAGS.splits)!r}")
            self.images = [voc.classification(FLAGS.dataset, FLAGS.data_dir, name) for name in FLAGS.splits]
        model = named.load()
        from transfer import trunk, voc_classification

        train, test = self.images
        train, recipe = train.limited(FLAGS.limit), _recipe(voc_classification.RECIPE)
        crop = FLAGS.crop or model.spec.shape[0]
        trunk.transferred(model, crop)
        key = {"weights": _weights(named), "range": model.value_range, "data": [train.digest(), test.digest()],
               "crop": crop, "recipe": asdict(recipe)}  # fmt: skip
        return Task(
            list(voc_classification.TRAINED), voc_classification.check, lambda _: key,
            lambda layer: voc_classification.evaluate(model, train, test, layer, crop, recipe),
        )  # fmt: skip


def _weights(named: Named | File) -> str:
    return hashlib.blake2b(named.weights.read_bytes(), digest_size=16).hexdigest()


def _recipe(default: Any) -> Any:
    from dataclasses import replace

    names = ("iterations", "batch_size", "learning_rate", "units", "seed")
    return replace(default, **{name: FLAGS[name].value for name in names if FLAGS[name].value is not None})


run = run_main(main)

if __name__ == "__main__":
    run()
