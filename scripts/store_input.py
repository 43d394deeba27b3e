"""One epoch of a store's input alone: crops a second, and the anonymous memory of the process as it goes through.

python -m scripts.store_input [IMAGES]    # of a synthetic store, 72 px and more; 260,000 make 5 GB
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from bigan.benchmarks.pipeline import anonymous_megabytes, synthetic
from bigan.data import sources
from bigan.data.augment import Augment
from bigan.data.batches import Minibatches
from bigan.latents import Uniform

PARTS = 6


def main(images: int) -> None:
    """Prints one line for each sixth of the epoch."""
    with tempfile.TemporaryDirectory() as folder:
        synthetic(Path(folder), images, 72)
        source = sources.load("store", folder, crop=64)
        batches = Minibatches(source.train, Uniform(200), 128, seed=0, augment=Augment(flip=True))
        size = (Path(folder) / "train.pixels").stat().st_size
        print(f"{size / 1e9:.2f} GB, {anonymous_megabytes()} MB anonymous before")
        for part in range(PARTS):
            steps = range(part * batches.steps // PARTS, (part + 1) * batches.steps // PARTS)
            began = time.perf_counter()
            for step in steps:
                batches.minibatch(0, step)
            rate = 128 * len(steps) / (time.perf_counter() - began)
            print(f"{rate:,.0f} crops/s, {anonymous_megabytes()} MB anonymous", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 260_000)
