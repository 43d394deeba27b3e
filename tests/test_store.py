"""Stores: what they are made of, that only whole ones are used, and the crops that training reads from them."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from bigan.data import loading, origins, packing, store
from bigan.data.batches import Minibatches
from bigan.data.packing import pack, resized
from bigan.errors import UserError
from bigan.latent import Uniform

EVERYTHING = slice(None)


@pytest.fixture
def folder(tmp_path):
    """Colour images of several sizes in two classes, with a split to evaluate on."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 9), ("val", 3)):
        for name in ("cat", "dog"):
            place = tmp_path / "images" / split / name
            place.mkdir(parents=True)
            for i in range(count):
                size = (int(rng.integers(20, 40)), int(rng.integers(20, 40)), 3)
                Image.fromarray(rng.integers(0, 256, size, np.uint8)).save(place / f"{i}.png")
    return tmp_path / "images"


def origin(folder, splits=(), classes=EVERYTHING, limit=0):
    return origins.open_origin("images", str(folder), list(splits), classes, limit)


class Lines(packing.Reporter):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def contents(out):
    return {p.name: p.read_bytes() for p in sorted(out.iterdir())}


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


def test_every_kind_of_image_becomes_rgb(tmp_path):
    grey = Image.fromarray(np.full((20, 20), 90, np.uint8))
    cases = {
        "grey.png": grey, "grey_alpha.png": grey.convert("LA"), "alpha.png": grey.convert("RGBA"),
        "palette.png": grey.convert("P"), "cmyk.jpg": grey.convert("CMYK"), "bits.png": grey.convert("1"),
    }  # fmt: skip
    for name, image in cases.items():
        image.save(tmp_path / name)
        out = resized(tmp_path / name, 12)
        assert out.shape == (12, 12, 3) and out.dtype == np.uint8
        if name != "bits.png":
            assert np.abs(out.astype(int) - 90).max() <= 2, name


def test_small_images_are_enlarged_and_tiny_or_long_ones_refused(tmp_path):
    for size, word in (((1, 1), "too small"), ((4, 300), "too small"), ((10, 400), "too long")):
        Image.new("RGB", size).save(tmp_path / "image.png")
        with pytest.raises(ValueError, match=word):
            resized(tmp_path / "image.png", 16)
    Image.new("RGB", (9, 12)).save(tmp_path / "image.png")
    assert resized(tmp_path / "image.png", 18).shape == (24, 18, 3)
    Image.fromarray(np.zeros((20, 20), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(ValueError, match="more than 8 bits"):
        resized(tmp_path / "deep.png", 16)


def test_bad_images_are_refused_or_skipped_by_name(folder, tmp_path):
    bad = folder / "train" / "cat" / "4.png"
    bad.write_bytes(bad.read_bytes()[:200])
    (folder / "train" / "dog" / "0.png").write_text("no image")
    (folder / "train" / "dog" / "notes.txt").write_text("read me")
    with pytest.raises(UserError, match=r"cat/4.png: cannot be read as an image .* pass --bad=skip"):
        pack(origin(folder), tmp_path / "out", 16, False)
    with pytest.raises(UserError, match="is an unfinished store"):
        store.load(str(tmp_path / "out"))
    reporter = Lines()
    description = pack(origin(folder), tmp_path / "skipping", 16, True, reporter)
    assert [name.split("/")[-2:] for name in description["splits"]["train"]["skipped"]] == [
        ["cat", "4.png"],
        ["dog", "0.png"],
    ]
    assert description["ignored"] == [str(folder / "train" / "dog" / "notes.txt")]
    assert sum("skipped" in line for line in reporter.lines) == 2
    assert len(store.load(str(tmp_path / "skipping")).train) == 16


def test_what_cannot_be_listed_is_named(folder, tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        origin(tmp_path / "nowhere")
    with pytest.raises(UserError, match="--dataset must be images or tfds:NAME. Received: 'idx'"):
        origins.open_origin("idx", str(folder), [], EVERYTHING, 0)
    with pytest.raises(UserError, match="has no split 'night'; it has train, val"):
        origin(folder, ["night"])
    with pytest.raises(UserError, match="--classes: there are 2 classes"):
        origin(folder, classes=slice(1, 5))
    (folder / "train" / "emu").mkdir()
    with pytest.raises(UserError, match=r"train/emu: this class has no images"):
        origin(folder)
    (folder / "train" / "emu").rmdir()
    (folder / "val" / "emu").mkdir()
    Image.new("RGB", (20, 20)).save(folder / "val" / "emu" / "0.png")
    with pytest.raises(UserError, match="val/emu: there is no such class"):
        origin(folder)


def test_classes_limits_and_splits(folder, tmp_path):
    some = origin(folder, ["train"], slice(1, 2), 4)
    assert some.classes == ("dog",) and some.counts == {"train": 4}
    items = list(some.items("train", 0))
    assert {item.label for item in items} == {0} and all("dog" in item.name for item in items)
    assert [i.name for i in items] == [i.name for i in origin(folder, ["train"], slice(1, 2), 4).items("train", 0)]
    flat = origin(folder / "train" / "cat")
    pack(flat, tmp_path / "flat", 16, False)
    assert store.load(str(tmp_path / "flat")).train.labels is None


def unfinished(folder, tmp_path):
    """A store `whole`, and another of the same images that lacks only its last mark."""
    for name in ("whole", "out"):
        pack(origin(folder), tmp_path / name, 16, False)
    out = tmp_path / "out"
    (out / "request.json").write_text(json.dumps(json.loads((out / "store.json").read_text())["request"]))
    (out / "store.json").unlink()
    return out


class Killed(BaseException):
    pass


@pytest.mark.parametrize("torn", [0, 7])
@pytest.mark.parametrize("dies_at", ["pixels", "index", "after"])
def test_interrupted_and_made_again_it_has_the_same_bytes(folder, tmp_path, monkeypatch, dies_at, torn):
    monkeypatch.setattr(packing, "CHUNK", 4)
    pack(origin(folder), tmp_path / "whole", 16, False)
    real, left = packing._flush, [5]

    def flush(file):
        real(file)
        left[0] -= 1
        if not left[0]:
            raise Killed

    out = tmp_path / "out"
    if dies_at == "after":
        monkeypatch.setattr(packing, "_digest", lambda paths: (_ for _ in ()).throw(Killed))
    else:
        left[0] = 5 if dies_at == "pixels" else 6
        monkeypatch.setattr(packing, "_flush", flush)
    with pytest.raises(Killed):
        pack(origin(folder), out, 16, False)
    monkeypatch.undo()
    if torn:  # half-written tails
        for path in (out / "train.pixels", out / "train.index"):
            with open(path, "ab") as file:
                file.write(b"x" * torn)
    with pytest.raises(UserError, match="unfinished"):
        store.load(str(out))
    with pytest.raises(UserError, match="made from something else"):
        pack(origin(folder), out, 12, False)
    reporter = Lines()
    pack(origin(folder), out, 16, False, reporter)
    assert contents(out) == contents(tmp_path / "whole")
    assert any("going on after" in line for line in reporter.lines)


def test_an_index_ahead_of_its_pixels_is_cut_back(folder, tmp_path):
    out = unfinished(folder, tmp_path)
    pixels = (out / "train.pixels").read_bytes()
    (out / "train.pixels").write_bytes(pixels[: len(pixels) // 2])
    pack(origin(folder), out, 16, False)
    assert contents(out) == contents(tmp_path / "whole")


def test_an_index_with_other_bytes_at_its_end_is_cut_back(folder, tmp_path):
    """What a crash of the machine may leave: zeros in place of the last records."""
    out = unfinished(folder, tmp_path)
    index = (out / "train.index").read_bytes()
    (out / "train.index").write_bytes(index[:-100] + bytes(100))
    pack(origin(folder), out, 16, False)
    assert contents(out) == contents(tmp_path / "whole")


def test_refused_first_and_skipped_then_in_the_same_folder(folder, tmp_path):
    (folder / "val" / "dog" / "1.png").write_text("no image")
    (folder / "val" / "dog" / "2.png").write_text("nor this")
    reporter = Lines()
    with pytest.raises(UserError, match="dog/1.png: cannot be read .* the same command goes on without"):
        pack(origin(folder), tmp_path / "out", 16, False, reporter)
    assert any("dog/2.png" in line for line in reporter.lines)  # all that are bad, not only the first
    assert len(pack(origin(folder), tmp_path / "out", 16, True)["splits"]["val"]["skipped"]) == 2


def test_jpegs_are_resized_by_lanczos_all_but_exactly(tmp_path):
    x, y = np.meshgrid(np.arange(300), np.arange(200))
    pixels = np.stack([127 + 100 * np.sin(x / 9), 127 + 100 * np.cos(y / 7), (x + y) / 2], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.jpg", quality=95)
    with Image.open(tmp_path / "image.jpg") as image:
        exact = np.asarray(image.resize((60, 40), Image.Resampling.LANCZOS), int)
    assert np.abs(resized(tmp_path / "image.jpg", 40) - exact).mean() < 1


def test_odd_folders(folder, tmp_path):
    (folder / "test").mkdir()
    Image.new("RGB", (20, 20)).save(folder / "test" / "loose.png")
    assert set(origin(folder).counts) == {"train", "val"}
    with pytest.raises(UserError, match="test: has no class folders"):
        origin(folder, ["train", "test"])
    with pytest.raises(UserError, match="a store needs the split 'train'"):
        origin(folder, ["val"])
    with pytest.raises(UserError, match="--splits must be names"):
        origin(folder, ["../train"])
    with pytest.raises(UserError, match="--classes: there are no classes"):
        origin(folder / "test", classes=slice(0, 1))
    name = os.fsdecode(b"caf\xe9")
    (folder / "train" / "cat" / "0.png").rename(folder / "train" / "cat" / f"{name}.png")
    (folder / "train" / "cat" / "gone.png").symlink_to(tmp_path / "nowhere")
    (folder / "train" / "cat" / "deeper").mkdir()
    odd = origin(folder)
    assert odd.counts["train"] == 18 and [p.split("/")[-1] for p in odd.ignored] == ["deeper", "gone.png"]
    pack(odd, tmp_path / "odd", 16, False)
    for path in (folder / "val" / "cat").iterdir():
        path.unlink()
    (folder / "val" / "cat").rmdir()
    with pytest.raises(UserError, match="--classes: split 'val' has no images of cat"):
        origin(folder, classes=slice(0, 1))
    assert list(origin(folder).items("val", 0))[0].label == 1  # numbered as in train


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


def test_a_store_of_a_tfds_dataset(tmp_path):
    import tensorflow_datasets as tfds

    tfds.testing.DummyMnist(data_dir=tmp_path / "tfds").download_and_prepare()
    place = str(tmp_path / "tfds")
    whole = origins.open_origin("tfds:dummy_mnist", place, [], EVERYTHING, 0)
    assert whole.counts == {"train": 20, "test": 20} and len(whole.classes) == 10
    pack(whole, tmp_path / "out", 14, False)
    loaded, direct = store.load(str(tmp_path / "out")), loading.load("tfds:dummy_mnist", place)
    assert loaded.train.images.shape == (20, 14, 14, 3) and len(loaded.test) == 20
    assert np.array_equal(loaded.train.labels, direct.train.labels)
    assert [item.label for item in whole.items("train", 4)] == direct.train.labels[4:].tolist()
    some = origins.open_origin("tfds:dummy_mnist", place, ["train"], slice(0, 5), 2)
    assert some.counts["train"] <= 2 and {i.label for i in some.items("train", 0)} <= set(range(5))
    with pytest.raises(UserError, match="has no split 'night'; it has train, test"):
        origins.open_origin("tfds:dummy_mnist", place, ["night"], EVERYTHING, 0)


def test_encoded_images_of_mocked_imagenette():
    import tensorflow_datasets as tfds

    from bigan.data.tfds import encoded

    with tfds.testing.mock_data(num_examples=3):
        examples = list(encoded(tfds.builder("imagenette"), "train"))
    assert len(examples) == 3 and all(0 <= label < 10 for _, label in examples)
    assert all(resized(content, 32).shape[2] == 3 for content, _ in examples)
