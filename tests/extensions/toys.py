"""Additions in one file outside the package: a method, a latent distribution, a source of images, a transfer task.

    python -m scripts.train --plugins=tests.extensions.toys --method=agreeing --latent=categorical --dataset=stripes ...

The last lines give them short names, which --help and errors list then.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from bigan.config import setting
from bigan.data import inputs
from bigan.data.dataset import Dataset, Examples
from bigan.data.sources import Source
from bigan.data.spec import Spec
from bigan.latents import Latent
from bigan.models import BiGAN
from bigan.registry import LATENTS, METHODS, SOURCES
from bigan.streams import generator
from transfer.metrics import bootstrap
from transfer.probes.probe import Probe
from transfer.task import Options
from transfer.tasks import TASKS


class Agreeing(BiGAN):
    """A BiGAN whose E must also agree on two views of an image, through a fourth network: a projection of its code."""

    logged = (*BiGAN.logged, "disagreement")

    @classmethod
    def build_networks(cls, family):
        """E, G, D and the projection."""
        code = layers.Input((family.latent.head_size,))
        projector = keras.Model(code, layers.Dense(3, use_bias=False, name="projection")(code), name="projector")
        return super().build_networks(family) | {"projector": projector}

    def step_inputs(self):
        """A second view of the images, and noise that blurs their codes."""
        return super().step_inputs() | {"view": inputs.view(1), "noise": inputs.noise(self.latent.head_size)}

    def terms(self, x, z, view, noise, training):
        """BiGAN's, and the squared distance of the two projections."""
        terms = super().terms(x, z, training)
        project = self.networks["projector"]
        first = project(self.encoder(x, training=training) + 0.01 * noise, training=training)
        second = project(self.encoder(view, training=training), training=training)
        disagreement = ops.mean(ops.square(first - second))
        return terms | {"loss": terms["loss"] + disagreement, "disagreement": disagreement}


class Categorical(Latent):
    """One of `dim` classes, as a one-hot vector."""

    def draw(self, count, seed, stream, *where):
        """`(count, dim)` float32, one 1 in each row."""
        classes = generator(seed, stream, *where).integers(0, self.dim, count)
        return np.eye(self.dim, dtype=np.float32)[classes]

    def squash(self, linear):
        """The classes' probabilities."""
        return ops.softmax(linear)

    def exported_squash(self, linear):
        """The same as a layer."""
        return layers.Softmax(name="latent")(linear)


class Stripes(Source):
    """Upright and lying stripes on 12 x 12 pixels, with noise."""

    def load(self):
        """120 images to train on and 40 to test on, two classes."""
        random = np.random.Generator(np.random.PCG64(0))
        labels = np.arange(160) % 2
        stripes = 200 * (np.arange(12) % 4 < 2)
        images = np.stack([np.broadcast_to(stripes if k else stripes[:, None], (12, 12)) for k in labels])
        images = (images + random.integers(0, 56, images.shape)).astype(np.uint8)[..., None]
        train, test = Examples(images[:120], labels[:120]), Examples(images[120:], labels[120:])
        return Dataset("stripes", train, test, Spec((12, 12, 1)), ("lying", "upright"))


@dataclass(frozen=True, kw_only=True)
class NearestMeanOptions(Options):
    """Of `NearestMean`."""

    power: float = setting(2.0, "of the differences that a distance adds up", above=0.0)


class NearestMean(Probe):
    """Accuracy of the nearest class mean in a layer's features."""

    Options = NearestMeanOptions

    def evaluate(self, encoder, column):
        """'accuracy' in percent with its bootstrap 'interval', and the protocol."""
        split, (labels, truth) = self.split(encoder), self.labels(encoder)
        train, test = (encoder.features(part, column) for part in (split.train, split.evaluation))
        means = np.stack([train[labels == c].mean(axis=0) for c in np.unique(labels)])
        distances = (np.abs(test[:, None] - means) ** self.options.power).sum(axis=2)
        guesses = np.unique(labels)[distances.argmin(axis=1)]
        return bootstrap.accuracy(guesses == truth) | self.protocol(encoder, column)


METHODS.add("agreeing", "tests.extensions.toys:Agreeing")
LATENTS.add("categorical", "tests.extensions.toys:Categorical")
SOURCES.add("stripes", "tests.extensions.toys:Stripes")
TASKS.add("nearest_mean", "tests.extensions.toys:NearestMean")
