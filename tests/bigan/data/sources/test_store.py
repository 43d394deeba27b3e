"""Stores as datasets: what they hold, and that only whole ones of one origin are used."""

import json

import numpy as np
import pytest
from PIL import Image

from bigan.data import sources
from bigan.data.store import layout
from bigan.data.store.packing import pack
from bigan.errors import UserError
from tests.stores import Lines, origin


def test_a_store_holds_the_resized_images_in_order(folder, tmp_path):
    description = pack(origin(folder), tmp_path / "out", 16, False)
    assert description["classes"] == ["cat", "dog"] and description["splits"]["train"]["images"] == 18
    loaded = sources.load("store", str(tmp_path / "out"))
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


def test_a_store_whose_parts_disagree_is_damaged(folder, tmp_path):
    out = tmp_path / "out"
    pack(origin(folder), out, 16, False)
    whole = {path.name: path.read_bytes() for path in out.iterdir()}
    description = json.loads(whole["store.json"])

    def described(**changes):
        (out / "store.json").write_text(json.dumps(description | changes))

    def indexed(field, value):
        index = np.frombuffer(whole["train.index"], layout.RECORD).copy()
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
            sources.load("store", str(out))
        for name, content in whole.items():
            (out / name).write_bytes(content)
    described(splits={})
    with pytest.raises(UserError, match="has no split 'train', only none at all"):
        sources.load("store", str(out))
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
        sources.load("store", str(folder))
    with pytest.raises(UserError, match="`crop` must be at most the images' shorter edge, 16"):
        sources.load("store", str(out), crop=17)
    first = sources.load("store", str(out)).fingerprint()
    assert first == sources.load("store", str(out)).fingerprint()
    pack(origin(folder, ["train", "val"], slice(0, 1)), tmp_path / "cats", 16, False)
    assert first != sources.load("store", str(tmp_path / "cats")).fingerprint()
    text = (out / "store.json").read_text()
    (out / "store.json").write_text(text.replace('"format": 1', '"format": 9', 1))
    with pytest.raises(UserError, match="has format 9"):
        sources.load("store", str(out))
    (out / "store.json").write_text(text)
    with open(out / "val.pixels", "ab") as file:
        file.write(b"x")
    with pytest.raises(UserError, match=r"val.pixels: must have \d+ bytes"):
        sources.load("store", str(out))
