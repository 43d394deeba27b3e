"""One epoch of a store's input alone: crops a second, and the anonymous memory of the process as it goes through.

python -m scripts.store_input --images=260000 --shards=8    # of a synthetic store, 72 px and more; 260,000 make 5 GB
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from absl import flags

from bigan.benchmarks.pipeline import anonymous_megabytes, synthetic
from bigan.data import sources
from bigan.data.augment import Augment
from bigan.data.batches import Minibatches
from bigan.data.store import shards
from bigan.latents import Uniform

from .flags import FLAGS
from .main import run_main

flags.DEFINE_integer("images", 260_000, "in the store", lower_bound=1000)
flags.DEFINE_integer("shards", 1, "the store is made of", lower_bound=1)

PARTS = 6


def main() -> None:
    """Prints one line for each sixth of the epoch."""
    images, count = FLAGS.images, FLAGS.shards
    with tempfile.TemporaryDirectory() as folder:
        if count == 1:
            synthetic(Path(folder), images, 72)
        else:
            for shard in (shards.Shard(index, count) for index in range(count)):
                place = shards.folder(Path(folder), shard)
                place.mkdir()
                synthetic(place, len(shard.rows(images)), 72, shard.index, shard)
            shards.merge(Path(folder))
        source = sources.load("store", folder, crop=64)
        batches = Minibatches(source.train, Uniform(200), 128, seed=0, augment=Augment(flip=True))
        size = sum(path.stat().st_size for path in Path(folder).rglob("train.pixels"))
        print(f"{size / 1e9:.2f} GB, {anonymous_megabytes()} MB anonymous before")
        for part in range(PARTS):
            steps = range(part * batches.steps // PARTS, (part + 1) * batches.steps // PARTS)
            began = time.perf_counter()
            for step in steps:
                batches.minibatch(0, step)
            rate = 128 * len(steps) / (time.perf_counter() - began)
            print(f"{rate:,.0f} crops/s, {anonymous_megabytes()} MB anonymous", flush=True)


run = run_main(main)

if __name__ == "__main__":
    run()
