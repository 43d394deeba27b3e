"""Measures the training step against the usual alternating loop, and against its matrix products alone.

python -m scripts.benchmark --out=benchmark.md

In one process and in turns, so that a slow minute of the machine strikes all alike; medians over the rounds:

(a) the step as users get it: `keras.Model.fit` over `Minibatches`, timed by a callback between the ends of two steps.
    It holds gathering images, drawing z, handing both to the backend and the losses' means; no evaluating, no saving.
(b) the usual loop on the same networks and decay: two gradient tapes and two Adams, alternating, D first, then E and G
    through the updated D; `tf.function` without XLA. Its minibatches lie ready, and E and G run forward once a step.
(c) the same as (b), compiled by XLA.
(d) the floor: the matrix products that (a), the simultaneous step, cannot do without, each in the fastest of several
    implementations, its operands in cache.

On JAX (a) is Keras on JAX, (c) is `jax.value_and_grad` in `jax.jit`, and (b) would run op by op: it is left out.
The flags of scripts.train say which networks; images are random bytes, 28 x 28 x 1, so no data are needed.
"""

from __future__ import annotations

import functools
import itertools
import math
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from bigan import devices, files
from bigan.config import Config
from bigan.data.source import Examples
from bigan.data.spec import Spec
from bigan.imports import resolve
from scripts.main import FLAGS, UserError, config_from_flags, define_config_flags, run_main

SPEC, EXAMPLES = Spec((28, 28, 1)), 60_000  # as many as MNIST's: gathering from fewer would be faster
PAUSE = 0.1  # threads of BLAS and backends spin for a while after their work, on cores that the next one needs
OURS, LOOP, COMPILED = "(a) keras.Model.fit", "(b) alternating loop", "(c) alternating loop, XLA"
FLOOR = "(d) matrix products alone"
FORWARD, WEIGHTS, INPUTS = "forward", "weight gradient", "input gradient"

Product = tuple[str, int, int, int]  # kind, m, k, n: (m, k) by (k, n); the kind says which is stored transposed
Key = tuple[Any, str]  # what is timed: a training step's name or a product, and the implementation
Run = Callable[[], Any]
Turn = Callable[[], dict[Key, float]]  # one turn of one contestant: seconds

flags.DEFINE_integer("rounds", 7, "turns of each contestant, after one that warms up", lower_bound=1)
flags.DEFINE_integer("steps", 20, "training steps, or repetitions of each matrix product, in a turn", lower_bound=1)
flags.DEFINE_string("out", None, "file for the result besides standard output: Markdown (.md) or JSON (.json)")
define_config_flags()
FLAGS.set_default("preset", "mnist")


def main() -> None:
    """Checks what is asked for, measures, and prints the result."""
    config, out = config_from_flags(), Path(FLAGS.out or "")
    if FLAGS.out is not None and (out.suffix not in (".md", ".json") or not out.absolute().parent.is_dir()):
        raise UserError(f"--out must be a .md or .json file in a folder that exists. Received: {FLAGS.out!r}")
    for name, only in (("method", Config.method), ("networks", Config.networks), ("replicas", Config.replicas)):
        if getattr(config, name) != only:
            raise UserError(f"--{name} must be {only}, whose products are counted. Received: {getattr(config, name)}")
    devices.prepare(config)
    with devices.strategy(config):
        seconds = measure(contestants(config, FLAGS.steps), FLAGS.rounds)
    result = summary(config, seconds)
    print(text := markdown(result))
    if FLAGS.out is not None:
        files.write_json(out, result) if out.suffix == ".json" else files.write_text(out, text + "\n")


def contestants(config: Config, steps: int) -> list[Turn]:
    """The turns of a round, in order."""
    import keras

    from bigan.data.batches import Minibatches
    from bigan.latent import Uniform

    images = Examples(np.random.default_rng(0).integers(0, 256, (EXAMPLES, *SPEC.shape), np.uint8))

    def batches(start: int) -> Minibatches:
        return Minibatches(images, Uniform(config.latent_dim), config.batch_size, config.seed, start)

    few = [batches(i)[0][0] for i in range(8)]
    ready = itertools.cycle([[keras.ops.convert_to_tensor(batch[name]) for name in "xz"] for batch in few])
    if keras.backend.backend() == "jax":
        groups: dict[str, dict[Key, Run]] = {COMPILED: {(COMPILED, ""): jax_step(config, ready)}}
    else:
        steppers = {name: tensorflow_step(config, ready, name == COMPILED) for name in (LOOP, COMPILED)}
        groups = {name: {(name, ""): run} for name, run in steppers.items()}
    for product in {product for _, product, _ in products(config)}:
        for name, run in implementations(*product):
            groups.setdefault(name, {})[product, name] = run  # a turn for each library
    return [fit_turn(config, batches, steps), *(functools.partial(timed, runs, steps) for runs in groups.values())]


def measure(turns: list[Turn], rounds: int) -> dict[Key, list[float]]:
    """Seconds by what was timed, one a round. Round 0 compiles and is not counted."""
    seconds: dict[Key, list[float]] = {}
    for index in range(rounds + 1):
        print(f"round {index} of {rounds}", end="\r" if index < rounds else "\n", file=sys.stderr, flush=True)
        for turn in turns:
            time.sleep(PAUSE)
            for key, value in turn().items():
                seconds.setdefault(key, []).extend([value] if index else [])
    return seconds


def timed(runs: dict[Key, Run], times: int) -> dict[Key, float]:
    """Seconds of each run: the mean of several after a first. Reading a number of the last result waits for all."""
    seconds = {}
    for key, run in runs.items():
        result = run()
        float(result[(0,) * result.ndim])
        start = time.perf_counter()
        for _ in range(times):
            result = run()
        float(result[(0,) * result.ndim])
        seconds[key] = (time.perf_counter() - start) / times
    return seconds


def fit_turn(config: Config, batches: Callable[[int], Any], steps: int) -> Turn:
    """A turn of (a), which goes on where the last one ended."""
    import keras

    model = resolve(config.method).create(config, SPEC)
    model.compile_for(config, batches(0).steps, devices.use_xla(config))
    times: dict[int, float] = {}
    starts = itertools.count(0, steps + 1)

    def clock(batch: int, logs: Any) -> None:
        if batch in (0, steps):  # not from the start: a fit's first step waits for its iterator
            float(logs["loss"])  # waits for the step
            times[batch] = time.perf_counter()

    def turn() -> dict[Key, float]:
        callbacks = [keras.callbacks.LambdaCallback(on_train_batch_end=clock)]
        model.fit(batches(next(starts)), steps_per_epoch=steps + 1, shuffle=False, verbose=0, callbacks=callbacks)
        return {(OURS, ""): (times[steps] - times[0]) / steps}

    return turn


def players(config: Config) -> tuple[Any, list[list[Any]], list[Any]]:
    """A fresh model, the weights of D and those of E and G, and an Adam for each."""
    import keras

    model = resolve(config.method).create(config, SPEC)
    weights = [network.trainable_variables for network in (model.discriminator, model.encoder, model.generator)]
    weights = [weights[0], weights[1] + weights[2]]
    adam = functools.partial(keras.optimizers.Adam, config.learning_rate, config.beta_1, config.beta_2, config.epsilon)
    adams = [adam(), adam()]
    for optimizer, part in zip(adams, weights, strict=True):
        optimizer.build(part)
    return model, weights, adams


def tensorflow_step(config: Config, ready: Iterator[Any], jit_compile: bool) -> Run:
    """(b), or (c) with `jit_compile`."""
    import tensorflow as tf

    from bigan import objective

    model, (weights_d, weights_eg), (adam_d, adam_eg) = players(config)
    encoder, generator, discriminator = model.encoder, model.generator, model.discriminator

    @tf.function(jit_compile=jit_compile)
    def step(x: Any, z: Any) -> Any:
        x = model.scale(x)
        with tf.GradientTape() as tape_eg:
            encoded, generated = model.latent.squash(encoder(x, training=True)), generator(z, training=True)
            with tape_eg.stop_recording():
                with tf.GradientTape() as tape_d:
                    real = discriminator([x, encoded], training=True)
                    loss_d = objective.discriminator_loss(real, discriminator([generated, z], training=True))
                    loss_d += sum(discriminator.losses)
                adam_d.apply(tape_d.gradient(loss_d, weights_d), weights_d)
            loss_e = objective.encoder_loss(discriminator([x, encoded], training=True))
            loss_g = objective.generator_loss(discriminator([generated, z], training=True))
            loss_eg = 0.5 * (loss_e + loss_g) + sum(encoder.losses) + sum(generator.losses)
        adam_eg.apply(tape_eg.gradient(loss_eg, weights_eg), weights_eg)
        return loss_d + loss_eg

    return lambda: step(*next(ready))


def jax_step(config: Config, ready: Iterator[Any]) -> Run:
    """(c) on JAX. E's and G's pass is written twice, and all gradients: XLA merges, and leaves out what is not used."""
    import jax
    import keras

    from bigan import objective

    model, parts, adams = players(config)
    x, z = keras.Input(SPEC.shape), keras.Input((config.latent_dim,))
    pairs = [[x, model.latent.squash(model.encoder(x))], [model.generator(z), z]]
    joint = keras.Model([x, z], [model.discriminator(pair) for pair in pairs])
    order = {id(variable): i for i, variable in enumerate(joint.trainable_variables)}
    indices = [[order[id(variable)] for variable in part] for part in parts]

    def loss(weights: Any, states: Any, x: Any, z: Any, of_d: bool) -> Any:
        (real, generated), states, decay = joint.stateless_call(weights, states, [x, z], True, return_losses=True)
        if of_d:
            return objective.discriminator_loss(real, generated) + sum(decay), states
        return 0.5 * (objective.encoder_loss(real) + objective.generator_loss(generated)) + sum(decay), states

    @functools.partial(jax.jit, donate_argnums=0)
    def step(state: Any, x: Any, z: Any) -> Any:
        weights, states, moments = state
        for k, index in enumerate(indices):
            (value, states), grads = jax.value_and_grad(loss, has_aux=True)(weights, states, model.scale(x), z, k == 0)
            grads, moving = [grads[i] for i in index], [weights[i] for i in index]
            moving, moments[k] = adams[k].stateless_apply(moments[k], grads, moving)
            for i, moved in zip(index, moving, strict=True):
                weights[i] = moved
        return (weights, states, moments), value

    state = [joint.trainable_variables, joint.non_trainable_variables, [adam.variables for adam in adams]]
    state = jax.tree.map(lambda variable: variable.value, state)

    def run() -> Any:
        nonlocal state
        state, value = step(state, *next(ready))
        return value

    return run


def products(config: Config) -> list[tuple[str, Product, int]]:
    """Network, product, how often: those the simultaneous step needs. E and G run forward once, D on two pairs."""
    batch, size, width, latent = config.batch_size, SPEC.size, config.width, config.latent_dim
    layers = [  # network, inputs, outputs, forward passes (weight gradients are as many), input gradients
        ("E", size, width, 1, 0),
        ("E", width, width, 1, 1),
        ("E", width, latent, 1, 1),
        ("G", latent, width, 2 if config.variant == "released" else 1, 0),  # that variant: into the second layer too
        ("G", width, width, 1, 1),
        ("G", width, size, 1, 1),
        ("D", size, width, 2, 1),  # G's loss, down to the generated x; D's own loss goes no deeper than layer 1
        ("D", width, width, 2, 3),  # D's loss on both pairs, G's on the generated pair
        ("D", latent, width, 2, 1),  # E's loss, down to the real pair's z
        ("D", width, 1, 2, 4),  # D's loss on both pairs, E's on the real pair, G's on the generated pair
    ]
    found: list[tuple[str, Product, int]] = []
    for network, inputs, outputs, passes, gradients in layers:
        found.append((network, (FORWARD, batch, inputs, outputs), passes))
        found.append((network, (WEIGHTS, inputs, batch, outputs), passes))
        found.append((network, (INPUTS, batch, outputs, inputs), gradients))
    return [entry for entry in found if entry[2]]


def implementations(kind: str, m: int, k: int, n: int) -> Iterator[tuple[str, Run]]:
    """Multiplications by name: operands stored as the step has them, then copied so that none is transposed."""
    from keras import backend, ops

    if backend.backend() == "jax":
        import jax

        compilers: dict[str, Any] = {"jax": jax.jit}
    else:
        import tensorflow as tf

        compilers = {"tensorflow": tf.function, "tensorflow XLA": functools.partial(tf.function, jit_compile=True)}
    for note in ("", ", copied") if kind != FORWARD else ("",):
        left, right = kind == WEIGHTS and not note, kind == INPUTS and not note
        a = np.random.default_rng(0).standard_normal((k, m) if left else (m, k), np.float32)
        b = np.random.default_rng(1).standard_normal((n, k) if right else (k, n), np.float32)
        operands = (a.T if left else a, b.T if right else b)
        yield f"numpy{note}", functools.partial(np.matmul, *operands, out=np.empty((m, n), np.float32))

        def multiply(a: Any, b: Any, left: bool = left, right: bool = right) -> Any:
            return ops.matmul(ops.transpose(a) if left else a, ops.transpose(b) if right else b)

        tensors = ops.convert_to_tensor(a), ops.convert_to_tensor(b)
        for name, compiler in compilers.items():
            yield f"{name}{note}", functools.partial(compiler(multiply), *tensors)


def summary(config: Config, seconds: dict[Key, list[float]]) -> dict[str, Any]:
    """The result, ready for JSON: tables as rows. The floor sums the fastest implementations' medians."""
    import keras

    medians = {key: 1e3 * statistics.median(values) for key, values in seconds.items()}
    steps, floor = [], []
    for network, product, times in products(config):
        fastest, ms = min((ms, name) for (what, name), ms in medians.items() if what == product)[::-1]
        row = {"network": network, **dict(zip(("product", "m", "k", "n"), product, strict=True)), "times": times}
        floor.append(row | {"GFLOP": 2e-9 * math.prod(product[1:]) * times, "ms": ms * times, "fastest": fastest})
    totals = {name: ms for (name, library), ms in medians.items() if not library}
    totals[FLOOR] = sum(row["ms"] for row in floor)
    for name, ms in totals.items():
        spread = [1e3 * second for second in seconds.get((name, ""), ())] or [ms]
        row = {"": name, "ms a step": ms, "least": min(spread), "most": max(spread)}
        steps.append(row | {"images/s": 1e3 * config.batch_size / ms, "time / (a)": ms / totals[OURS]})
    backend, cpuinfo = keras.backend.backend(), Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.is_file() else []
    return {
        "cpu": (names or [platform.processor()])[0], "cores": os.cpu_count(), "load": os.getloadavg()[0],
        "devices": ", ".join(keras.distribution.list_devices()), "keras": keras.__version__,
        backend: sys.modules[backend].__version__, "rounds": FLAGS.rounds, "steps a round": FLAGS.steps,
        "preset": config.preset, "variant": config.variant, "batch": config.batch_size, "jit": config.jit,
        "GFLOP a step": sum(row["GFLOP"] for row in floor), "(a) / floor": totals[OURS] / totals[FLOOR],
        "times": steps, "products": floor,
    }  # fmt: skip


def markdown(result: dict[str, Any]) -> str:
    """The result as a line and two tables."""

    def cell(value: Any) -> str:
        return f"{value:.3f}" if isinstance(value, float) else str(value)

    lines = ["; ".join(f"{name}: {cell(value)}" for name, value in result.items() if not isinstance(value, list))]
    if len(result["times"]) == 3:
        lines += ["", f"{LOOP} is left out: on JAX it would run op by op."]
    for rows in (result["times"], result["products"]):
        lines += ["", f"| {' | '.join(rows[0])} |", "| --- " * len(rows[0]) + "|"]
        lines += [f"| {' | '.join(map(cell, row.values()))} |" for row in rows]
    return "\n".join(lines)


run = run_main(main)

if __name__ == "__main__":
    run()
