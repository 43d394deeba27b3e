"""What training refuses, stops at, or finds damaged; and what it leaves alone."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import bigan
from bigan import files, loop, state
from bigan.errors import UserError
from bigan.rundir import RunDir, read_arrays
from bigan.training import Run, train


@pytest.fixture
def copy(tmp_path, whole):
    """The folder of a complete run of the tiny configuration, to damage."""
    return Path(shutil.copytree(whole().directory.path, tmp_path / "run"))


def test_refusals(tmp_path, copy, tiny, data):
    with pytest.raises(UserError, match="has --seed=3, which cannot change. Received: 4"):
        train(tiny.replace(seed=4), copy, **data)
    with pytest.raises(UserError, match="has --method=bigan.model:BiGAN, which cannot change"):
        train(tiny.replace(method="baselines.gan:GAN"), copy, **data)
    with pytest.raises(UserError, match="trained on other data"):
        train(tiny, copy, **(data | {"labels": data["labels"][::-1].copy()}))
    with RunDir(copy).locked(), pytest.raises(UserError, match="another process is training"):
        train(tiny, copy, **data)
    with pytest.raises(UserError, match="no checkpoint 'best' in .*; there are: 0, 2, 3, 4"):
        bigan.load(copy, "best")
    with pytest.raises(UserError, match="--method: there is no module 'nowhere' on the Python path"):
        train(tiny.replace(method="nowhere:Nothing"), tmp_path / "new", **data)
    with pytest.raises(UserError, match="cannot import 'bigan.model:Nothing'"):
        train(tiny.replace(method="bigan.model:Nothing"), tmp_path / "new", **data)
    with pytest.raises(UserError, match="--batch_size must be at most the [0-9]+ training examples. Received: 5000"):
        train(tiny.replace(batch_size=5000), tmp_path / "new", **data)
    with pytest.raises(UserError, match="crop and flip are for dataset='store'"):
        train(tiny.replace(flip=True), tmp_path / "new", **data)
    with pytest.raises(UserError, match="test_labels are for test_images"):
        train(tiny, tmp_path / "new", **{k: v for k, v in data.items() if k != "test_images"})
    with pytest.raises(UserError, match="labels must be .* one per example"):
        train(tiny, tmp_path / "new", **(data | {"labels": [[1], [2, 3]]}))
    with pytest.raises(UserError, match="scaling is for floating-point vectors"):
        train(tiny.replace(scaling="0,1"), tmp_path / "new", **data)
    with pytest.raises(UserError, match="--jit=on: TensorFlow cannot force XLA on 2 replicas"):
        train(tiny.replace(jit="on", replicas=2), tmp_path / "new", **data)
    assert not (tmp_path / "new").exists()
    model = bigan.load(copy)
    with pytest.raises(UserError, match="no layer 'conv1'; there are: hidden, flatten"):
        model.features(data["images"], "conv1")
    with pytest.raises(UserError, match=r"images must have shape \(n, 6, 6, 1\)"):
        model.encode(data["images"][:, 1:])
    with pytest.raises(UserError, match=r"z must have shape \(n, 4\)"):
        model.generate(np.zeros((2, 5)))
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"format": 99}))
    with pytest.raises(UserError, match="format 99 is newer"):
        bigan.load(copy)
    (copy / "config.json").write_text(json.dumps(config | {"config": config["config"] | {"width": "32"}}))
    with pytest.raises(UserError, match="config.json: --width must be int. Received: '32'"):
        bigan.load(copy)
    (copy / "config.json").write_text(json.dumps(config)[:-20])
    with pytest.raises(UserError, match="config.json: is not a run's configuration"):
        bigan.load(copy)


def test_checkpoints_of_another_shape_or_damaged_are_named(copy, tiny):
    run = Run(RunDir(copy))
    path = run.directory.checkpoint()
    arrays = read_arrays(path)
    wide = bigan.BiGAN.create(tiny.replace(width=17), run.spec)
    with pytest.raises(
        UserError, match=r"4\.npz: encoder/00/linear1/kernel must have shape \(36, 17\). Received: \(36, 16"
    ):
        state.assign_weights(wide, arrays, path)
    with pytest.raises(UserError, match="written by another method"):
        state.assign_weights(wide, {k: v for k, v in arrays.items() if "generator" not in k}, path)
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(UserError, match=r"4\.npz: cannot be read, it is damaged"):
        bigan.load(copy)


@pytest.mark.jax
def test_a_non_finite_loss_stops_at_once_and_keeps_the_snapshot(tmp_path, tiny, data, monkeypatch):
    minibatch = loop.Minibatches.minibatch

    def poisoned(self, epoch, step):
        batch = minibatch(self, epoch, step)
        return batch | {"z": batch["z"] + (np.float32("nan") if (epoch, step) == (1, 2) else 0)}

    monkeypatch.setattr(loop.Minibatches, "minibatch", poisoned)
    monkeypatch.setattr(loop.Progress, "due", lambda self: True)
    with pytest.raises(UserError, match=r"the loss became (inf|nan) in epoch 2; stopped. The last good state is"):
        train(tiny, tmp_path, progress=False, **data)
    arrays = read_arrays(RunDir(tmp_path).snapshot)
    assert json.loads(str(arrays.pop("notes")))["epoch"] == 1
    assert all(np.isfinite(array).all() for array in arrays.values())


@pytest.mark.parametrize("final, message", [(1e30, "infinite or NaN"), (1e39, "became infinite or NaN in epoch 1")])
def test_a_last_step_that_diverges_is_seen(tmp_path, tiny, data, final, message):
    """The loss is measured before the step: one that ruins the weights shows in weights or features only."""
    config = tiny.replace(epochs=1, batch_size=len(data["images"]), learning_rate=final, final_learning_rate=final)
    with pytest.raises(UserError, match=message):
        train(config, tmp_path, progress=False, **data)


def test_a_damaged_snapshot_or_result_is_named(copy, tiny, data):
    snapshot, results = RunDir(copy).snapshot, copy / "results.json"
    whole = json.loads(results.read_text())
    for damaged in ('{"complete": true}', json.dumps(whole | {"figures": None}), json.dumps(whole)[:-9]):
        results.write_text(damaged)
        with pytest.raises(UserError, match=r"results\.json: is damaged .*; remove it"):
            train(tiny, copy, progress=False, **data)
    results.unlink()
    for notes in ("{}", "no JSON"):
        files.write_arrays(snapshot, read_arrays(snapshot) | {"notes": np.array(notes)})
        with pytest.raises(UserError, match=r"state\.npz: is not a snapshot of a run"):
            train(tiny, copy, progress=False, **data)


def test_only_what_a_killed_training_left_aside_is_removed(copy, tiny, data):
    """Others may be writing below a run directory: dumps, encode, and runs of their own."""
    ours = [copy / "snapshot" / ".aside-state.npz-1.npz", copy / ".aside-results.json-2.json"]
    others = [copy / "inner" / "snapshot" / ".aside-state.npz-1.npz", copy / ".aside-features.npz-1.npz"]
    for path in ours + others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    train(tiny, copy, progress=False, **data)
    assert not any(path.exists() for path in ours) and all(path.exists() for path in others)
