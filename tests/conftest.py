"""Shared pieces: tiny configurations and data, runs to look at, and which tests run when.

Markers: `jax` also runs with KERAS_BACKEND=jax; `slow` trains runs, starts processes or compiles large programs, and is
left out of `make check`.
"""

import contextlib
import functools
import gc
import os
from pathlib import Path
from types import SimpleNamespace

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as commands do (bigan.runtime.backend)
os.environ.setdefault("BIGAN_CACHE", str(Path(__file__).parent.parent / ".pytest_cache" / "bigan"))
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
# Without XLA, TensorFlow runs operations side by side and does not always add in the same order; one by one it does.
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
# Tests run side by side, a process for each core, and threads that wait for each other take a fifth of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
# What tests compile runs for seconds at most: XLA need not optimize it.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true --xla_cpu_use_fusion_emitters=false",
)
# Many tests train the same small networks: JAX compiles each once, for all processes.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parent.parent / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

import pytest

# None of these starts a backend: the process that hands out tests needs none.
from bigan.training.run import Run
from bigan.training.train import train
from tests import processes, stores, worker

BACKEND = os.environ["KERAS_BACKEND"]


def pytest_configure(config):
    config.addinivalue_line("markers", "jax: also runs with KERAS_BACKEND=jax")
    config.addinivalue_line("markers", "slow: trains runs, starts processes or compiles large programs")
    if processes.SERVER not in os.environ:
        server = contextlib.ExitStack()
        server.enter_context(processes.server())
        config.add_cleanup(server.close)


def pytest_collection_modifyitems(items):
    if BACKEND != "tensorflow":
        for item in items:
            if "jax" not in item.keywords:
                item.add_marker(pytest.mark.skip(reason="runs on TensorFlow only"))


def pytest_collection_finish():
    """What is imported by now stays, so full collections need not look at it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def small():
    """Runs in the tests' own processes are spared what takes half of their time and proves nothing.

    They pass at once no more examples than they have, and write an empty picture of their curves; runs that scripts
    make do as users' do.
    """
    if BACKEND == "tensorflow":
        processes.import_tensorflow()
    from bigan.models import forward
    from bigan.training import trainer

    empty = vars(trainer.plots) | {"write_curves": lambda path, rows, panels: path.write_bytes(b"")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "plots", SimpleNamespace(**empty))
        patch.setattr(forward, "BATCH", 50)
        yield


@pytest.fixture
def tiny():
    """A configuration that trains in a second or two."""
    return worker.tiny_config()


@pytest.fixture
def data():
    """Labelled images in two classes, as keyword arguments of `bigan.train`."""
    return worker.tiny_data()


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """`whole(method)`: an undisturbed run of the tiny configuration, shared by tests: to look at, not to change."""

    @functools.cache
    def finished(method: str) -> Run:
        config = worker.tiny_config(method=method)
        return train(config, tmp_path_factory.mktemp("whole"), progress=False, **worker.tiny_data())

    return lambda method="bigan": finished(method)


@pytest.fixture
def folder(tmp_path):
    """Colour images of several sizes in two classes, with a split to evaluate on."""
    stores.write_images(tmp_path / "images")
    return tmp_path / "images"


@pytest.fixture(scope="session")
def natural(tmp_path_factory):
    """A store of 40 images of two kinds to train on and 16 to evaluate on, 36 px and more; not to be changed."""
    return stores.write_natural(tmp_path_factory.mktemp("natural"))


# On JAX, half of them: one with all three networks, one whose E learns beside a GAN, one without a discriminator.
SOME = worker.METHOD_NAMES if BACKEND == "tensorflow" else ["autoencoder_l1", "bigan", "latent_regressor"]


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in SOME])
def method(request):
    """The name of each method."""
    return request.param
