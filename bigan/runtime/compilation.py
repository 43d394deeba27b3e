"""When and how the backend compiles, functions of tensors and the training step, and in whose kernels they run."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from pathlib import Path

import keras

from bigan.config import Config

BFLOAT16 = {"avx512_bf16", "amx_bf16", "bf16"}  # x86's and ARM's names of instructions that multiply such numbers


def compiled(function: Callable) -> Callable:
    """`function` of tensors, compiled by the backend in use. State must come in as arguments."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # Each network gets a program of its own, which TensorFlow mistakes for one program traced again and again.
        logging.getLogger("tensorflow").addFilter(_not_retracing)
        return tf.function(function, autograph=False)
    return function


def _not_retracing(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in str(record.msg)


def use_xla(config: Config, on_cpu: bool = True) -> bool:
    """Whether the training step is compiled by XLA: by the flag or, at `auto`, where it pays.

    It cannot be forced under a MirroredStrategy. With JAX everything is compiled, whatever is asked for.

    Args:
        config: jit, replicas, device and precision are read.
        on_cpu: whether XLA pays on a CPU: for dense networks; not for convolutions, where TensorFlow's own kernels
            are several times as fast, nor in bfloat16, whose products it does in float32.
    """
    if keras.backend.backend() == "jax":
        return True
    if config.replicas > 1 or config.jit != "auto":
        return config.replicas == 1 and config.jit == "on"
    return (on_cpu and config.precision == "float32") or _has_gpu(config)


def slower(config: Config, processor: Path = Path("/proc/cpuinfo")) -> str:
    """A line for the user if training on this processor is slower with the precision asked for; empty if not.

    Args:
        config: precision and device are read.
        processor: where Linux says what the processor can do; what is not there is not known, and not told.
    """
    if config.precision != "bfloat16" or not processor.is_file() or _on_accelerator(config):
        return ""
    if BFLOAT16 & set(processor.read_text().split()):
        return ""
    return "precision=bfloat16: this processor has no products of bfloat16 numbers; float32 is faster on it"


@functools.cache
def on_tensorflows_cpu() -> bool:
    """Whether networks run in TensorFlow's kernels for a CPU."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.get_visible_devices("GPU")


def _on_accelerator(config: Config) -> bool:
    if keras.backend.backend() == "tensorflow":
        return _has_gpu(config)
    import jax

    return bool(jax.default_backend() != "cpu")


def _has_gpu(config: Config) -> bool:
    import tensorflow as tf

    return config.device != "cpu" and bool(tf.config.list_physical_devices("GPU"))
