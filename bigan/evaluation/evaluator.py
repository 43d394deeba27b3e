"""What a method is worth at one point of its training: all metrics, each under the name used everywhere.

Metrics that a method or the data cannot give (labels, reconstructions) are left out, never made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from bigan.config import Config
from bigan.data.augment import Augment
from bigan.data.batches import Minibatches, epoch_order
from bigan.data.crops import Images
from bigan.data.dataset import Examples
from bigan.data.splits import Split, steps_per_epoch
from bigan.errors import UserError
from bigan.evaluation import collapse, metrics
from bigan.evaluation.comparison import Comparison
from bigan.models.method import Method
from bigan.streams import Stream, fixed_order
from bigan.types import Json

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

SAMPLE_BLOCK = 4000


class Evaluator:
    """Evaluates one method again and again on the same split.

    Args:
        config: which metrics, and the seed.
        split: training and evaluation examples; with labels, or without.

    Attributes:
        alarms: what is wrong with E's outputs, a line each, as of the last `metrics`.
    """

    def __init__(self, config: Config, split: Split) -> None:
        self.config, self.split = config, split
        self.alarms: list[str] = []
        self.train = self._in_memory(split.train, config.knn_examples)
        self.test = self._in_memory(split.evaluation, config.eval_examples)
        self.train_labels: Any = self.train.labels
        self.labels: Any = self.test.labels
        self.labelled = self.train_labels is not None and self.labels is not None
        order = epoch_order(len(self.train), config.seed, 0)
        self._logistic_index = np.sort(order[: config.logistic_examples])
        self._judge: Pipeline | None = None
        # Logistic regression wants two classes at least.
        labels: Any = self.train_labels
        used = set(labels[self._logistic_index]) if self.labelled else set()
        self.logistic = len(used) > 1
        self._comparison = Comparison(config, self.train, self.test)

    def _in_memory(self, examples: Examples, most: int) -> Examples:
        """At most that many of the examples, always the same ones, centre crops of a store included."""
        if len(examples) > most:
            examples = examples.take(np.sort(epoch_order(len(examples), self.config.seed, 0)[:most]))
        return Examples(np.asarray(examples.images), examples.labels)

    def protocol(self, model: Method) -> dict[str, Json]:
        """How the metrics come about, recorded beside them."""
        tap = model.tap("hidden").outputs[0]._keras_history.operation.name
        steps = steps_per_epoch(len(self.split.train), self.config.batch_size)
        return {
            "evaluation": self.split.protocol,
            "training_examples": len(self.split.train),
            "knn_examples": len(self.train),
            "evaluation_examples": len(self.test),
            "hidden_layer": f"{model.representation.name}/{tap}",
            "batch_norm": f"statistics over {min(self.config.statistics_batches, steps)} training "
            f"minibatches of {self.config.batch_size}",
            "logistic": f"C=1, standardized features, {len(self._logistic_index)} training examples",
            "nearest_samples": self.config.nearest_samples,
            "seed": self.config.seed,
            "labels": self.labelled,
        } | self._comparison.protocol()

    def estimate_statistics(self, model: Method) -> None:
        """Re-estimates batch-norm statistics over training minibatches and fresh latents."""
        batches = Minibatches(
            self.split.train, model.latent, self.config.batch_size, self.config.seed, augment=Augment(self.config.flip)
        )
        count = min(self.config.statistics_batches, batches.steps)
        size, seed = self.config.batch_size, self.config.seed
        model.estimate_statistics(
            (batches.images(0, i) for i in range(count)),
            (model.latent.draw(size, seed, Stream.STATISTICS, i) for i in range(count)),
        )

    def raw(self, model: Method, between: Callable[[], None] = lambda: None) -> dict[str, float]:
        """The same figures of the data itself: classifiers of the raw input (scaled as the networks see it), and
        training examples in place of samples.

        `between` is called between the slow parts; it may raise.
        """
        out = {}
        if self.labelled:
            x, y = model.targets(self.train.images), model.targets(self.test.images)
            out["knn_hidden"] = metrics.nearest_accuracy(x, self.train_labels, y, self.labels)
            if self.logistic:
                out["logistic_hidden"] = metrics.logistic_accuracy(self._raw_classifier(model), y, self.labels)
        return out | self._comparison.floor(model, between)

    def metrics(self, model: Method, between: Callable[[], None] = lambda: None) -> dict[str, float]:
        """All metrics of the model as it stands (statistics must have been estimated).

        `between` is called between the slow parts; it may raise.
        """
        out: dict[str, float] = {}
        if self.labelled:
            out |= self._classification(model)
            between()
        x = model.targets(self.test.images)
        if model.has("encoder", "generator"):
            out |= _reconstruction("reconstruction", x, model.reconstruct(self.test.images, raw=False))
        if model.has("generator") and model.samples_prior:
            between()
            out |= self._samples_worth(model, x)
        out |= self._comparison.figures(model, between)
        self.alarms = []
        if model.has("encoder"):
            figures, self.alarms = collapse.examine(self._features(model, self.test.images, "output"))
            out |= figures
        return out

    def _samples_worth(self, model: Method, x: np.ndarray) -> dict[str, float]:
        out: dict[str, float] = {}
        z = model.latent.draw(min(len(x), 10_000), self.config.seed, Stream.EVALUATION, 0)
        generated = model.generate(z, raw=False)
        if model.encodes_generated:
            out |= _reconstruction("regeneration", generated, model.regenerate(z, raw=False))
        if self.config.nearest_samples:
            out["nearest_sample"] = float(metrics.nearest_distance(x, self._samples(model)).mean())
        if self.logistic:
            # Are all classes among the samples? A classifier of real images says so, and how sure it is.
            guess = self._raw_classifier(model).predict_proba(generated.reshape(len(z), -1))
            out["sample_classes"] = float(len(np.unique(guess.argmax(axis=1))))
            out["sample_confidence"] = float(guess.max(axis=1).mean())
        return out

    def _classification(self, model: Method) -> dict[str, float]:
        train, test = self.train.images, self.test.images
        a, b = (self._features(model, images, "hidden") for images in (train, test))
        out = {"knn_hidden": metrics.nearest_accuracy(a, self.train_labels, b, self.labels)}
        if self.logistic:
            index = self._logistic_index
            classifier = metrics.logistic(a[index], self.train_labels[index])
            out["logistic_hidden"] = metrics.logistic_accuracy(classifier, b, self.labels)
        if model.has("encoder"):
            a, b = (self._features(model, images, "output") for images in (train, test))
            out["knn_output"] = metrics.nearest_accuracy(a, self.train_labels, b, self.labels)
        return out

    @staticmethod
    def _features(model: Method, images: Images, layer: str) -> np.ndarray:
        features = model.features(images, layer)
        if not np.isfinite(features).all():
            raise UserError(
                f"the network diverged: features of its layer {layer!r} are infinite or NaN; try a smaller "
                "`learning_rate` in a new `workdir`"
            )
        return features

    def _samples(self, model: Method) -> Iterator[np.ndarray]:
        for start in range(0, self.config.nearest_samples, SAMPLE_BLOCK):
            count = min(SAMPLE_BLOCK, self.config.nearest_samples - start)
            yield model.generate(model.latent.draw(count, self.config.seed, Stream.EVALUATION, 1, start), raw=False)

    def _raw_classifier(self, model: Method) -> Pipeline:
        if self._judge is None:
            index = self._logistic_index
            self._judge = metrics.logistic(model.targets(self.train.images[index]), self.train_labels[index])
        return self._judge


def _reconstruction(name: str, x: np.ndarray, again: np.ndarray) -> dict[str, float]:
    """Mean distance of reconstructions to their own images, and to another image each."""
    # Neighbours in one fixed random order: folders list their images by class, and plain neighbours would be alike.
    order = fixed_order(len(x))
    other = np.empty_like(order)
    other[order] = np.roll(order, 1)
    return {name: metrics.distance(x, again), f"{name}_shuffled": metrics.distance(x[other], again)}


def selection(metrics: dict[str, float]) -> float:
    """The metric by which the best checkpoint is chosen, higher being better: on validation data only."""
    for name in ("knn_output", "knn_hidden"):
        if name in metrics:
            return metrics[name]
    if "reconstruction" in metrics:
        return -metrics["reconstruction"] / max(metrics["reconstruction_shuffled"], 1e-12)
    return -metrics.get("nearest_sample", 0.0)
