"""Streams of random numbers: each is a function of a seed, the stream, and where in it one stands.

NumPy draws them, so they are the same on every backend, in every process and after every resume. Everything in this
package that draws random numbers (initial weights apart, whose seeds are made of the layers' names) names its stream
here, so that no two uses can meet.
"""

from __future__ import annotations

import enum

import numpy as np


@enum.unique
class Stream(enum.IntEnum):
    """What random numbers are for. The numbers are part of every key: never change one, never use one twice."""

    # A dataset's own choices, always with seed 0: the digits' split, which examples a limit keeps, which image a
    # reconstruction is compared with.
    FIXED = 0
    # Training.
    ORDER = 1  # in which an epoch visits the examples
    LATENT = 2  # z of a minibatch
    AUGMENT = 6  # crops and mirroring of a minibatch's images
    VIEW = 7  # what a method's random views of the examples are
    AUGMENT_AGAIN = 12  # crops and mirroring of a further view of the images
    NOISE = 8  # what a method asks for besides z
    TURNS = 13  # quarter turns by which images are rotated
    MIXING = 14  # how much of another example is mixed into a view
    HELD_OUT = 101  # examples held out for validation
    # Evaluation and pictures.
    STATISTICS = 3  # z of the minibatches over which batch-norm statistics are re-estimated
    EVALUATION = 4  # z of the samples that are measured
    PICTURES = 5  # z of the samples that are shown
    SHOWN = 9  # images that are shown
    GALLERY = 10  # images searched for neighbours, and the projection of their features
    # Transfer.
    BOOTSTRAP = 20  # test examples drawn again, for intervals
    PROBE_SPLIT = 21  # training examples held out to choose a probe's regularization
    FEW_LABELS = 22  # which examples have labels
    CLASSIFIER_SAMPLE = 23  # images on which a classifier is initialised
    CLASSIFIER_WEIGHTS = 24  # its new layers' weights
    CLASSIFIER_BALANCE = 25  # directions along which its layers' gradients are measured
    CLASSIFIER_ORDER = 26  # its minibatches
    CLASSIFIER_CROPS = 27  # crops of the images it is trained on
    TEST_CROPS = 28  # crops of the images it is tested on
    SEGMENTER_MIRROR = 29  # which of the images that a segmenter is trained on are mirrored
    # Benchmarks.
    BENCHMARK = 30  # pixels and widths of synthetic images
    # Transfer, again.
    DETECTOR_REGIONS = 31  # which regions a detector is trained on, and which images are mirrored
    # The fixed classifier on whose features samples are compared: always with seed 0.
    JUDGE_WEIGHTS = 40
    JUDGE_ORDER = 41  # its minibatches
    JUDGE_SHIFTS = 42  # by which their images are moved
    COMPARED = 43  # which real examples samples are compared with


def generator(seed: int, stream: Stream, *where: int) -> np.random.Generator:
    """The random numbers of one place in a stream.

    Args:
        seed: of the run, or of the task.
        stream: what the numbers are for.
        where: the place, e.g. epoch and step. One stream's places have one length: a key is padded with zeros.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, stream, *where))))


def fixed_order(count: int) -> np.ndarray:
    """A random order of `count` things that is always the same, whatever the run."""
    return generator(0, Stream.FIXED).permutation(count)
