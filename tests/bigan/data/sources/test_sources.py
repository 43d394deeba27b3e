"""The list of sources: names and places that are missing."""

import pytest

from bigan.data import sources
from bigan.errors import UserError
from bigan.registry import SOURCES


def test_missing_places(tmp_path):
    for dataset in ("idx", "images", "vectors", "store"):
        with pytest.raises(UserError, match=f"`dataset={dataset}` needs `data_dir`"):
            sources.load(dataset)
        with pytest.raises(UserError, match="`data_dir`"):
            sources.load(dataset, str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="has no train-images-idx3-ubyte"):
        sources.load("idx", str(tmp_path))
    with pytest.raises(UserError, match="`dataset` must be one of digits, idx, tfds, .*Received: 'mnits'"):
        sources.load("mnits")


def test_what_follows_the_colon():
    with pytest.raises(UserError, match="`dataset` must be tfds:NAME. Received: 'tfds'"):
        sources.load("tfds")
    with pytest.raises(UserError, match="`dataset` must be digits. Received: 'digits:8'"):
        sources.load("digits:8")


def test_scaling_is_for_vectors():
    with pytest.raises(UserError, match="`scaling` is for datasets of vectors, not for digits"):
        sources.load("digits", scaling="0,1")
    assert sources.takes_scaling("vectors") and not sources.takes_scaling("tfds:mnist")


def test_a_source_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "her_source.py").write_text(
        "import numpy as np\n"
        "from bigan.data.dataset import Dataset, Examples\n"
        "from bigan.data.sources import Source\n"
        "from bigan.data.spec import Spec\n"
        "class Zeros(Source):\n"
        "    def load(self):\n"
        "        return Dataset('zeros', Examples(np.zeros((9, 5, 5, 1), np.uint8)), None, Spec((5, 5, 1)))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    loaded = sources.load("her_source:Zeros", crop=3)
    assert loaded.name == "zeros" and loaded.spec.shape == (3, 3, 1) and loaded.train.images.shape == (9, 3, 3, 1)


def test_a_source_that_is_called_as_its_module_is(tmp_path, monkeypatch):
    (tmp_path / "noise.py").write_text(
        "from bigan.data.sources import Source\nclass Noise(Source):\n    def load(self): return None\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(SOURCES, "_known", dict(SOURCES._known))
    SOURCES.add("noise", "noise:Noise")
    for name in ("noise", "noise:Noise"):
        with pytest.raises(UserError, match=r"its load\(\) must return a Dataset. Received: NoneType"):
            sources.load(name)
    with pytest.raises(UserError, match="`dataset` must be noise. Received: 'noise:loud'"):
        sources.load("noise:loud")
