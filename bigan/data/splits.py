"""Which examples are trained on, and which ones the figures are reported on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bigan.data.dataset import Dataset, Examples
from bigan.errors import UserError
from bigan.streams import Stream, fixed_order, generator

HELD_OUT = 10_000


@dataclass(frozen=True)
class Split:
    """Examples to train on and examples to evaluate on, never the same ones.

    Args:
        train, evaluation: the examples.
        protocol: one phrase for results: where the evaluation examples come from, and how many.
        fingerprint: of the dataset, see `Dataset.fingerprint`.
    """

    train: Examples
    evaluation: Examples
    protocol: str
    fingerprint: str = ""

    def narrowed(self, rows: Callable[[int], range]) -> Split:
        """With some consecutive examples alone: those of `rows(n)`, of n examples.

        Raises:
            UserError: if none would be left.
        """
        parts = []
        for examples in (self.train, self.evaluation):
            kept = np.array(rows(len(examples)), np.int64)
            if not len(kept):
                raise UserError(f"`shard`: there are only {len(examples)} examples; use fewer shards")
            parts.append(examples.take(kept))
        return dataclasses.replace(self, train=parts[0], evaluation=parts[1])

    def limited(self, most: int) -> Split:
        """With at most that many training examples, chosen at random, always the same ones; 0 for all."""
        if not most or most >= len(self.train):
            return self
        kept = np.sort(fixed_order(len(self.train))[:most])
        return dataclasses.replace(self, train=self.train.take(kept))


def split(dataset: Dataset, which: str, seed: int) -> Split:
    """Splits a dataset for training and evaluation.

    `test`: train on all of the training set, evaluate on the test set. `validation`: evaluate on a random 10,000 (at
    most a sixth) of the training set, held out from training, a function of `seed`; the test set is not touched. A
    dataset without a test set has one held out in the same way, whatever the split is called.

    Args:
        dataset: to split.
        which: 'test' or 'validation'.
        seed: of what is held out.

    Raises:
        UserError: if some must be held out and there are fewer than 6.
    """
    if which == "test" and dataset.test is not None:
        return Split(dataset.train, dataset.test, f"test set, {len(dataset.test)} examples", dataset.fingerprint())
    count = len(dataset.train)
    held = min(HELD_OUT, count // 6)
    if held < 1:
        raise UserError(f"at least 6 training examples are needed to hold some out. Received: {count}")
    order = generator(seed, Stream.HELD_OUT).permutation(count)
    return Split(
        dataset.train.take(np.sort(order[held:])),
        dataset.train.take(np.sort(order[:held])),
        f"{held} examples held out from the training set, seed {seed}",
        dataset.fingerprint(),
    )


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Whole minibatches in an epoch.

    Raises:
        UserError: if there is not even one.
    """
    if count < batch_size:
        raise UserError(f"`batch_size` must be at most the {count} training examples. Received: {batch_size}")
    return count // batch_size
