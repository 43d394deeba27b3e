"""The devices that a run is trained on, and which part of a minibatch each one sees."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bigan.config import Config
from bigan.errors import UserError
from bigan.types import Tensor


def strategy(config: Config) -> contextlib.AbstractContextManager[None]:
    """A context in which to build and train the model on the configured device and replicas.

    With TensorFlow and several replicas that is a MirroredStrategy; with JAX, data parallelism over devices. On a CPU,
    logical devices stand in for several.

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
    return tf.distribute.MirroredStrategy(names[: config.replicas]).scope()


@contextlib.contextmanager
def _jax(config: Config) -> Iterator[None]:
    import jax
    import keras

    with contextlib.suppress(RuntimeError):  # already started
        if config.replicas > 1 and config.device == "cpu":
            jax.config.update("jax_num_cpu_devices", config.replicas)
    devices = jax.devices()
    if config.device == "gpu" and devices[0].platform == "cpu":
        raise UserError("`device=gpu`: JAX sees no GPU here; pass `device=cpu`, or install the extra 'jax'")
    if config.replicas == 1:
        yield
        return
    if len(devices) < config.replicas:
        hint = "; `device=cpu` makes as many of the CPU" if devices[0].platform == "cpu" else ""
        raise UserError(f"`replicas`: there are {len(devices)} devices{hint}. Received: {config.replicas}")
    before = keras.distribution.distribution()
    names = [f"{d.platform}:{d.id}" for d in devices[: config.replicas]]
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=names, auto_shard_dataset=False))
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)


def gathered(tensor: Tensor) -> Tensor:
    """The rows of all replicas' tensors, `(replicas * batch, ...)`, inside a training step; gradients flow back.

    With JAX, and on one device, a step sees the whole minibatch already.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        context = tf.distribute.get_replica_context()
        if context is not None and context.num_replicas_in_sync > 1:
            return context.all_gather(tensor, axis=0)
    return tensor
