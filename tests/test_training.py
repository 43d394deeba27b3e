"""A run from its first evaluation to its last picture; resuming, stopping. All methods alike."""

import json
import os
import signal

import keras
import numpy as np
import pytest

import bigan
from bigan.errors import UserError
from bigan.interruption import Terminated
from bigan.loop import TIMING, Trainer
from bigan.rundir import RunDir, read_arrays
from bigan.training import train


def same_run(a, b):
    """Weights, optimizer, metrics and figures are bit for bit the same, timing aside."""
    one, two = (read_arrays(RunDir(path).snapshot) for path in (a, b))
    notes = [json.loads(str(arrays.pop("notes"))) for arrays in (one, two)]
    for note in notes:
        del note["seconds"]
        note["rows"] = [{k: v for k, v in row.items() if k not in TIMING} for row in note["rows"]]
    assert notes[0] == notes[1]
    assert one.keys() == two.keys()
    for name in one:
        assert np.array_equal(one[name], two[name]), name
    tables = [[{k: v for k, v in row.items() if k not in TIMING} for row in RunDir(p).read_metrics()] for p in (a, b)]
    assert tables[0] == tables[1]
    assert RunDir(a).results()["figures"] == RunDir(b).results()["figures"]


@pytest.mark.jax
def test_a_run_leaves_everything_and_loads(whole, data, method):
    run = whole(method)
    model = run.model
    assert [row["epoch"] for row in run.history] == [0, 1, 2, 3, 4]
    figures, untrained = run.results["figures"], run.results["untrained"]
    assert run.results["complete"] and set(figures) == set(untrained) and run.results["raw"]["knn_hidden"] == 100
    expected = {"knn_hidden", "logistic_hidden"}
    if model.encoder is not None:
        expected |= {"knn_output", "reconstruction", "reconstruction_shuffled"}
        if model.samples_prior:
            expected |= {"regeneration", "regeneration_shuffled"}
    if model.samples_prior:
        expected |= {"nearest_sample", "sample_classes", "sample_confidence"}
    assert set(figures) == expected
    assert set(model.logged) <= set(run.history[-1]) and run.history[-1]["learning_rate"] < 2e-4
    have = {str(p.relative_to(run.directory.path)) for p in run.directory.path.rglob("*.*")}
    assert {"config.json", "metrics.csv", "results.json", "curves.png", "snapshot/state.npz", "checkpoints/0.npz",
            "checkpoints/4.npz"} <= have  # fmt: skip
    assert ("samples/4.png" in have) == model.samples_prior
    assert ("reconstructions/4.png" in have) == (model.encoder is not None)
    assert any(name.startswith("tensorboard/events") for name in have)
    assert not [name for name in have if "aside" in name]

    # What is loaded is what was evaluated.
    path = run.directory.path
    assert np.array_equal(model.features(data["test_images"]), bigan.load(path).features(data["test_images"]))
    if model.encoder is not None:
        x, again = model.targets(data["test_images"]), model.reconstruct(data["test_images"], raw=False)
        assert np.linalg.norm((x - again).reshape(30, -1), axis=1).mean() == pytest.approx(figures["reconstruction"])
        z = model.encode(data["test_images"])
        assert z.shape == (30, 4) and np.abs(z).max() <= 1
        np.testing.assert_allclose(model.generate(z, raw=False), again, atol=1e-6)
    start = bigan.load(path, "0")
    assert not np.array_equal(start.features(data["test_images"]), model.features(data["test_images"]))


def test_a_complete_run_is_left_alone(whole, tiny, data, capsys):
    path = whole().directory.path
    before = {p: p.stat().st_mtime_ns for p in path.rglob("*.*") if p.name != ".lock"}
    train(tiny, path, **data)
    assert "complete (4 epochs); nothing to do" in capsys.readouterr().err
    assert before == {p: p.stat().st_mtime_ns for p in path.rglob("*.*") if p.name != ".lock"}


def test_same_seed_same_run(tmp_path, whole, tiny, data):
    train(tiny, tmp_path, progress=False, **data)
    same_run(whole().directory.path, tmp_path)


@pytest.mark.jax
def test_a_signal_saves_and_the_run_resumes_bit_for_bit(tmp_path, whole, tiny, data, method, monkeypatch):
    """Interrupted in the middle of an epoch, by SIGTERM or Ctrl-C, for every method."""
    number = signal.SIGINT if "auto" in method else signal.SIGTERM
    config = tiny.replace(method=method)
    batch_end = Trainer.on_train_batch_end

    def interrupting(self, batch, logs=None):
        if self.epoch == 2 and batch == 1:
            os.kill(os.getpid(), number)
        batch_end(self, batch, logs)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt) as raised:
        patch.setattr(Trainer, "on_train_batch_end", interrupting)
        train(config, tmp_path, progress=False, **data)
    assert (raised.type is Terminated) == (number == signal.SIGTERM)
    notes = json.loads(str(read_arrays(RunDir(tmp_path).snapshot)["notes"]))
    assert (notes["epoch"], notes["step"]) == (2, 2) and not RunDir(tmp_path).complete()
    train(config, tmp_path, progress=False, **data)
    same_run(whole(method).directory.path, tmp_path)


def test_ctrl_c_in_an_evaluation_or_at_an_epochs_end_loses_nothing(tmp_path, whole, tiny, data, monkeypatch):
    for number, (owner, name, epoch) in enumerate(
        [(Trainer, "_look", 0), (Trainer, "_look", 2), (Trainer, "on_train_batch_end", 3), (Trainer, "_results", 4)]
    ):
        original = getattr(owner, name)

        def interrupting(self, *arguments, original=original, epoch=epoch, **keywords):
            last = not arguments or arguments[0] == 4  # the last minibatch of an epoch
            if self.epoch == epoch and last:
                os.kill(os.getpid(), signal.SIGINT)
            return original(self, *arguments, **keywords)

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(owner, name, interrupting)
            train(tiny, tmp_path, progress=False, **data)
        assert not RunDir(tmp_path).complete(), number
    train(tiny, tmp_path, progress=False, **data)
    same_run(whole().directory.path, tmp_path)


def test_changed_epochs(tmp_path, tiny, data, monkeypatch):
    """In the constant half the length may change, and the run is then as if it had always been so; later not."""
    train(tiny.replace(epochs=6), tmp_path / "six", progress=False, **data)
    begin = Trainer.on_epoch_begin

    def stop_after(count):
        def stopping(self, epoch, logs=None):
            if epoch == count:
                raise KeyboardInterrupt
            begin(self, epoch, logs)

        return stopping

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "on_epoch_begin", stop_after(2))
        train(tiny, tmp_path / "four", progress=False, **data)
    with pytest.raises(UserError, match="--epochs: .* has done 2 of 4 epochs"):
        train(tiny.replace(epochs=3), tmp_path / "four", progress=False, **data)
    train(tiny.replace(epochs=6), tmp_path / "four", progress=False, **data)
    rows = [RunDir(tmp_path / n).read_metrics()[-1] for n in ("six", "four")]
    assert rows[0]["loss"] == rows[1]["loss"] and rows[0]["knn_output"] == rows[1]["knn_output"]
    with pytest.raises(UserError, match="--epochs"):
        train(tiny.replace(epochs=60), tmp_path / "four", progress=False, **data)


def test_without_labels(tmp_path, tiny, data, capsys):
    run = train(tiny, tmp_path, images=data["images"], test_images=data["test_images"])
    assert "no labels of the training examples: figures that need them are left out" in capsys.readouterr().err
    assert set(run.results["figures"]) == {"reconstruction", "reconstruction_shuffled", "regeneration",
                                           "regeneration_shuffled", "nearest_sample"}  # fmt: skip
    assert run.results["raw"] == {} and run.results["protocol"]["labels"] is False
    with pytest.raises(UserError, match="was trained on arrays given in Python; pass --dataset"):
        run.split()


def test_best_checkpoint_is_chosen_on_validation_only(tmp_path, whole, tiny, data):
    run = train(tiny.replace(split="validation", eval_every=1), tmp_path, progress=False, **data)
    scores = [row["knn_output"] for row in run.history]
    best = read_arrays(run.directory.checkpoint("best"))
    assert run.results["protocol"]["evaluation"] == "15 examples held out from the training set, seed 3"
    winners = [e for e, s in enumerate(scores) if s == max(scores)]
    kept = read_arrays(run.directory.checkpoint(str(winners[0]))) if winners[0] in (0, 2, 3, 4) else None
    assert kept is None or all(np.array_equal(best[k], kept[k]) for k in best)
    numbers = sorted(p.stem for p in run.directory.checkpoints.iterdir())
    assert numbers == ["0", "2", "3", "4", "best"]  # the untrained, the last three, the best
    assert not (whole().directory.checkpoints / "best.npz").exists()


@pytest.mark.jax
def test_float_vectors(tmp_path, tiny):
    rng = np.random.default_rng(0)
    vectors = rng.normal([5, -100, 0], [1, 30, 0], (200, 3))
    run = train(tiny, tmp_path, images=vectors, progress=False)
    model = run.model
    again = model.reconstruct(vectors)
    assert again.dtype == np.float32 and again[:, 1].min() >= -250 and not (tmp_path / "samples").exists()
    x = model.targets(vectors.astype(np.float32))
    assert x[:, :2].min() > -0.3 and x[:, :2].max() < 1.3 and np.all(x[:, 2] == 0)
    with pytest.raises(UserError, match="row 7 has NaN, infinity or more"):
        bad = vectors.copy()
        bad[7, 0] = np.nan
        train(tiny, tmp_path / "bad", images=bad)
    assert not (tmp_path / "bad").exists()


@pytest.mark.jax
def test_released_variant_trains(tmp_path, tiny, data):
    run = train(tiny.replace(variant="released"), tmp_path, progress=False, **data)
    assert any(v.path.startswith("latent2") for v in run.model.generator.variables)


@pytest.mark.jax
def test_training_learns_to_invert(tmp_path, tiny, data):
    """Not only runs: 500 steps bring the reconstruction well below its shuffled baseline."""
    data = {name: np.tile(array, (10,) + (1,) * (array.ndim - 1)) for name, array in data.items()}
    config = tiny.replace(epochs=9, eval_every=9, save_every=9, width=128, latent_dim=8)
    run = train(config, tmp_path, progress=False, **data)
    figures = run.results["figures"]
    assert figures["reconstruction"] < 0.85 * figures["reconstruction_shuffled"]
    assert figures["knn_output"] > 90


@pytest.mark.jax
def test_own_networks_and_own_method(tmp_path, tiny, data, monkeypatch):
    """What a user writes in one file is trained, evaluated and loaded like the rest."""
    (tmp_path / "hers.py").write_text(
        "import keras, bigan\n"
        "from keras import layers, ops\n"
        "class Nets(bigan.MLP):\n"
        "    def encoder(self, output_stddev=None):\n"
        "        x = layers.Input(self.spec.shape)\n"
        "        h = layers.Conv2D(8, 3, activation='relu', name='conv1')(x)\n"
        "        h = layers.Dense(self.config.latent_dim)(layers.Flatten()(h))\n"
        "        return keras.Model(x, h, name='encoder')\n"
        "class Median(bigan.Method):\n"
        "    logged = ('distance',)\n"
        "    samples_prior = False\n"
        "    @classmethod\n"
        "    def build_networks(cls, family):\n"
        "        return {'encoder': family.encoder(), 'generator': family.generator()}\n"
        "    def terms(self, x, z, training):\n"
        "        again = self.generator(self.latent.squash(self.encoder(x, training=training)), training=training)\n"
        "        distance = ops.mean(ops.sqrt(1e-6 + ops.square(x - again)))\n"
        "        return {'loss': distance, 'distance': distance}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    config = tiny.replace(method="hers:Median", networks="hers:Nets", epochs=2)
    run = train(config, tmp_path / "run", progress=False, **data)
    assert run.history[-1]["distance"] < run.history[1]["distance"]
    assert run.model.features(data["images"], "conv1").shape == (90, 4 * 4 * 8)
    assert run.results["protocol"]["hidden_layer"].startswith("encoder/flatten")


@pytest.mark.jax
def test_backend_is_the_one_asked_for():
    assert keras.backend.backend() == os.environ["KERAS_BACKEND"]
