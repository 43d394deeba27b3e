"""Starts Keras on the configured backend and device, in silence."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator

from bigan.config import Config
from bigan.errors import UserError
from bigan.runtime import memory


def prepare(config: Config) -> None:
    """Starts Keras on the configured device: what must be set before the backend is imported is set here.

    With TensorFlow, malloc then keeps freed memory for the rest of the process (`memory.keep_freed`), and oneDNN's
    kernels are used on any processor, unless `TF_ENABLE_ONEDNN_OPTS` says otherwise: without AVX-512 TensorFlow leaves
    them out, and its own take half as long again for convolutions.

    Raises:
        UserError: if `KERAS_BACKEND` names a backend that is not supported or not installed, or cannot do what is
            configured.
    """
    backend = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if backend not in ("tensorflow", "jax"):
        raise UserError(f"KERAS_BACKEND must be tensorflow or jax. Received: {backend!r}")
    if backend == "tensorflow" and config.jit == "on" and config.replicas > 1:
        raise UserError(f"`jit=on`: TensorFlow cannot force XLA on {config.replicas} replicas; pass `jit=auto`")
    if backend == "tensorflow":
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
        memory.keep_freed()
    if "keras" in sys.modules:
        return
    choose(config.device)
    try:
        with silent_libraries(), uninterrupted():
            import keras  # noqa: F401
    except ImportError as error:
        raise UserError(f"KERAS_BACKEND={backend} cannot be imported: {error}") from error


def choose(device: str) -> None:
    """Lets backends that are not started yet see the CPU alone, if `device` is 'cpu'."""
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        os.environ["JAX_PLATFORMS"] = "cpu"


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Puts off Ctrl-C and SIGTERM until libraries are imported: raised inside an import, they are lost, or crash it."""
    came: list[int] = []
    saved = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) != signal.SIG_IGN:
                saved[number] = signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in saved.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])


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
