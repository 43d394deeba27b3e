"""What training refuses before anything is written, and runs that cannot go on."""

import json

import numpy as np
import pytest

import bigan
from bigan.errors import UserError
from bigan.training.run_directory import RunDir
from bigan.training.train import train

pytestmark = pytest.mark.slow


def test_refusals(tmp_path, copy, tiny, data):
    with pytest.raises(UserError, match="has `seed=3`, which cannot change. Received: 4"):
        train(tiny.replace(seed=4), copy, **data)
    with pytest.raises(UserError, match="has `method=bigan.models:BiGAN`, which cannot change"):
        train(tiny.replace(method="baselines.gan:GAN"), copy, **data)
    with pytest.raises(UserError, match="trained on other data"):
        train(tiny, copy, **(data | {"labels": data["labels"][::-1].copy()}))
    with RunDir(copy).locked(), pytest.raises(UserError, match="another process is training"):
        train(tiny, copy, **data)
    with pytest.raises(UserError, match="no checkpoint 'best' in .*; there are: 0, 2, 3, 4"):
        bigan.load(copy, "best")
    with pytest.raises(UserError, match="`method`: there is no module 'nowhere' on the Python path"):
        train(tiny.replace(method="nowhere:Nothing"), tmp_path / "new", **data)
    with pytest.raises(UserError, match="cannot import 'bigan.models:Nothing'"):
        train(tiny.replace(method="bigan.models:Nothing"), tmp_path / "new", **data)
    with pytest.raises(UserError, match="`batch_size` must be at most the [0-9]+ training examples. Received: 5000"):
        train(tiny.replace(batch_size=5000), tmp_path / "new", **data)
    vectors = {"images": np.zeros((90, 5))}
    with pytest.raises(UserError, match=r"`flip` is for uint8 images .* Received: \(90, 5\)"):
        train(tiny.replace(flip=True), tmp_path / "new", **vectors)
    with pytest.raises(UserError, match=r"`crop` is for uint8 images .* Received: \(90, 5\)"):
        train(tiny.replace(crop=4), tmp_path / "new", **vectors)
    with pytest.raises(UserError, match="`crop` must be at most the images' shorter edge, 6. Received: 7"):
        train(tiny.replace(crop=7), tmp_path / "new", **data)
    with pytest.raises(UserError, match="test_labels are for test_images"):
        train(tiny, tmp_path / "new", **{k: v for k, v in data.items() if k != "test_images"})
    with pytest.raises(UserError, match="labels must be .* one per example"):
        train(tiny, tmp_path / "new", **(data | {"labels": [[1], [2, 3]]}))
    with pytest.raises(UserError, match="scaling is for floating-point vectors"):
        train(tiny.replace(scaling="0,1"), tmp_path / "new", **data)
    with pytest.raises(UserError, match="`jit=on`: TensorFlow cannot force XLA on 2 replicas"):
        train(tiny.replace(jit="on", replicas=2), tmp_path / "new", **data)
    assert not (tmp_path / "new").exists()


def test_configurations_of_another_format_or_damaged_are_named(copy):
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"format": 99}))
    with pytest.raises(UserError, match="format 99 is newer"):
        bigan.load(copy)
    (copy / "config.json").write_text(json.dumps(config | {"config": config["config"] | {"width": "32"}}))
    with pytest.raises(UserError, match="config.json: `width` must be int. Received: '32'"):
        bigan.load(copy)
    for damaged in (json.dumps(config)[:-20].encode(), b"\xff\xfe"):
        (copy / "config.json").write_bytes(damaged)
        with pytest.raises(UserError, match="config.json: is not a run's configuration"):
            bigan.load(copy)


def test_only_what_a_killed_training_left_aside_is_removed(copy, tiny, data):
    """Others may be writing below a run directory: dumps, encode, and runs of their own."""
    ours = [copy / "snapshot" / ".aside-state.npz-1.npz", copy / ".aside-results.json-2.json"]
    others = [copy / "inner" / "snapshot" / ".aside-state.npz-1.npz", copy / ".aside-features.npz-1.npz"]
    for path in ours + others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    train(tiny, copy, progress=False, **data)
    assert not any(path.exists() for path in ours) and all(path.exists() for path in others)
