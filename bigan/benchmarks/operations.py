"""Where a training step's time goes: TensorFlow's profiler, summed by kind of operation.

An operation's time is that of the thread that runs it, without operations within it on the same thread. On one core
(`taskset -c 0`) the sum is the processor's time, and what is left of the step is TensorFlow's scheduling, Keras and the
input. On several cores operations run beside each other and share threads, and the sum says less.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import keras

from bigan.benchmarks import loops, pipeline, report
from bigan.config import Config
from bigan.data.batches import Minibatches
from bigan.errors import UserError
from bigan.models.method import Method, create
from bigan.runtime import compilation, distribution
from bigan.training.optimizer import compile_for_training
from bigan.types import Json

OPERATION = re.compile(r"[^:]+:(?:_MklNative|_Mkl)?(\w+)")  # node:Type, the type without the prefix of oneDNN's kernels
LEAST = 0.005  # share of all operations below which a kind has no row of its own


class Event(NamedTuple):
    """A run of an operation on a thread; times in picoseconds."""

    start: int
    end: int
    kind: str


def run(config: Config, steps: int) -> dict[str, Json]:
    """Profiles `steps` steps of any method on one minibatch of random images (`pipeline.crops`), after a warm-up.

    Raises:
        UserError: where steps do not run operation by operation: on JAX, or compiled by XLA.
    """
    spec = pipeline.crops(config)
    images = loops.random_images(spec, config.batch_size)
    with distribution.strategy(config):
        model = create(config, spec)
        xla = compilation.use_xla(config, model.xla_on_cpu)
        if keras.backend.backend() != "tensorflow" or xla:
            raise UserError("--profile needs single operations: TensorFlow (KERAS_BACKEND=tensorflow) and --jit=off")
        inputs = model.step_inputs()
        batches = Minibatches(images, model.latent, config.batch_size, config.seed, inputs=inputs)
        compile_for_training(model, config, batches.steps, xla)
        seconds, threads = _profiled(model, pipeline.Ready(batches), steps)
    profiled = steps + model.steps_per_execution  # `fit` times what comes after its first dispatch
    rows = summary(threads, profiled)
    return report.machine() | {
        "preset": config.preset,
        "method": config.method,
        "batch": config.batch_size,
        "precision": config.precision,
        "steps": profiled,
        "ms a step": round(1e3 * seconds, 2),
        "operations": rows,
    }


def _profiled(model: Method, batches: pipeline.Ready, steps: int) -> tuple[float, list[list[Event]]]:
    """Seconds a step, and what each thread ran."""
    import tensorflow as tf

    pipeline.fit(model, batches, steps)
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        seconds = pipeline.fit(model, batches, steps)
        tf.profiler.experimental.stop()
        return seconds, [thread for path in Path(folder).rglob("*.xplane.pb") for thread in _threads(path)]


def _threads(path: Path) -> Iterable[list[Event]]:
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace()
    space.ParseFromString(path.read_bytes())
    for plane in space.planes:
        names = {key: OPERATION.fullmatch(metadata.name) for key, metadata in plane.event_metadata.items()}
        for line in plane.lines:
            yield [
                Event(event.offset_ps, event.offset_ps + event.duration_ps, found[1])
                for event in line.events
                if (found := names[event.metadata_id]) and not found[1].startswith("_")  # not a function's call
            ]


def summary(threads: Iterable[Sequence[Event]], steps: int) -> list[dict[str, Json]]:
    """A row a kind of operation, the longest first, those that take little in one, and a row of all."""
    picoseconds: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for thread in threads:
        open_: list[Event] = []
        for event in sorted(thread, key=lambda event: (event.start, -event.end)):
            while open_ and open_[-1].end <= event.start:
                open_.pop()
            if open_:  # within another: the time is this one's alone
                picoseconds[open_[-1].kind] -= event.end - event.start
            picoseconds[event.kind] += event.end - event.start
            calls[event.kind] += 1
            open_.append(event)
    total = sum(picoseconds.values())
    listed = [kind for kind, time in picoseconds.most_common() if time >= LEAST * total]
    others = [kind for kind in picoseconds if kind not in listed]
    groups = {kind: [kind] for kind in listed} | {f"{len(others)} others": others, "all": list(picoseconds)}
    return [
        {
            "operation": name,
            "ms a step": round(1e-9 * sum(picoseconds[kind] for kind in kinds) / steps, 2),
            "share": round(sum(picoseconds[kind] for kind in kinds) / total, 3),
            "calls a step": round(sum(calls[kind] for kind in kinds) / steps, 1),
        }
        for name, kinds in groups.items()
        if kinds
    ]
