"""The backends: the one that was asked for, and both agree."""

import functools
import os
import signal

import keras
import numpy as np
import pytest

from bigan.config import Config
from bigan.runtime import backend
from tests.processes import run_worker
from tests.worker import METHOD_NAMES, STEPPED


@pytest.fixture(scope="module")
def first_steps(tmp_path_factory):
    """What `worker.first_gradients_and_losses` measured on each backend: arrays by 'method/name'."""
    folder = tmp_path_factory.mktemp("first_steps")
    for name in ("tensorflow", "jax"):
        run_worker(
            "first_gradients_and_losses",
            folder / f"{name}.npz",
            *METHOD_NAMES,
            "switched",
            "recipe",
            "moved",
            KERAS_BACKEND=name,
        )
    return [np.load(folder / f"{name}.npz") for name in ("tensorflow", "jax")]


@pytest.mark.slow
@pytest.mark.xdist_group("first_steps")
@pytest.mark.parametrize("method", [*METHOD_NAMES, "switched", "recipe", "moved"])
def test_tensorflow_and_jax_agree(first_steps, method):
    one, two = ({n: arrays[n] for n in arrays.files if n.startswith(f"{method}/")} for arrays in first_steps)
    assert one.keys() == two.keys() and len(one) > 5
    losses = [arrays.pop(f"{method}/losses", None) for arrays in (one, two)]
    tolerance = 2e-4 if method == "moved" else 2e-5  # the direction of the move is a small gradient, scaled up
    for name in one:
        assert np.linalg.norm(one[name] - two[name]) <= tolerance * np.linalg.norm(one[name]) > 0, name
    if method in STEPPED:
        assert losses[0].shape == (50,) and losses[0][-1] != losses[0][0]
        np.testing.assert_allclose(*losses, rtol=1e-3)


@pytest.mark.parametrize(
    "name, given, kernels", [("tensorflow", None, "1"), ("tensorflow", "0", "0"), ("jax", None, None)]
)
def test_tensorflow_keeps_freed_memory_and_has_onednns_kernels(monkeypatch, name, given, kernels):
    called = []
    monkeypatch.setattr(backend.memory, "keep_freed", lambda: called.append(name))
    monkeypatch.setenv("KERAS_BACKEND", name)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", given or "")
    if given is None:
        monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    backend.prepare(Config())
    assert called == ["tensorflow"] * (name == "tensorflow")
    assert os.environ.get("TF_ENABLE_ONEDNN_OPTS") == kernels


@pytest.mark.jax
def test_backend_is_the_one_asked_for():
    assert keras.backend.backend() == os.environ["KERAS_BACKEND"]


def test_signals_wait_until_an_import_is_over(request):
    request.addfinalizer(functools.partial(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT)))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what a shell runs in the background
    seen = []
    with pytest.raises(KeyboardInterrupt), backend.uninterrupted():
        signal.raise_signal(signal.SIGINT)
        seen.append("went on")
    assert seen == ["went on"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler
