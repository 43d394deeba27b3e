"""Probes on another data set than the one that an encoder was trained on: of any sizes, and never mixed up."""

import json

import numpy as np
import pytest
from PIL import Image

import transfer
from bigan.errors import UserError
from bigan.training.train import train
from tests.stores import natural_config
from transfer.classification.voc_classification import VocClassification
from transfer.encoders import TrainedRun
from transfer.voc_task import VocOptions

PROBES = {
    "knn": {},
    "linear": {},
    "low_shot": {"shots": (1, 2), "draws": 2},
    "frozen_layers": {"iterations": 2, "units": 4, "batch_size": 8},
}


def write_labelled(root, seed, splits=(("train", 12), ("val", 6))):
    """Dark and light images of several sizes, in class folders."""
    rng = np.random.default_rng(seed)
    for split, count in splits:
        for label, name in enumerate(("dark", "light")):
            (root / split / name).mkdir(parents=True)
            for i in range(count):
                size = (int(rng.integers(40, 60)), int(rng.integers(40, 60)), 3)
                pixels = rng.integers(110 * label, 110 * label + 140, size, np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{i}.png")


@pytest.fixture(scope="module")
def place(natural, tmp_path_factory):
    """A run on a store of 32-pixel crops."""
    config = natural_config(natural, epochs=1, eval_every=1, save_every=1)
    return train(config, tmp_path_factory.mktemp("run"), progress=False).directory.path


@pytest.mark.slow
@pytest.mark.parametrize("task", PROBES)
def test_every_probe_and_its_keys(place, natural, tmp_path, task):
    for k in range(2):
        write_labelled(tmp_path / str(k), k)
    options = PROBES[task] | {"layer": "conv2", "out": tmp_path / "out", "progress": False}

    def entries(**data):
        return transfer.run(place, task, **options, **data).entries

    def other(k, resize=36):
        return {"dataset": "images", "data_dir": str(tmp_path / str(k)), "resize": resize}

    own = entries()
    found = [entries(**other(0)), entries(**other(1)), entries(**other(0, 40))]
    known = json.loads((tmp_path / "out" / "results.json").read_text())["entries"]
    assert len(known) == 4 and len({json.dumps(entry["key"], sort_keys=True) for entry in known}) == 4
    for (entry,) in found:
        result = entry["result"]
        assert result["evaluation_examples"] == 12 and result.get("training_examples", 24) == 24
        assert entry["key"]["evaluation"] == "test set, 12 examples"
    assert own[0]["result"]["evaluation_examples"] == 16
    assert entries(**other(0)) == found[0] and entries() == own  # each is found again, and none for another


@pytest.mark.slow
def test_what_does_not_fit_is_refused(place, tmp_path):
    write_labelled(tmp_path / "a", 0, [("train", 8)])
    folder = str(tmp_path / "a")

    def run(**data):
        return transfer.run(place, "knn", out=tmp_path / "out", progress=False, **data)

    with pytest.raises(UserError, match="all images must have the same size"):
        run(dataset="images", data_dir=folder)
    for path in (tmp_path / "a").rglob("*.png"):
        Image.new("RGB", (44, 44)).save(path)
    with pytest.raises(
        UserError, match=r"Received: \(44, 44, 3\) uint8; `resize` makes images of any sizes fit|`crop`"
    ):
        run(dataset="digits")
    with pytest.raises(UserError, match="`crop` must be at most the images' shorter edge, 30. Received: 32"):
        run(dataset="images", data_dir=folder, resize=30)
    with pytest.raises(UserError, match="`resize` is for another `dataset` than the run's"):
        run(resize=36)
    flat = str(tmp_path / "a" / "train" / "dark")
    with pytest.raises(UserError, match="`task=knn` needs labels, and this dataset has none"):
        run(dataset="images", data_dir=flat, resize=36)
    assert not (tmp_path / "out").exists()
    with pytest.raises(UserError, match="`resize` is not for `task=voc_classification`"):
        VocClassification(VocOptions()).check_data(TrainedRun(place, dataset="voc", data_dir=folder, resize=36))


@pytest.mark.slow
def test_a_network_of_the_users_own(place, tmp_path):
    write_labelled(tmp_path / "a", 0)
    TrainedRun(place).method.export_encoder(tmp_path / "mine.keras")
    data = {"dataset": "images", "data_dir": str(tmp_path / "a"), "resize": 36}
    results = transfer.run(tmp_path / "mine.keras", "knn", "output", tmp_path / "out", progress=False, **data)
    assert results.entries[0]["result"]["evaluation"] == "test set, 12 examples"
