"""The MNIST model's training step against the usual alternating loop, and against its matrix products alone.

In one process and in turns, so that a slow minute of the machine strikes all alike; medians over the rounds:
(a) The step as users get it: `keras.Model.fit` over `Minibatches`, timed by a callback between the ends of two steps.
    It holds gathering images, drawing z, handing both to the backend and the losses' means; no evaluating, no saving.
(b) The usual loop on the same networks and decay: two gradient tapes and two Adams, alternating, D first, then E and G
    through the updated D, each half with its own forward pass; `tf.function` without XLA. Its minibatches lie ready.
(c) The same, compiled by XLA; on JAX `jax.value_and_grad` in `jax.jit`, and no (b), which would run op by op.
(d) The floor: the matrix products that (a), the simultaneous step, cannot do without, each at the best speed found.
Images are random bytes, 28 x 28 x 1, so no data are needed.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from math import prod

import keras
import numpy as np

from bigan.benchmarks import report
from bigan.config import Config
from bigan.data.batches import Minibatches
from bigan.data.dataset import Examples
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.latents import Uniform
from bigan.models import objective
from bigan.models.method import Method, create
from bigan.runtime import compilation, distribution
from bigan.streams import Stream, generator
from bigan.training.optimizer import DecayedAdam, compile_for_training
from bigan.types import Json, Tensor

SPEC, EXAMPLES = Spec((28, 28, 1)), 60_000  # as many as MNIST's: gathering from fewer would be faster
PAUSE = 0.1  # threads of BLAS and backends spin for a while after their work, on cores that the next one needs
OURS, LOOP, COMPILED = "(a) keras.Model.fit", "(b) alternating loop", "(c) alternating loop, XLA"
FLOOR, FORWARD, WEIGHTS, INPUTS = "(d) matrix products alone", "forward", "weight gradient", "input gradient"
Product = tuple[str, int, int, int]  # kind, m, k, n: (m, k) by (k, n); the kind says which is stored transposed
Key = tuple[str | Product, str]  # what is timed: a training step's name or a product, and the library


def run(config: Config, rounds: int, steps: int) -> dict[str, Json]:
    """Measures; the result is ready for JSON, see `summary`.

    Raises:
        UserError: for networks whose products are not counted here.
    """
    for name, only in (("method", Config.method), ("networks", Config.networks), ("replicas", Config.replicas)):
        if getattr(config, name) != only:
            raise UserError(f"`{name}` must be {only}, whose products are counted. Received: {getattr(config, name)}")
    with distribution.strategy(config):
        return summary(config, measure(contestants(config, steps), rounds), steps)


def contestants(config: Config, steps: int) -> dict[str, dict[Key, Callable[[], float]]]:
    """What is timed, turn by turn: each training step, then all products in each library."""
    images = random_images(SPEC, EXAMPLES)
    batches = functools.partial(Minibatches, images, Uniform(config.latent_dim), config.batch_size, config.seed)
    few = itertools.cycle([[keras.ops.convert_to_tensor(batches()[i][0][key]) for key in "xz"] for i in range(8)])
    if keras.backend.backend() == "jax":
        loops = {COMPILED: jax_step(config, few)}
    else:
        loops = {name: tensorflow_step(config, few, name == COMPILED) for name in (LOOP, COMPILED)}
    turns: dict[str, dict[Key, Callable[[], float]]] = {OURS: {(OURS, ""): fit_clock(config, batches, steps)}}
    turns |= {name: {(name, ""): functools.partial(timed, step, steps)} for name, step in loops.items()}
    needed = {product for _, product, _ in products(config)}
    for product in sorted(needed | {(FORWARD, m, k, n) for _, m, k, n in needed}):  # also with no operand transposed
        for library, run in implementations(*product):
            turns.setdefault(library, {})[product, library] = functools.partial(timed, run, steps)
    return turns


def random_images(spec: Spec, count: int) -> Examples:
    """Images of random bytes, always the same."""
    return Examples(generator(0, Stream.BENCHMARK).integers(0, 256, (count, *spec.shape), np.uint8))


def measure(turns: dict[str, dict[Key, Callable[[], float]]], rounds: int) -> dict[Key, list[float]]:
    """Seconds by what was timed, one a round. Round 0 compiles and is not counted."""
    seconds: dict[Key, list[float]] = {key: [] for turn in turns.values() for key in turn}
    for index in range(rounds + 1):
        print(f"round {index} of {rounds}", file=sys.stderr, flush=True)
        for turn in turns.values():
            time.sleep(PAUSE)
            for key, clock in turn.items():
                seconds[key].append(clock())
    return {key: values[1:] for key, values in seconds.items()}


def timed(run: Callable[[], Tensor], steps: int) -> float:
    """Seconds of a run: the mean of several after a first. Reading a number of the last result waits for all."""
    times = []
    for step in range(steps + 1):
        result = run()
        if step in (0, steps):
            float(result[(0,) * result.ndim])
            times.append(time.perf_counter())
    return (times[1] - times[0]) / steps


def fit_clock(config: Config, batches: Callable[..., Minibatches], steps: int) -> Callable[[], float]:
    """A clock of (a): a fit that goes on where the last one ended, without its first step, which waits for data."""
    model = create(config, SPEC)
    compile_for_training(model, config, batches().steps, compilation.use_xla(config))
    starts, times = itertools.count(0, steps + 1), dict[int, float]()

    def note(batch: int, logs: Mapping[str, float]) -> None:
        if batch in (0, steps):
            float(logs["loss"])  # waits for the step
            times[batch] = time.perf_counter()

    def clock() -> float:
        callbacks = [keras.callbacks.LambdaCallback(on_train_batch_end=note)]
        feed = batches(next(starts)).feed()
        model.fit(feed, steps_per_epoch=steps + 1, shuffle=False, verbose=0, callbacks=callbacks)
        return (times[steps] - times[0]) / steps

    return clock


def players(config: Config) -> tuple[Method, list[list[keras.Variable]], list[DecayedAdam]]:
    """A fresh model, the weights of D and those of E and G, and an Adam for each."""
    model = create(config, SPEC)
    of_d, of_e, of_g = (model.networks[role].trainable_variables for role in ("discriminator", "encoder", "generator"))
    parts = [of_d, of_e + of_g]
    adams = [
        DecayedAdam(
            config.weight_decay,
            learning_rate=config.learning_rate,
            beta_1=config.beta_1,
            beta_2=config.beta_2,
            epsilon=config.epsilon,
        )
        for _ in parts
    ]
    for optimizer, part in zip(adams, parts, strict=True):
        optimizer.build(part)
    return model, parts, adams


def tensorflow_step(config: Config, ready: Iterator[list[Tensor]], jit_compile: bool) -> Callable[[], Tensor]:
    """(b), or (c) with `jit_compile`."""
    import tensorflow as tf

    model, (weights_d, weights_eg), (adam_d, adam_eg) = players(config)
    encoder, generator, discriminator = model.encoder, model.generator, model.discriminator

    @tf.function(jit_compile=jit_compile)
    def step(x: Tensor, z: Tensor) -> Tensor:
        x = model.scale(x)

        def logits() -> tuple[Tensor, Tensor]:
            encoded, generated = model.latent.squash(encoder(x, training=True)), generator(z, training=True)
            return discriminator([x, encoded], training=True), discriminator([generated, z], training=True)

        with tf.GradientTape() as tape_d:
            loss_d = objective.discriminator_loss(*logits())
        adam_d.apply(tape_d.gradient(loss_d, weights_d), weights_d)
        with tf.GradientTape() as tape_eg:
            real, generated = logits()
            loss_eg = 0.5 * (objective.encoder_loss(real) + objective.generator_loss(generated))
        adam_eg.apply(tape_eg.gradient(loss_eg, weights_eg), weights_eg)
        return loss_eg

    return lambda: step(*next(ready))


def jax_step(config: Config, ready: Iterator[list[Tensor]]) -> Callable[[], Tensor]:
    """(c) on JAX. E's and G's pass is written twice, and all gradients: XLA merges, and leaves out what is not used."""
    import jax

    model, parts, adams = players(config)
    x, z = keras.Input(SPEC.shape), keras.Input((config.latent_dim,))
    pairs = [[x, model.latent.squash(model.encoder(x))], [model.generator(z), z]]
    joint = keras.Model([x, z], [model.discriminator(pair) for pair in pairs])
    order = {id(variable): i for i, variable in enumerate(joint.trainable_variables)}
    indices = [[order[id(variable)] for variable in part] for part in parts]

    def loss(weights: list[Tensor], states: list[Tensor], x: Tensor, z: Tensor, of_d: bool) -> Tensor:
        (real, generated), states = joint.stateless_call(weights, states, [x, z], training=True)
        if of_d:
            return objective.discriminator_loss(real, generated), states
        return 0.5 * (objective.encoder_loss(real) + objective.generator_loss(generated)), states

    @functools.partial(jax.jit, donate_argnums=0)
    def step(state: Json, x: Tensor, z: Tensor) -> Tensor:
        weights, states, moments = state
        for k, index in enumerate(indices):
            (value, states), grads = jax.value_and_grad(loss, has_aux=True)(weights, states, model.scale(x), z, k == 0)
            grads, moving = [grads[i] for i in index], [weights[i] for i in index]
            moving, moments[k] = adams[k].stateless_apply(moments[k], grads, moving)
            moved = dict(zip(index, moving, strict=True))
            weights = [moved.get(i, weight) for i, weight in enumerate(weights)]
        return (weights, states, moments), value

    variables = joint.trainable_variables, joint.non_trainable_variables, [adam.variables for adam in adams]
    state = [jax.tree.map(lambda variable: variable.value, variables)]

    def run() -> Tensor:
        state[0], value = step(state[0], *next(ready))
        return value

    return run


def products(config: Config) -> Iterator[tuple[str, Product, int]]:
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
    for network, inputs, outputs, passes, gradients in layers:
        yield network, (FORWARD, batch, inputs, outputs), passes
        yield network, (WEIGHTS, inputs, batch, outputs), passes
        if gradients:
            yield network, (INPUTS, batch, outputs, inputs), gradients


def implementations(kind: str, m: int, k: int, n: int) -> Iterator[tuple[str, Callable[[], Tensor]]]:
    """Multiplications by name."""
    from keras import backend, ops

    library = importlib.import_module(backend.backend())
    if backend.backend() == "jax":
        compilers = {"jax": library.jit}
    else:
        compilers = {"tensorflow": library.function, "XLA": functools.partial(library.function, jit_compile=True)}

    def multiply(a: Tensor, b: Tensor) -> Tensor:
        return ops.matmul(ops.transpose(a) if kind == WEIGHTS else a, ops.transpose(b) if kind == INPUTS else b)

    a = generator(0, Stream.BENCHMARK).standard_normal((k, m) if kind == WEIGHTS else (m, k), np.float32)
    b = generator(1, Stream.BENCHMARK).standard_normal((n, k) if kind == INPUTS else (k, n), np.float32)
    operands = (a.T if kind == WEIGHTS else a, b.T if kind == INPUTS else b)
    yield "numpy", functools.partial(np.matmul, *operands, out=np.empty((m, n), np.float32))
    for name, compiler in compilers.items():
        yield name, functools.partial(compiler(multiply), ops.convert_to_tensor(a), ops.convert_to_tensor(b))


def summary(config: Config, seconds: dict[Key, list[float]], turn: int) -> dict[str, Json]:
    """The result, ready for JSON: tables as rows. The floor sums the fastest implementations' medians."""

    medians = {key: 1e3 * statistics.median(values) for key, values in seconds.items()}
    steps, floor = list[dict[str, Json]](), list[dict[str, Json]]()
    for network, product, times in products(config):
        ms, by = min((ms, by) for (what, by), ms in medians.items() if what in (product, (FORWARD, *product[1:])))
        row = {"network": network, **dict(zip(("product", "m", "k", "n"), product, strict=True)), "times": times}
        floor.append(row | {"GFLOP": round(2e-9 * prod(product[1:]) * times, 4), "ms": round(ms * times, 4), "by": by})
    totals = {name: ms for (name, by), ms in medians.items() if not by} | {FLOOR: sum(row["ms"] for row in floor)}
    for name, ms in totals.items():
        spread = [1e3 * second for second in seconds.get((name, ""), ())] or [ms]
        row = {"step": name, "ms": round(ms, 2), "least": round(min(spread), 2), "most": round(max(spread), 2)}
        steps.append(row | {"images/s": round(1e3 * config.batch_size / ms), "time / (a)": round(ms / totals[OURS], 2)})
    left_out = {"left out": f"{LOOP}: on JAX it would run op by op"} if LOOP not in totals else {}
    return (
        {
            **report.machine(),
            "rounds": len(next(iter(seconds.values()))),
            "steps a turn": turn,
            "preset": config.preset,
            "variant": config.variant,
            "batch": config.batch_size,
            "jit": config.jit,
            "(a) / (d)": round(totals[OURS] / totals[FLOOR], 2),
            "GFLOP": round(sum(row["GFLOP"] for row in floor), 3),
        }
        | left_out
        | {"times": steps, "products": floor}
    )
