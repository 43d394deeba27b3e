"""Features of a dataset in one file: a layer's activations, flattened, neither pooled nor normalized."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bigan.data.dataset import Examples
from bigan.data.splits import Split
from bigan.models.method import Method
from bigan.runtime import files

BATCH = 500  # examples in memory at once
INTERVAL = 10  # seconds between lines of progress


def write(model: Method, split: Split, layer: str, path: Path) -> dict[str, tuple[int, ...]]:
    """Writes the features of both parts of a split, batch by batch: they need not fit into memory.

    Args:
        model: a trained method.
        split: examples of the model's shape, with labels or without.
        layer: 'latent' for E(x), squashed; 'hidden', 'output' or a layer's name: activations, flattened to `(n, k)`.
        path: an `.npz`, written atomically: float32 `train` and `evaluation`, and, where there are labels,
            `train_labels` and `evaluation_labels`.

    Returns:
        The arrays' shapes by name.

    Raises:
        UserError: if there is no such layer or no encoder, the shape does not fit, or the file cannot be written.
    """
    shapes: dict[str, tuple[int, ...]] = {}

    def arrays() -> Iterator[tuple[str, int, Iterator[np.ndarray]]]:
        for name, examples in (("train", split.train), ("evaluation", split.evaluation)):
            yield name, len(examples), watched(name, examples)
            if examples.labels is not None:
                shapes[f"{name}_labels"] = examples.labels.shape
                yield f"{name}_labels", len(examples), iter([examples.labels])

    def watched(name: str, examples: Examples) -> Iterator[np.ndarray]:
        begun = said = time.monotonic()
        for start in range(0, len(examples), BATCH):
            images = examples.images[start : start + BATCH]
            batch = model.encode(images) if layer == "latent" else model.features(images, layer)
            shapes[name] = (len(examples), *batch.shape[1:])
            yield batch
            now, done = time.monotonic(), start + len(batch)
            if now - said > INTERVAL:
                said, left = now, (now - begun) * (len(examples) - done) / done
                print(f"{name}: {done:,}/{len(examples):,}  {left:.0f} s left", file=sys.stderr, flush=True)

    files.write_batches(path, arrays())
    return shapes
