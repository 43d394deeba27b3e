"""What can be dumped: pictures that fit into memory, and arrays of any number."""

import numpy as np
import pytest
from PIL import Image

from bigan.config import Config
from bigan.data.dataset import Examples
from bigan.data.spec import Spec
from bigan.data.splits import Split
from bigan.errors import UserError
from bigan.models.method import create
from bigan.runtime import memory
from bigan.visualization import dumps, samples

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 1), np.uint8)


@pytest.fixture(scope="module")
def model():
    return create(Config(width=8, latent_dim=3), Spec((4, 4, 1)))


@pytest.fixture
def split():
    return Split(Examples(IMAGES), Examples(IMAGES), "")


@pytest.mark.parametrize("name", ["samples", "reconstructions", "interpolations", "filters"])
def test_pictures_and_arrays(model, split, tmp_path, name):
    kind, request = dumps.KINDS[name], dumps.Request(4, 0, "hidden", split)
    kind.write(tmp_path / "a.png", model, request)
    kind.write(tmp_path / "a.npz", model, request)
    arrays, written = samples.gathered(kind.streams(model, request)), np.load(tmp_path / "a.npz")
    assert written.files == list(arrays) and all(np.array_equal(written[n], arrays[n]) for n in arrays)
    assert np.asarray(Image.open(tmp_path / "a.png")).std() > 0


def test_a_picture_that_would_not_fit_is_refused_before_anything_is_made(model, tmp_path, monkeypatch):
    monkeypatch.setattr(model, "generate", None)
    request = dumps.Request(10**10, 0, "hidden", None)
    with pytest.raises(UserError, match=r"a picture of 10,000,000,000 images would take 1,500.0 GB .*`format=npz`"):
        dumps.KINDS["samples"].write(tmp_path / "a.png", model, request)
    with pytest.raises(UserError, match="a picture of 110,000,000,000 images"):
        dumps.KINDS["interpolations"].check_picture(10**10, (4, 4, 1))
    assert not list(tmp_path.iterdir())


def test_images_that_are_not_there_or_would_not_fit_are_refused(split, monkeypatch):
    assert dumps.Request(5, 0, "hidden", split).images(2).shape == (10, 4, 4, 1)
    with pytest.raises(UserError, match="`num=11`: 22 images are needed, and there are 20"):
        dumps.Request(11, 0, "hidden", split).images(2)
    monkeypatch.setattr(memory, "available", lambda: 100)
    with pytest.raises(UserError, match="10 images would take .* GB of memory.*; pass a smaller `num`"):
        dumps.Request(10, 0, "hidden", split).images(1)
