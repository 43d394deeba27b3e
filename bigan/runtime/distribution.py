"""The devices that a run is trained on, and which part of a minibatch each one sees."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bigan.config import Config
from bigan.errors import UserError
from bigan.runtime import cluster, processes
from bigan.types import Tensor

WATCH = 600  # seconds: long, see `_jax`


def strategy(config: Config) -> contextlib.AbstractContextManager[None]:
    """A context in which to build and train the model on the configured device and replicas.

    With TensorFlow and several replicas that is a MirroredStrategy; with JAX, data parallelism over devices, which may
    belong to several processes, `replicas` to each. On a CPU, logical devices stand in for several.

    Raises:
        UserError: if there is no such device, or fewer than `replicas`.
    """
    import keras

    if keras.backend.backend() == "jax":
        return _jax(config)
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if config.device == "gpu" and not gpus:
        raise UserError("`device=gpu`: TensorFlow sees no GPU here; pass `device=cpu`, or install the extra 'gpu'")
    if config.replicas == 1:
        return contextlib.nullcontext()
    if gpus and config.device != "cpu":
        names = [f"GPU:{i}" for i in range(len(gpus))]
    else:
        with contextlib.suppress(RuntimeError):  # already started: what logical devices there are must do
            cpu = tf.config.list_physical_devices("CPU")[0]
            tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * config.replicas)
        names = [f"CPU:{i}" for i in range(len(tf.config.list_logical_devices("CPU")))]
    if len(names) < config.replicas:
        raise UserError(f"`replicas`: there are {len(names)} devices. Received: {config.replicas}")
    return _mirrored(*names[: config.replicas]).scope()


@functools.cache
def _mirrored(*names: str) -> Any:
    """One for all runs of this process: two on the same devices number what they gather alike, and TensorFlow stops."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(names)


@contextlib.contextmanager
def _jax(config: Config) -> Iterator[None]:
    import jax
    import keras

    with contextlib.suppress(RuntimeError):  # already started
        if config.replicas > 1 and config.device == "cpu":
            jax.config.update("jax_num_cpu_devices", config.replicas)
    if processes.count() > 1 and not jax.distributed.is_initialized():
        port = processes.gather(cluster.free_port())[0]
        # The guards watch over the processes; JAX's own watch, which aborts them, must not come first.
        jax.distributed.initialize(
            f"{processes.host()}:{port}",
            processes.count(),
            processes.index(),
            heartbeat_timeout_seconds=WATCH,
            initialization_timeout=WATCH,
        )
    devices = jax.local_devices()
    if config.device == "gpu" and devices[0].platform == "cpu":
        raise UserError("`device=gpu`: JAX sees no GPU here; pass `device=cpu`, or install the extra 'jax'")
    if config.replicas == processes.count() == 1:
        yield
        return
    if len(devices) < config.replicas:
        hint = "; `device=cpu` makes as many of the CPU" if devices[0].platform == "cpu" else ""
        raise UserError(f"`replicas`: there are {len(devices)} devices{hint}. Received: {config.replicas}")
    before = keras.distribution.distribution()
    everywhere = [jax.local_devices(process_index=i) for i in range(processes.count())]
    names = [f"{d.platform}:{d.id}" for there in everywhere for d in there[: config.replicas]]
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=names, auto_shard_dataset=False))
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """For what a process computes by itself: networks made meanwhile are its own, and concern no other process."""
    if processes.count() == 1:
        yield
        return
    import keras

    before = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)


def part(batch_size: int) -> slice:
    """The rows of each minibatch that this process trains on."""
    size = batch_size // processes.count()
    return slice(processes.index() * size, (processes.index() + 1) * size)


def check(config: Config) -> None:
    """Refuses minibatches that cannot be shared among the processes and their devices.

    Raises:
        UserError: naming `batch_size`.
    """
    devices = processes.count() * config.replicas
    if config.batch_size % devices:
        raise UserError(
            f"`batch_size` must be a multiple of {devices}, the devices of all processes. Received: {config.batch_size}"
        )


def local(value: Tensor) -> Tensor:
    """What a variable holds, on a device of this process: computing with it then concerns no other process."""
    if processes.count() > 1 and not getattr(value, "is_fully_addressable", True):
        return value.addressable_data(0)
    return value


def assign(variable: Any, value: ArrayLike) -> None:
    """Sets a Keras variable in this process alone, whatever the others do."""
    held = variable.value
    if processes.count() > 1 and not getattr(held, "is_fully_addressable", True):
        import jax

        whole = np.asarray(value, held.dtype)
        variable.assign(jax.make_array_from_callback(held.shape, held.sharding, lambda index: whole[index]))
    else:
        variable.assign(value)


def shared(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Process 0's arrays, in every process, bit for bit.

    Args:
        arrays: of the same shapes and dtypes in all of them.
    """
    if processes.count() == 1:
        return arrays
    from jax.experimental import multihost_utils

    contiguous = [np.asarray(array, order="C") for array in arrays]
    sent = np.concatenate([array.reshape(-1).view(np.uint8) for array in contiguous])
    received = np.asarray(multihost_utils.broadcast_one_to_all(sent, processes.first()))
    ends = np.cumsum([array.nbytes for array in contiguous])[:-1]
    pieces = zip(np.split(received, ends), contiguous, strict=True)
    return [piece.copy().view(array.dtype).reshape(array.shape) for piece, array in pieces]


def gathered(tensor: Tensor) -> Tensor:
    """The rows of all replicas' tensors, `(replicas * batch, ...)`, inside a training step; gradients flow back.

    With JAX, and on one device, a step sees the whole minibatch already, other processes' parts of it included.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        context = tf.distribute.get_replica_context()
        if context is not None and context.num_replicas_in_sync > 1:
            return context.all_gather(tensor, axis=0)
    return tensor
