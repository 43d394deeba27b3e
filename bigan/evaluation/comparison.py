"""Samples and reconstructions compared with real examples, on features that no model under test has made.

With labels, the features are those of a classifier that is the same for all runs on the same examples, see `judge`;
without, the raw values, scaled to [0, 1].
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bigan.config import Config
from bigan.data.dataset import Examples
from bigan.data.spec import Spec
from bigan.evaluation import generation
from bigan.evaluation.judge import Judge
from bigan.models.method import Method
from bigan.streams import Stream, generator
from bigan.types import Json

NUMBERS = 1 << 27  # of training examples' features that are held in memory, at most


@dataclass(frozen=True)
class Reference:
    """What samples are compared with.

    Args:
        features: of raw examples, `(n, d)` each.
        real: features of evaluation examples.
        known: features of training examples.
    """

    features: Callable[[np.ndarray], np.ndarray]
    real: np.ndarray
    known: np.ndarray

    def figures(self, samples: np.ndarray, doubtful: np.ndarray) -> dict[str, float]:
        """All figures of samples' features; authenticity is that of `doubtful` ones."""
        found = dataclasses.asdict(generation.manifold(self.real, samples))
        found["kernel_distance"] = generation.kernel_distance(self.real, samples)
        found["authenticity"] = generation.authenticity(self.known, doubtful)
        return {f"sample_{name}": value for name, value in found.items()}


class Comparison:
    """Compares again and again with the same examples. Nothing is made before it is needed.

    Args:
        config: how many, and the seed of the samples.
        train, test: examples to train on and to evaluate on, in memory.
    """

    def __init__(self, config: Config, train: Examples, test: Examples) -> None:
        self.config, self.train = config, train
        self.count = min(config.compared_samples, len(test), len(train))
        self.test = test.take(_chosen(len(test), self.count, 0))
        labels = train.labels
        self.labelled = labels is not None and len(np.unique(labels)) > 1
        self.possible = self.count > generation.NEIGHBORS
        self._judge: Judge | None = None
        self._reference: Reference | None = None

    def protocol(self) -> dict[str, Json]:
        """What samples were compared with, and by which features; nothing if nothing was compared."""
        if self._reference is None and self._judge is None:
            return {}
        out: dict[str, Json] = {
            "compared_samples": self.count,
            "sample_features": f"classifier {self._judge.digest}" if self._judge else "raw values",
        }
        if self._reference is not None:
            out["sample_neighbours"] = generation.NEIGHBORS
            out["sample_kernel_distance"] = "cubic kernel, unbiased, all pairs"
            out["sample_authenticity"] = f"{len(self._reference.known)} training examples"
        return out

    def floor(self, model: Method, between: Callable[[], None]) -> dict[str, float]:
        """Training examples in place of samples: what a generator without a flaw would get.

        Authenticity is that of evaluation examples, which are no copies of training examples.
        """
        if not self._compares(model):
            return {}
        reference = self._get_reference(model, between)
        index = _chosen(len(self.train), self.count, 1)
        made = reference.features(model.targets(self.train.images[index], raw=True))
        return reference.figures(made, reference.real)

    def figures(self, model: Method, between: Callable[[], None]) -> dict[str, float]:
        """Of the model's samples, if it trains G on the prior, and of its reconstructions, if there are labels."""
        out: dict[str, float] = {}
        if self._compares(model):
            reference = self._get_reference(model, between)
            samples = reference.features(
                model.generate(model.latent.draw(self.count, self.config.seed, Stream.EVALUATION, 2))
            )
            out |= reference.figures(samples, samples)
        if self.possible and self.labelled and model.has("encoder", "generator"):
            judge = self._get_judge(model, between)
            real, again = model.targets(self.test.images, raw=True), model.reconstruct(self.test.images)
            out["reconstruction_class"] = 100.0 * float(np.mean(judge.classify(real) == judge.classify(again)))
        return out

    def _compares(self, model: Method) -> bool:
        return self.possible and model.has("generator") and model.samples_prior

    def _get_reference(self, model: Method, between: Callable[[], None]) -> Reference:
        if self._reference is None:
            features = self._get_judge(model, between).features if self.labelled else _raw(_spec(model))
            real = features(model.targets(self.test.images, raw=True))
            known = self.train.images[_chosen(len(self.train), NUMBERS // real.shape[1], 1)]
            between()
            self._reference = Reference(features, real, features(model.targets(known, raw=True)))
        return self._reference

    def _get_judge(self, model: Method, between: Callable[[], None]) -> Judge:
        if self._judge is None:
            images = np.asarray(model.targets(self.train.images, raw=True))
            self._judge = Judge(Examples(images, self.train.labels), _spec(model), between)
        return self._judge


def _raw(spec: Spec) -> Callable[[np.ndarray], np.ndarray]:
    scale, offset = (np.asarray(number, np.float32) for number in spec.affine((0.0, 1.0)))
    return lambda images: (images.astype(np.float32) * scale + offset).reshape(len(images), -1)


def _spec(model: Method) -> Spec:
    """Of what G makes."""
    return dataclasses.replace(model.spec, shape=model.image_shape)


def _chosen(count: int, most: int, place: int) -> np.ndarray:
    return np.sort(generator(0, Stream.COMPARED, place).permutation(count)[:most])
