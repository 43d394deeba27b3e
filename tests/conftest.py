"""Shared pieces: tiny configurations and data, and the test selection for the JAX backend."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

import pytest

from baselines import METHODS
from tests import stores, worker

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
    return worker.tiny_config()


@pytest.fixture
def data():
    """Labelled images in two classes, as keyword arguments of `bigan.train`."""
    return worker.tiny_data()


@pytest.fixture
def folder(tmp_path):
    """Colour images of several sizes in two classes, with a split to evaluate on."""
    stores.write_images(tmp_path / "images")
    return tmp_path / "images"


# On JAX, half of them: one with all three networks, one whose E learns beside a GAN, one without a discriminator.
@pytest.fixture(params=sorted(METHODS) if BACKEND == "tensorflow" else ["autoencoder_l1", "bigan", "latent_regressor"])
def method(request):
    """The importable name of each method."""
    return METHODS[request.param]
