"""Shared pieces: tiny configurations and data, and the test selection for the JAX backend."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import numpy as np
import pytest

from baselines import METHODS
from bigan.config import Config

BACKEND = os.environ["KERAS_BACKEND"]


def pytest_configure(config):
    config.addinivalue_line("markers", "jax: also runs with KERAS_BACKEND=jax")


def pytest_collection_modifyitems(items):
    if BACKEND != "tensorflow":
        for item in items:
            if "jax" not in item.keywords:
                item.add_marker(pytest.mark.skip(reason="runs on TensorFlow only"))


@pytest.fixture
def tiny():
    """A configuration that trains in a second or two."""
    return Config(
        width=16, latent_dim=4, epochs=4, batch_size=16, learning_rate=1e-3, final_learning_rate=1e-4, eval_every=2,
        save_every=1, statistics_batches=3, nearest_samples=64, logistic_examples=60, seed=3,
    )  # fmt: skip


@pytest.fixture
def data():
    """Labelled 6 x 6 images in two classes, as keyword arguments of `bigan.train`."""
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 2
    images = rng.integers(0, 100, (120, 6, 6, 1))
    images[labels == 1, :3] += 120
    return {
        "images": images[:90].astype(np.uint8), "labels": labels[:90],
        "test_images": images[90:].astype(np.uint8), "test_labels": labels[90:],
    }  # fmt: skip


@pytest.fixture(params=sorted(METHODS))
def method(request):
    """The importable name of each method."""
    return METHODS[request.param]
