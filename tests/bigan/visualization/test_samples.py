"""Samples, reconstructions and interpolations as streams of batches."""

import numpy as np
import pytest

from bigan.config import Config
from bigan.data.dataset import Examples
from bigan.data.spec import Spec
from bigan.models.method import create
from bigan.runtime import files
from bigan.streams import Stream
from bigan.visualization import samples

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 1), np.uint8)


@pytest.fixture(scope="module")
def model():
    return create(Config(width=8, latent_dim=3, init_stddev=0.5), Spec((4, 4, 1)))


def test_samples_are_written_batch_by_batch(model, monkeypatch, tmp_path):
    monkeypatch.setattr(samples, "BLOCK", 6)
    streams = samples.sample_streams(model, 20, 5)
    assert [(name, rows) for name, rows, _ in streams] == [("z", 20), ("images", 20)]
    assert [len(batch) for batch in streams[0][2]] == [6, 6, 6, 2]
    files.write_batches(tmp_path / "samples.npz", samples.sample_streams(model, 20, 5))
    written, whole = np.load(tmp_path / "samples.npz"), samples.samples(model, 20, 5)
    assert written.files == ["z", "images"] == list(whole)
    for name in whole:
        assert np.array_equal(written[name], whole[name]) and written[name].dtype == whole[name].dtype
    assert np.array_equal(whole["z"][:6], model.latent.draw(6, 5, Stream.PICTURES, 0))
    assert np.array_equal(whole["z"][18:], model.latent.draw(2, 5, Stream.PICTURES, 3))
    assert np.array_equal(whole["images"], model.generate(whole["z"]))
    monkeypatch.undo()
    one_block = samples.samples(model, 20, 5)
    assert np.array_equal(one_block["z"][:6], whole["z"][:6]) and one_block["z"].shape == (20, 3)


@pytest.mark.parametrize("make", [samples.reconstruction_streams, samples.interpolation_streams])
def test_batches_are_those_of_one_block(model, monkeypatch, tmp_path, make):
    expected = samples.gathered(make(model, IMAGES))
    monkeypatch.setattr(samples, "BLOCK", 2 * samples.STEPS)
    streams = make(model, IMAGES)
    files.write_batches(tmp_path / "arrays.npz", streams)
    written = np.load(tmp_path / "arrays.npz")
    assert written.files == list(expected)
    for name, rows, _ in streams:
        assert len(written[name]) == rows
        np.testing.assert_allclose(written[name].astype(float), expected[name], atol=1e-6 if name != "images" else 1)
    assert np.array_equal(written["images"], expected["images"]) or make is samples.interpolation_streams


def test_reconstructions_and_interpolations(model):
    pairs = samples.reconstructions(model, IMAGES)
    assert np.array_equal(pairs["images"], IMAGES) and np.array_equal(pairs["encoded"], model.encode(IMAGES))
    assert np.array_equal(pairs["reconstructions"], model.generate(pairs["encoded"]))
    lines = samples.gathered(samples.interpolation_streams(model, IMAGES))
    z = lines["z"].reshape(10, samples.STEPS, 3)
    np.testing.assert_allclose(z[:, 0], pairs["encoded"][0::2], atol=1e-6)
    np.testing.assert_allclose(z[:, -1], pairs["encoded"][1::2], atol=1e-6)
    np.testing.assert_allclose(z[:, 5], (z[:, 0] + z[:, -1]) / 2, atol=1e-6)


def test_images_that_are_shown_depend_on_the_seed_alone():
    examples = Examples(IMAGES)
    shown = samples.chosen(examples, 8, 3)
    assert shown.shape == (8, 4, 4, 1) and np.array_equal(shown, samples.chosen(examples, 8, 3))
    assert not np.array_equal(shown, samples.chosen(examples, 8, 4))
    assert len({image.tobytes() for image in samples.chosen(examples, 30, 3)}) == 20  # each once
