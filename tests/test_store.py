"""Stores: what they hold, that only whole ones of one origin are used, and the crops that training reads from them."""

import json

import numpy as np
import pytest
from PIL import Image

from bigan.data import loading, store
from bigan.data.batches import Minibatches
from bigan.data.packing import pack
from bigan.errors import UserError
from bigan.latent import Uniform
from tests.stores import Lines, origin


def test_a_store_holds_the_resized_images_in_order(folder, tmp_path):
    description = pack(origin(folder), tmp_path / "out", 16, False)
    assert description["classes"] == ["cat", "dog"] and description["splits"]["train"]["images"] == 18
    loaded = store.load(str(tmp_path / "out"))
    assert loaded.train.images.shape == (18, 16, 16, 3) and loaded.test.labels.tolist() == [0] * 3 + [1] * 3
    assert loaded.spec.shape == (16, 16, 3) and loaded.classes == ("cat", "dog")
    for i in (0, 8, 17):
        path = folder / "train" / ("cat" if i < 9 else "dog") / f"{i % 9}.png"
        with Image.open(path) as image:
            short = min(image.size)
            size = [max(16, round(16 * side / short)) for side in image.size]
            whole = np.asarray(image.resize(size, Image.Resampling.LANCZOS))
        top, left = (whole.shape[0] - 16) // 2, (whole.shape[1] - 16) // 2
        assert np.array_equal(loaded.train.images[i : i + 1][0], whole[top : top + 16, left : left + 16])


def test_a_damaged_store_is_not_called_complete_and_a_strange_folder_is_left_alone(folder, tmp_path):
    out = tmp_path / "out"
    pack(origin(folder), out, 16, False)
    (out / "train.pixels").unlink()
    with pytest.raises(UserError, match="train.pixels: must have .* Received: no file"):
        pack(origin(folder), out, 16, False)
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "letter.txt").write_text("")
    with pytest.raises(UserError, match="not empty and holds no store"):
        pack(origin(folder), strange, 16, False)
    assert [p.name for p in strange.iterdir()] == ["letter.txt"]


def test_a_store_whose_parts_disagree_is_damaged(folder, tmp_path):
    out = tmp_path / "out"
    pack(origin(folder), out, 16, False)
    whole = {path.name: path.read_bytes() for path in out.iterdir()}
    description = json.loads(whole["store.json"])

    def described(**changes):
        (out / "store.json").write_text(json.dumps(description | changes))

    def indexed(field, value):
        index = np.frombuffer(whole["train.index"], store.RECORD).copy()
        index[field][7] = value
        (out / "train.index").write_bytes(index.tobytes())

    train = description["splits"]["train"]
    for damage in (
        lambda: described(edge="abc"),
        lambda: described(edge="16"),
        lambda: described(edge=12),
        lambda: described(classes=["cat"]),
        lambda: described(splits={"train": {k: v for k, v in train.items() if k != "digest"}}),
        lambda: described(splits=[]),
        lambda: indexed("first", 10**9),
        lambda: indexed("height", 9),
        lambda: indexed("label", 77),
    ):
        damage()
        with pytest.raises(UserError, match="is damaged.* and prepare it again"):
            store.load(str(out))
        for name, content in whole.items():
            (out / name).write_bytes(content)
    described(splits={})
    with pytest.raises(UserError, match="has no split 'train', only none at all"):
        store.load(str(out))
    (out / "store.json").write_bytes(whole["store.json"])
    # What pixels say only all of them can tell: the same command checks them.
    (out / "train.pixels").write_bytes(bytes(len(whole["train.pixels"])))
    with pytest.raises(UserError, match="the images of train are damaged; remove the folder and prepare it again"):
        pack(origin(folder), out, 16, False)


def test_a_store_is_not_mixed_up(folder, tmp_path):
    out = tmp_path / "out"
    pack(origin(folder), out, 16, False)
    reporter = Lines()
    pack(origin(folder), out, 16, False, reporter)
    assert "is complete; nothing to do" in reporter.lines[0]
    with pytest.raises(UserError, match="holds a store of other images or of another size"):
        pack(origin(folder, ["train"]), out, 16, False)
    with pytest.raises(UserError, match="not empty and holds no store"):
        pack(origin(folder), folder, 16, False)
    with pytest.raises(UserError, match="is no store"):
        store.load(str(folder))
    with pytest.raises(UserError, match="--crop must be at most the store's shorter edge, 16"):
        loading.load("store", str(out), crop=17)
    with pytest.raises(UserError, match="--crop and --flip are for --dataset=store"):
        loading.load("images", str(folder), crop=8)
    first = loading.load("store", str(out)).fingerprint()
    assert first == loading.load("store", str(out)).fingerprint()
    pack(origin(folder, ["train", "val"], slice(0, 1)), tmp_path / "cats", 16, False)
    assert first != loading.load("store", str(tmp_path / "cats")).fingerprint()
    text = (out / "store.json").read_text()
    (out / "store.json").write_text(text.replace('"format": 1', '"format": 9', 1))
    with pytest.raises(UserError, match="has format 9"):
        store.load(str(out))
    (out / "store.json").write_text(text)
    with open(out / "val.pixels", "ab") as file:
        file.write(b"x")
    with pytest.raises(UserError, match=r"val.pixels: must have \d+ bytes"):
        store.load(str(out))


def test_training_crops(folder, tmp_path):
    pack(origin(folder), tmp_path / "out", 16, False)
    crops = store.load(str(tmp_path / "out"), 12, True).train.images
    wholes = [
        crops.pixels[f : f + h * w].reshape(h, w, 3)
        for f, h, w in zip(crops.first, crops.heights, crops.widths, strict=True)
    ]
    rng = np.random.default_rng(0)
    index = rng.integers(0, len(crops), 200)
    out = crops.augmented(index, rng)
    places, mirrored = set(), 0
    for i, crop in zip(index, out, strict=True):
        whole = wholes[i]
        found = [
            (y, x, flip)
            for flip in (False, True)
            for y in range(whole.shape[0] - 11)
            for x in range(whole.shape[1] - 11)
            if np.array_equal(whole[y : y + 12, x : x + 12][:, :: -1 if flip else 1], crop)
        ]
        assert len(found) == 1
        places.add((found[0][0] / max(1, whole.shape[0] - 12), found[0][1] / max(1, whole.shape[1] - 12)))
        mirrored += found[0][2]
    assert 70 < mirrored < 130 and len(places) > 15
    assert {y for y, _ in places} >= {0, 1} and {x for _, x in places} >= {0, 1}  # from edge to edge

    part = crops.take(np.array([5, 2]))
    assert len(part) == 2 and np.array_equal(part[:], crops[np.array([5, 2])])
    assert np.array_equal(np.asarray(part), part[:])
    crops.flip = False
    plain = crops.augmented(index, np.random.default_rng(1))
    assert not np.array_equal(plain, crops[index])


def test_a_minibatch_of_crops_is_a_function_of_seed_epoch_and_step(folder, tmp_path):
    pack(origin(folder), tmp_path / "out", 16, False)
    examples = store.load(str(tmp_path / "out"), 12, True).train
    one, two = (Minibatches(examples, Uniform(3), 8, seed=4) for _ in range(2))
    one.minibatch(0, 0)
    assert np.array_equal(one.minibatch(2, 1)["x"], two.minibatch(2, 1)["x"])
    assert not np.array_equal(one.minibatch(2, 1)["x"], one.minibatch(3, 1)["x"])
