"""Runs written by earlier versions still load, evaluate and resume, and give what they gave then.

`first` was made with format 1: two epochs of `tests.worker`'s tiny BiGAN, 6 units wide, d = 3. `mlp` and `conv` were
made by the last revision of format 1, stopped after the second of four epochs, together with their ends: the tiny BiGAN
again, and a joint latent regressor of the released variant with convolutions, on crops of `store`. If the format has to
change, raise `bigan.training.run_directory.FORMAT`, teach `RunDir` to read these runs all the same, and add another.
"""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import bigan
from bigan.training.run import Run
from bigan.training.run_directory import RunDir
from bigan.training.train import train
from tests.worker import tiny_data

GOLDEN = Path(__file__).parent / "golden"
RUNS = ["mlp", "conv"]


@pytest.mark.jax
def test_the_first_golden_run_loads_and_encodes_as_it_did():
    model = bigan.load(GOLDEN / "first")
    expected = np.load(GOLDEN / "first" / "expected.npz")
    images = tiny_data()["test_images"]
    np.testing.assert_allclose(model.encode(images), expected["encoded"], atol=1e-5)
    np.testing.assert_allclose(model.reconstruct(images, raw=False), expected["reconstructed"], atol=1e-5)


@pytest.mark.jax
@pytest.mark.parametrize("name", RUNS)
def test_a_golden_run_loads_and_gives_what_it_gave(name):
    model = bigan.load(GOLDEN / name / "run", "2")
    expected = np.load(GOLDEN / name / "expected.npz")
    images, z = expected["images"], expected["z"]
    np.testing.assert_allclose(model.encode(images), expected["encoded"], atol=1e-5)
    np.testing.assert_allclose(model.features(images, "hidden"), expected["hidden"], atol=1e-5)
    np.testing.assert_allclose(model.reconstruct(images, raw=False), expected["reconstructed"], atol=1e-5)
    np.testing.assert_allclose(model.generate(z, raw=False), expected["generated"], atol=1e-5)


@pytest.mark.jax
@pytest.mark.parametrize("name", RUNS)
def test_an_exported_encoder_of_then_gives_what_it_gave(name):
    expected = np.load(GOLDEN / name / "expected.npz")
    encoder = keras.models.load_model(GOLDEN / name / "encoder.keras")
    np.testing.assert_allclose(encoder.predict(expected["images"], verbose=0), expected["encoded"], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_a_golden_run_resumes_and_ends_as_it_did(name, tmp_path):
    """The same minibatches from the same state: rounding aside, which differs between processors."""
    shutil.copytree(GOLDEN / name / "run", tmp_path / "run")
    config = Run(RunDir(tmp_path / "run")).config
    data = tiny_data() if name == "mlp" else {}
    run = train(
        config.replace(data_dir="" if data else str(GOLDEN / "store")), tmp_path / "run", progress=False, **data
    )
    end = json.loads((GOLDEN / name / "end.json").read_text())
    assert run.data["fingerprint"] == end["fingerprint"] and run.results["complete"]
    assert [row["epoch"] for row in run.history] == [0, 1, 2, 3, 4]
    for row, then in zip(run.history, end["rows"], strict=True):
        for key in set(then) - {"seconds", "images_per_second"}:
            assert row[key] == pytest.approx(then[key], rel=0.02, abs=0.02), (row["epoch"], key)
    expected = np.load(GOLDEN / name / "expected.npz")
    np.testing.assert_allclose(run.model.encode(expected["images"]), expected["end_encoded"], atol=0.01)
    np.testing.assert_allclose(run.model.generate(expected["z"], raw=False), expected["end_generated"], atol=0.01)
