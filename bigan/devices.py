"""Chooses the device and the number of replicas, before Keras starts its backend."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import sys
from collections.abc import Iterator
from typing import Any

from bigan.config import Config
from bigan.errors import UserError

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # parameters of glibc's mallopt(3)
KEPT = 2**30  # bytes


def prepare(config: Config) -> None:
    """Starts Keras on the configured device: what must be set before the backend is imported is set here.

    Raises:
        UserError: if `KERAS_BACKEND` names a backend that is not supported or not installed, or cannot do what is
            configured.
    """
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if backend not in ("tensorflow", "jax"):
        raise UserError(f"KERAS_BACKEND must be tensorflow or jax. Received: {backend!r}")
    if backend == "tensorflow" and config.jit == "on" and config.replicas > 1:
        raise UserError(f"--jit=on: TensorFlow cannot force XLA on {config.replicas} replicas; pass --jit=auto")
    if "keras" in sys.modules:
        return
    if config.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        os.environ["JAX_PLATFORMS"] = "cpu"
    try:
        with silent_libraries():
            import keras  # noqa: F401
    except ImportError as error:
        raise UserError(f"KERAS_BACKEND={backend} cannot be imported: {error}") from error


def keep_freed_memory() -> None:
    """Lets glibc's malloc keep freed memory for the next step, instead of giving it back to the system at once.

    A step that XLA compiled for TensorFlow holds its results in one block of tens of megabytes. By default such a block
    is mapped anew at each step, and the system clears every page of it: on a CPU a third of the MNIST model's step.
    It holds for the rest of the process, which then keeps, apart from 1 GiB at most at the heap's end, what lies free
    between live blocks. Does nothing without glibc, or where the environment sets the same of malloc
    (MALLOC_MMAP_MAX_, MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_, or glibc.malloc in GLIBC_TUNABLES).
    """
    if platform.libc_ver()[0] != "glibc" or "glibc.malloc." in os.environ.get("GLIBC_TUNABLES", ""):
        return
    if not {"MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"} & os.environ.keys():
        libc = ctypes.CDLL(None)
        # A higher threshold for mappings would not do: threads' own heaps are too small for such blocks and map them.
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT)


@contextlib.contextmanager
def silent_libraries() -> Iterator[None]:
    """Drops what C++ libraries print on standard error while they start, and asks TensorFlow to say less from then on.

    Python's exceptions are not concerned.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    try:
        saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:
        yield
        return
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        with contextlib.suppress(TypeError, OSError):  # no such handle on Windows
            ctypes.CDLL(None).fflush(None)  # what C holds back would come out after the end of the silence
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


def strategy(config: Config) -> contextlib.AbstractContextManager[Any]:
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
        raise UserError("--device=gpu: TensorFlow sees no GPU here; pass --device=cpu, or install the extra 'gpu'")
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
        raise UserError(f"--replicas: there are {len(names)} devices. Received: {config.replicas}")
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
        raise UserError("--device=gpu: JAX sees no GPU here; pass --device=cpu, or install the extra 'jax'")
    if config.replicas == 1:
        yield
        return
    if len(devices) < config.replicas:
        hint = "; --device=cpu makes as many of the CPU" if devices[0].platform == "cpu" else ""
        raise UserError(f"--replicas: there are {len(devices)} devices{hint}. Received: {config.replicas}")
    before = keras.distribution.distribution()
    names = [f"{d.platform}:{d.id}" for d in devices[: config.replicas]]
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=names, auto_shard_dataset=False))
    try:
        yield
    finally:
        keras.distribution.set_distribution(before)


def use_xla(config: Config, on_cpu: bool = True) -> bool:
    """Whether the training step is compiled by XLA: by the flag or, at `auto`, where it pays.

    It cannot be forced under a MirroredStrategy. With JAX everything is compiled, whatever is asked for.

    Args:
        config: jit, replicas and device are read.
        on_cpu: whether XLA pays on a CPU: for dense networks; not for convolutions, where TensorFlow's own kernels
            are several times as fast.
    """
    import keras

    if keras.backend.backend() == "jax":
        return True
    if config.replicas > 1 or config.jit != "auto":
        return config.replicas == 1 and config.jit == "on"
    return on_cpu or _has_gpu(config)


def _has_gpu(config: Config) -> bool:
    import tensorflow as tf

    return config.device != "cpu" and bool(tf.config.list_physical_devices("GPU"))
