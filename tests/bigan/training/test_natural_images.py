"""Runs on natural images: stores, convolutions, an encoder at a higher resolution than G; all methods alike."""

import os
import shutil
import signal

import numpy as np
import pytest

from bigan.errors import UserError
from bigan.training import checkpoint
from bigan.training.run_directory import read_arrays
from bigan.training.train import train
from bigan.training.trainer import Trainer
from tests.stores import natural_config

pytestmark = pytest.mark.slow


# One with all three networks and one with views too, one without E in its adversary, one without a discriminator.
@pytest.mark.parametrize(
    "method",
    ["autoencoder_l1", pytest.param("bigan", marks=pytest.mark.jax), "bigan_views", "joint_latent_regressor"],
)
def test_methods_train_on_convolutions(tmp_path, natural, method):
    run = train(
        natural_config(natural, method=method, view_crop=0.5, view_colour=0.3), tmp_path / "run", progress=False
    )
    assert run.results["complete"] and run.results["figures"]["knn_hidden"] > 60
    start, end = (read_arrays(run.directory.checkpoint(epoch)) for epoch in ("0", "2"))
    kernels = [name for name in start if name.endswith("kernel")]
    assert len(kernels) >= 4 and all(not np.array_equal(start[name], end[name]) for name in kernels)
    assert run.results["protocol"]["evaluation_examples"] == 16
    model = run.model
    whole = run.split().train.images
    assert model.features(whole, "conv2").shape == (40, 8 * 8 * 8)
    assert np.array_equal(model.features(whole), model.features(np.asarray(whole)))


@pytest.mark.parametrize("method", ["bigan", "gan", "autoencoder_l1"])
def test_an_encoder_at_a_higher_resolution(tmp_path, natural, method):
    run = train(natural_config(natural, method=method, resolution=16), tmp_path / "run", progress=False)
    model, images = run.model, run.split().evaluation.images[:4]
    assert model.image_shape == (16, 16, 3)
    assert model.generate(np.zeros((2, 4))).shape == (2, 16, 16, 3)
    assert "regeneration" not in run.results["figures"]
    targets = model.targets(images, raw=True)
    assert targets.shape == (4, 16, 16, 3) and targets.dtype == np.uint8
    blocks = images.reshape(4, 16, 2, 16, 2, 3).mean(axis=(2, 4))  # a triangle is close to a box here
    assert np.abs(targets - blocks).mean() < 20
    if model.has("encoder"):
        assert model.encode(images).shape == (4, 4) and model.reconstruct(images).shape == (4, 16, 16, 3)
        with pytest.raises(UserError, match=r"E takes images of \(32, 32, 3\), and G makes images of \(16, 16, 3\)"):
            model.regenerate(np.zeros((1, 4)))


@pytest.mark.parametrize("method", ["latent_regressor", "joint_latent_regressor"])
def test_regressors_are_refused_where_they_cannot_encode_what_g_makes(tmp_path, natural, method):
    with pytest.raises(UserError, match=r"here E takes \(32, 32, 3\) and G makes \(16, 16, 3\)"):
        train(natural_config(natural, method=method, resolution=16), tmp_path / "run", progress=False)


def test_resumed_convolutions_go_on_from_the_same_state(tmp_path, natural, monkeypatch):
    """What is restored is equal bit for bit; the next step to a twentieth of its length.

    TensorFlow's convolutions sum in no fixed order, and Adam makes whole steps of the smallest gradients. Another z, or
    moments that were lost, would make another step altogether.
    Ends of runs are not compared: adversarial training lets a difference in the last bit grow, resumed or not.
    """
    config = natural_config(natural, epochs=3)
    end_of_step, resume = Trainer.on_train_batch_end, Trainer.resume
    seen = {}

    def run(name, stop, workdir):
        def interrupt(self, batch, logs=None):
            seen[name, "end"] = checkpoint.training_state(self.method)
            if self._first_step + batch + 1 == stop:
                os.kill(os.getpid(), signal.SIGTERM)
            end_of_step(self, batch, logs)

        def restored(self):
            resume(self)
            seen[name, "start"] = checkpoint.training_state(self.method), self.position

        monkeypatch.setattr(Trainer, "on_train_batch_end", interrupt)
        monkeypatch.setattr(Trainer, "resume", restored)
        with pytest.raises(KeyboardInterrupt):
            train(config, workdir, progress=False)

    run("before", 2, tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    run("one", 3, tmp_path / "one")
    run("two", 3, tmp_path / "two")
    start, one, two = (seen[name, "end"] for name in ("before", "one", "two"))
    for restored, position in (seen["one", "start"], seen["two", "start"]):
        assert position == 2
        for name in start:
            np.testing.assert_array_equal(restored[name], start[name], err_msg=name)
    for name in start:
        step = np.linalg.norm(one[name] - start[name])
        assert np.linalg.norm(one[name] - two[name]) <= 0.05 * step, name
    monkeypatch.undo()
    finished = train(config, tmp_path / "one", progress=False).directory.read_metrics()
    assert [row["epoch"] for row in finished] == [0, 1, 2, 3]


def test_several_steps_at_once_change_nothing(tmp_path, natural):
    """On dense networks, whose steps repeat bit for bit."""
    ends = []
    for dispatch in (1, 3):  # 4 steps an epoch: 3 does not divide them, 2 does
        config = natural_config(natural, networks="mlp", steps_per_dispatch=dispatch)
        run = train(config, tmp_path / str(dispatch), progress=False)
        ends.append(read_arrays(run.directory.checkpoint("2")))
        assert [row["epoch"] for row in run.history] == [0, 1, 2]
    for name in ends[0]:
        np.testing.assert_allclose(ends[0][name], ends[1][name], rtol=1e-4, atol=1e-6)
