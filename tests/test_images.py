"""Runs on natural images: stores, convolutions, an encoder at a higher resolution than G; all methods alike."""

import os
import shutil
import signal

import numpy as np
import pytest

from baselines import METHODS
from bigan import state
from bigan.config import Config
from bigan.data import origins
from bigan.data.packing import pack
from bigan.errors import UserError
from bigan.loop import Trainer
from bigan.rundir import read_arrays
from bigan.training import train


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """40 images of two kinds, 36 px and more, as a store."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("store")
    rng = np.random.default_rng(0)
    for split, count in (("train", 20), ("val", 8)):
        for label, name in enumerate(("dark", "light")):
            (folder / "images" / split / name).mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(100 * label, 100 * label + 100, (36, 36 + i % 5, 3), np.uint8)
                Image.fromarray(pixels).save(folder / "images" / split / name / f"{i:02}.png")
    origin = origins.open_origin("images", str(folder / "images"), [], slice(None), 0)
    pack(origin, folder / "packed", 36, False)
    return folder / "packed"


def tiny(store, **changes):
    return Config(
        networks="bigan.networks:DCGAN", dataset="store", data_dir=str(store), crop=32, flip=True, width=4,
        latent_dim=4, epochs=2, batch_size=10, eval_every=2, nearest_samples=20, logistic_examples=40, seed=1,
    ).replace(**changes)  # fmt: skip


@pytest.mark.parametrize(
    "method", [pytest.param(name, marks=pytest.mark.jax if name == "bigan" else ()) for name in sorted(METHODS)]
)
def test_every_method_trains_on_convolutions(tmp_path, store, method):
    run = train(tiny(store, method=METHODS[method]), tmp_path / "run", progress=False)
    assert run.results["complete"] and run.results["figures"]["knn_hidden"] > 60
    start, end = (read_arrays(run.directory.checkpoint(epoch)) for epoch in ("0", "2"))
    kernels = [name for name in start if name.endswith("kernel")]
    assert len(kernels) > 6 and all(not np.array_equal(start[name], end[name]) for name in kernels)
    assert run.results["protocol"]["evaluation_examples"] == 16
    model = run.model
    whole = run.split().train.images
    assert model.features(whole, "conv2").shape == (40, 8 * 8 * 8)
    assert np.array_equal(model.features(whole), model.features(np.asarray(whole)))


@pytest.mark.parametrize("method", ["bigan", "gan", "autoencoder_l1"])
def test_an_encoder_at_a_higher_resolution(tmp_path, store, method):
    run = train(tiny(store, method=METHODS[method], resolution=16), tmp_path / "run", progress=False)
    model, images = run.model, run.split().evaluation.images[:4]
    assert model.image_shape == (16, 16, 3)
    assert model.generate(np.zeros((2, 4))).shape == (2, 16, 16, 3)
    assert "regeneration" not in run.results["figures"]
    targets = model.targets(images, raw=True)
    assert targets.shape == (4, 16, 16, 3) and targets.dtype == np.uint8
    blocks = images.reshape(4, 16, 2, 16, 2, 3).mean(axis=(2, 4))  # a triangle is close to a box here
    assert np.abs(targets - blocks).mean() < 20
    if model.encoder is not None:
        assert model.encode(images).shape == (4, 4) and model.reconstruct(images).shape == (4, 16, 16, 3)
        with pytest.raises(UserError, match=r"E takes images of \(32, 32, 3\), and G makes images of \(16, 16, 3\)"):
            model.regenerate(np.zeros((1, 4)))


@pytest.mark.parametrize("method", ["latent_regressor", "joint_latent_regressor"])
def test_regressors_are_refused_where_they_cannot_encode_what_g_makes(tmp_path, store, method):
    with pytest.raises(UserError, match=r"here E takes \(32, 32, 3\) and G makes \(16, 16, 3\)"):
        train(tiny(store, method=METHODS[method], resolution=16), tmp_path / "run", progress=False)


def test_d_sees_the_same_crop_as_e(tmp_path, store):
    from bigan.imports import resolve
    from bigan.training import loading

    config = tiny(store, resolution=16)
    source = loading.load("store", str(store), crop=32)
    model = resolve(config.method, "build_networks").create(config, source.spec)
    seen = {}
    for role in ("encoder", "discriminator"):
        network = getattr(model, role)

        class Spy:
            def __init__(self, network, role):
                self.network, self.role = network, role

            def __call__(self, x, training=False):
                seen.setdefault(self.role, x)
                return self.network(x, training=training)

            def __getattr__(self, name):
                return getattr(self.network, name)

        setattr(model, role, network)
        object.__setattr__(model, role, Spy(network, role))
    images = source.train.images[:4]
    model({"x": images, "z": model.latent.draw(4, 0, 1)}, training=True)
    scaled = np.asarray(seen["encoder"])
    assert scaled.shape == (4, 32, 32, 3)
    np.testing.assert_allclose(np.asarray(seen["discriminator"][0]), np.asarray(model.reduce(scaled)), atol=1e-6)


def test_resumed_convolutions_go_on_from_the_same_state(tmp_path, store, monkeypatch):
    """What is restored is equal bit for bit; the next step to a twentieth of its length.

    TensorFlow's convolutions sum in no fixed order, and Adam makes whole steps of the smallest gradients. Another z, or
    moments that were lost, would make another step altogether.
    Ends of runs are not compared: adversarial training lets a difference in the last bit grow, resumed or not.
    """
    config = tiny(store, epochs=3)
    end_of_step, resume = Trainer.on_train_batch_end, Trainer.resume
    seen = {}

    def run(name, stop, workdir):
        def interrupt(self, batch, logs=None):
            seen[name, "end"] = state.training_state(self.method)
            if self._first_step + batch + 1 == stop:
                os.kill(os.getpid(), signal.SIGTERM)
            end_of_step(self, batch, logs)

        def restored(self):
            resume(self)
            seen[name, "start"] = state.training_state(self.method), self.position

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


def test_filters_neighbors_and_map(tmp_path, store):
    from PIL import Image

    from bigan import dumps

    run = train(tiny(store, epochs=1), tmp_path / "run", progress=False)
    model, split = run.model, run.split()
    request = dumps.Request(num=12, seed=3, layer="hidden", split=split)
    arrays = {name: dumps.KINDS[name].arrays(model, request) for name in ("filters", "neighbors", "map")}
    assert {role: k.shape for role, k in arrays["filters"].items()} == {
        "encoder": (4, 5, 5, 3), "generator": (4, 5, 5, 3), "discriminator": (4, 5, 5, 3),
    }  # fmt: skip
    kernel = np.asarray(model.generator.get_layer("output").kernel)
    np.testing.assert_array_equal(arrays["filters"]["generator"][2], kernel[:, :, :, 2])
    found = arrays["neighbors"]
    queries, gallery = model.features(found["queries"]), model.features(split.train.images)
    cosine = 1 - (queries @ gallery.T) / np.outer(np.linalg.norm(queries, axis=1), np.linalg.norm(gallery, axis=1))
    assert np.array_equal(found["index"], np.argsort(cosine, axis=1, kind="stable")[:, :6])
    assert np.array_equal(found["neighbors"][5, 0], split.train.images[found["index"][5, :1]][0])
    points = arrays["map"]["points"]
    assert points.shape == (12, 2) and points.min() == 0 and points.max() == 1
    for name, value in arrays.items():
        dumps.KINDS[name].write(tmp_path / f"{name}.png", value)
        assert np.asarray(Image.open(tmp_path / f"{name}.png")).std() > 1
    with pytest.raises(UserError, match="a map needs 10 images at least. Received: 5"):
        dumps.KINDS["map"].arrays(model, dumps.Request(5, 0, "hidden", split))


def test_several_steps_at_once_change_nothing(tmp_path, store):
    """On dense networks, whose steps repeat bit for bit."""
    ends = []
    for dispatch in (1, 3):  # 4 steps an epoch: 3 does not divide them, 2 does
        config = tiny(store, networks="bigan.networks:MLP", steps_per_dispatch=dispatch)
        run = train(config, tmp_path / str(dispatch), progress=False)
        ends.append(read_arrays(run.directory.checkpoint("2")))
        assert [row["epoch"] for row in run.history] == [0, 1, 2]
    for name in ends[0]:
        np.testing.assert_allclose(ends[0][name], ends[1][name], rtol=1e-4, atol=1e-6)
