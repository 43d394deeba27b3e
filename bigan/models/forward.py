"""Runs networks forward over arrays of any length, batch by batch, compiled, on either backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import keras
import numpy as np

from bigan.data.crops import Images
from bigan.runtime.compilation import compiled
from bigan.runtime.distribution import local
from bigan.types import Tensor

BATCH = 500  # examples at once


class Forward:
    """A chain of networks over raw arrays, at evaluation (`training=False`).

    Args:
        chain: (network, map of its output or None), applied one after the other.
        before: map of tensors applied to the raw input first.

    `BATCH` examples are passed at once; the last batch is padded, so that one compiled program serves all.

    Example:
        >>> encode = Forward([(model.encoder, model.latent.squash)], before=model.scale)
        >>> z = encode(images)  # (n, ...) -> (n, d) float32
    """

    def __init__(
        self,
        chain: list[tuple[keras.Model, Callable | None]],
        before: Callable | None = None,
    ) -> None:
        self.networks, self.batch_size = [network for network, _ in chain], BATCH

        def run(states: list[tuple[list[Tensor], list[Tensor]]], h: Tensor) -> Tensor:
            h = before(h) if before else h
            for (network, after), (trainable, other) in zip(chain, states, strict=True):
                h, _ = network.stateless_call(trainable, other, h, training=False)
                h = after(h) if after else h
            return h

        self._run = compiled(run)

    def batches(self, inputs: Images) -> Iterator[np.ndarray]:
        """Yields the outputs for consecutive slices of `inputs`, at most `batch_size` long."""
        states = [
            ([local(v.value) for v in n.trainable_variables], [local(v.value) for v in n.non_trainable_variables])
            for n in self.networks
        ]
        for start in range(0, len(inputs), self.batch_size):
            batch = np.asarray(inputs[start : start + self.batch_size])
            count = len(batch)
            if count < self.batch_size:
                batch = np.concatenate([batch, np.repeat(batch[-1:], self.batch_size - count, axis=0)])
            yield keras.ops.convert_to_numpy(self._run(states, keras.ops.convert_to_tensor(batch)))[:count]

    def __call__(self, inputs: Images) -> np.ndarray:
        """All outputs as one float32 array. `inputs` must not be empty."""
        return np.concatenate(list(self.batches(inputs)))
