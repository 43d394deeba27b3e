"""Images a second of the training step alone, of the input alone, and of both together, beside the floor.

The floor is the step's counted operations (`benchmarks.flops`) at the rate of a large matrix product in the same
precision, measured in the same run. The input is `Minibatches` over a store: crops, flips and latents of one minibatch
after the other, in one thread. Anonymous memory is what the process holds that is not the page cache's.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np
from keras import ops

from bigan.benchmarks import flops, loops, report
from bigan.config import Config
from bigan.data import sources
from bigan.data.augment import Augment
from bigan.data.batches import Minibatches
from bigan.data.dataset import Dataset
from bigan.data.spec import Spec
from bigan.data.store import layout, shards
from bigan.errors import UserError
from bigan.models.method import Method, create
from bigan.runtime import compilation, distribution, files, memory
from bigan.streams import Stream, generator
from bigan.training.optimizer import compile_for_training
from bigan.types import Json

MATRIX = {"cpu": 2048, "gpu": 8192}  # edge of the large matrix product
REPEATED = 5
INDEX_BYTES = 100  # of memory for each image while a store is written
INPUT_STEPS = 200  # minibatches of input alone in a turn, at least


def run(config: Config, rounds: int, steps: int, images: int = 10_000) -> dict[str, Json]:
    """Measures a preset that trains on a store: `data_dir`'s, or a synthetic one of `images` made for the purpose.

    Raises:
        UserError: if the preset is not for a store.
    """
    if config.dataset != "store":
        raise UserError(f"`preset={config.preset}` does not train on a store; its benchmark is that of mnist")
    if config.method != Config.method:
        raise UserError(f"`method` must be {Config.method}, whose operations are counted. Received: {config.method}")
    with tempfile.TemporaryDirectory() as folder:
        place = config.data_dir
        if not place:
            place = folder
            synthetic(Path(folder), images, (config.crop or 64) * 9 // 8)
        dataset = sources.load("store", place, crop=config.crop)
        with distribution.strategy(config):
            return _measure(config, dataset, rounds, steps) | {"store (GB)": _gigabytes(Path(place))}


def synthetic(folder: Path, images: int, edge: int, seed: int = 0, shard: shards.Shard | None = None) -> None:
    """Writes a store, or a shard of one, of random pixels: images of `edge` by up to one and a half times as many.

    Raises:
        UserError: if the store would not fit onto the disk, or its index into memory.
    """
    memory.need(images * INDEX_BYTES, f"the index of {images:,} images", "pass fewer `images`")
    files.check_room(folder, images * edge * edge * 5 // 4 * 3)
    random = generator(seed, Stream.BENCHMARK)
    widths = random.integers(edge, edge * 3 // 2, images)
    sizes = widths * edge
    records = np.zeros(images, layout.RECORD)
    records["first"], records["height"], records["width"] = np.cumsum(sizes) - sizes, edge, widths
    records["label"], records["source"] = np.arange(images) % 10, np.arange(images)
    (folder / "train.index").write_bytes(records.tobytes())
    left = int(sizes.sum()) * 3
    with open(folder / "train.pixels", "wb") as file:
        while left:
            block = random.bytes(min(left, 1 << 26))
            file.write(block)
            left -= len(block)
    facts = {"images": images, "pixels": int(sizes.sum()), "skipped": [], "digest": f"synthetic {images} {edge} {seed}"}
    description = {
        "format": layout.FORMAT,
        "edge": edge,
        "classes": [str(i) for i in range(10)],
        "splits": {"train": facts},
    }
    if shard:
        origin = f"synthetic/{shard.name}"
        description["request"] = {"counts": {"train": images}, "digest": origin, "classes": description["classes"]}
    (folder / "store.json").write_text(json.dumps(description))


def _gigabytes(store: Path) -> float:
    return round(sum(path.stat().st_size for path in store.glob("*.pixels")) / 1e9, 2)


def _measure(config: Config, dataset: Dataset, rounds: int, steps: int) -> dict[str, Json]:
    model = create(config, dataset.spec)
    batches = Minibatches(dataset.train, model.latent, config.batch_size, config.seed, augment=Augment(config.flip))
    compile_for_training(model, config, batches.steps, compilation.use_xla(config, model.xla_on_cpu))
    whole = max(n for n in range(1, min(config.steps_per_dispatch, steps) + 1) if steps % n == 0)
    model.steps_per_execution = whole
    gpu = "gpu" in keras.distribution.list_devices()[0]
    counted = flops.step(model)
    contestants: dict[str, Callable[[], float]] = {
        "step alone": lambda: fit(model, Ready(batches), steps),
        "input alone": lambda: _input(batches, max(steps, INPUT_STEPS)),
        "both": lambda: fit(model, batches, steps),
        "matrix product": lambda: _product(MATRIX["gpu" if gpu else "cpu"], config.precision),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    memory = []
    for index in range(rounds + 1):  # the first compiles and is not counted
        for name, clock in contestants.items():
            value = clock()
            if index:
                seconds[name].append(value)
        memory.append(anonymous_megabytes())
    size, work = config.batch_size, sum(row["MFLOP"] for row in counted)
    edge = MATRIX["gpu" if gpu else "cpu"]
    rate = 2e-12 * edge**3 / statistics.median(seconds.pop("matrix product"))  # TFLOP/s
    rows = []
    for name, values in seconds.items():
        ms = [1e3 * v for v in values]
        rows.append(
            {
                "what": name,
                "ms a minibatch": round(statistics.median(ms), 2),
                "least": round(min(ms), 2),
                "most": round(max(ms), 2),
                "images/s": round(1e3 * size / statistics.median(ms)),
            }
        )
    floor = work * size * 1e-3 / rate  # ms: MFLOP x examples / (TFLOP/s)
    rows.append(
        {
            "what": "floor: counted operations",
            "ms a minibatch": round(floor, 2),
            "least": "",
            "most": "",
            "images/s": round(1e3 * size / floor),
        }
    )
    return report.machine() | {
        "rounds": rounds,
        "steps a turn": steps,
        "preset": config.preset,
        "variant": config.variant,
        "batch": size,
        "precision": config.precision,
        "XLA": bool(model.jit_compile),
        "steps a dispatch": whole,
        "MFLOP an image": round(work, 1),
        "TFLOP/s of a large matrix product": round(rate, 3),
        "step / floor": round(statistics.median(seconds["step alone"]) * 1e3 / floor, 2),
        "anonymous memory after each round (MB)": f"{memory[0]} ... {memory[-1]}",
        "times": rows,
        "operations": counted,
    }


class Ready(Minibatches):
    """One minibatch again and again."""

    def __init__(self, batches: Minibatches) -> None:
        super().__init__(
            batches.examples,
            batches.latent,
            batches.batch_size,
            batches.seed,
            augment=batches.augment,
            inputs=batches.inputs,
        )
        self._one = (self.minibatch(0, 0),)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        return self._one


def crops(config: Config) -> Spec:
    """What a preset trains on: colour images of its crop's size, or MNIST's where it has no crop."""
    return Spec((config.crop, config.crop, 3)) if config.crop else loops.SPEC


def fit(model: Method, batches: Minibatches, steps: int) -> float:
    """Seconds a step within one fit, between the ends of its first dispatch and of its last."""
    each, times = model.steps_per_execution, {}

    def note(batch: int, logs: Mapping[str, float]) -> None:
        if batch + 1 in (each, each + steps):
            float(logs["loss"])  # waits for the step
            times[batch + 1] = time.perf_counter()

    callbacks = [keras.callbacks.LambdaCallback(on_train_batch_end=note)]
    model.fit(batches.feed(), steps_per_epoch=steps + each, shuffle=False, verbose=0, callbacks=callbacks)
    return (times[each + steps] - times[each]) / steps


def _input(batches: Minibatches, steps: int) -> float:
    batches.minibatch(0, 0)
    began = time.perf_counter()
    for i in range(steps):
        batches.minibatch(0, i % batches.steps)
    return (time.perf_counter() - began) / steps


def _product(edge: int, precision: str) -> float:
    a = ops.cast(
        ops.convert_to_tensor(generator(0, Stream.BENCHMARK).standard_normal((edge, edge), np.float32)), precision
    )
    multiply = compilation.compiled(ops.matmul)
    float(multiply(a, a)[0, 0])
    began = time.perf_counter()
    for _ in range(REPEATED):
        result = multiply(a, a)
    float(result[0, 0])  # waits for all
    return (time.perf_counter() - began) / REPEATED


def anonymous_megabytes() -> int:
    """RssAnon: resident memory that is no file's, which mapped stores do not count to."""
    status = Path("/proc/self/status")  # on Linux only
    for line in status.read_text().splitlines() if status.is_file() else ():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) // 1024
    return -1
