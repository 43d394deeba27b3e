"""Packing: what each kind of image becomes, bad ones, and that a killed store ends with the bytes of a whole one."""

import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from bigan.data import sources
from bigan.data.sources import images
from bigan.data.store import packing
from bigan.data.store.packing import pack, resized
from bigan.errors import UserError
from tests.stores import Lines, contents, origin


def test_every_kind_of_image_becomes_rgb(tmp_path):
    grey = Image.fromarray(np.full((20, 20), 90, np.uint8))
    cases = {
        "grey.png": grey,
        "grey_alpha.png": grey.convert("LA"),
        "alpha.png": grey.convert("RGBA"),
        "palette.png": grey.convert("P"),
        "cmyk.jpg": grey.convert("CMYK"),
        "bits.png": grey.convert("1"),
    }
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
    (tmp_path / "deep.png").write_bytes(deep_png())
    with pytest.raises(ValueError, match="more than 8 bits"):
        resized(tmp_path / "deep.png", 16)
    with pytest.raises(UserError, match="deep.png: has more than 8 bits"):
        images.read(tmp_path / "deep.png")


def deep_png():
    """20 x 20 pixels of three channels of 16 bits, which Pillow opens as if they had 8."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 20, 20, 16, 2, 0, 0, 0)
    rows = zlib.compress(bytes(20 * (1 + 20 * 6)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_jpegs_are_resized_by_lanczos_all_but_exactly(tmp_path):
    x, y = np.meshgrid(np.arange(300), np.arange(200))
    pixels = np.stack([127 + 100 * np.sin(x / 9), 127 + 100 * np.cos(y / 7), (x + y) / 2], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "image.jpg", quality=95)
    with Image.open(tmp_path / "image.jpg") as image:
        exact = np.asarray(image.resize((60, 40), Image.Resampling.LANCZOS), int)
    assert np.abs(resized(tmp_path / "image.jpg", 40) - exact).mean() < 1


def test_bad_images_are_refused_or_skipped_by_name(folder, tmp_path):
    bad = folder / "train" / "cat" / "4.png"
    bad.write_bytes(bad.read_bytes()[:200])
    (folder / "train" / "dog" / "0.png").write_text("no image")
    (folder / "train" / "dog" / "notes.txt").write_text("read me")
    # What Pillow would take for another format, whose decoder raises errors of another kind.
    (folder / "train" / "dog" / "1.png").write_bytes(b"DDS " + bytes(range(200)))
    (folder / "train" / "dog" / "gone.png").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"cat/4.png: cannot be read as an image .* pass `bad=skip`"):
        pack(origin(folder), tmp_path / "out", 16, False)
    with pytest.raises(UserError, match="is an unfinished store"):
        sources.load("store", str(tmp_path / "out"))
    reporter = Lines()
    description = pack(origin(folder), tmp_path / "skipping", 16, True, reporter)
    assert [name.split("/")[-2:] for name in description["splits"]["train"]["skipped"]] == [
        ["cat", "4.png"],
        ["dog", "0.png"],
        ["dog", "1.png"],
        ["dog", "gone.png"],
    ]
    assert description["ignored"] == [str(folder / "train" / "dog" / "notes.txt")]
    assert sum("skipped" in line for line in reporter.lines) == 4
    assert len(sources.load("store", str(tmp_path / "skipping")).train) == 15


def test_refused_first_and_skipped_then_in_the_same_folder(folder, tmp_path):
    (folder / "val" / "dog" / "1.png").write_text("no image")
    (folder / "val" / "dog" / "2.png").write_text("nor this")
    reporter = Lines()
    with pytest.raises(UserError, match="dog/1.png: cannot be read .* the same command goes on without"):
        pack(origin(folder), tmp_path / "out", 16, False, reporter)
    assert any("dog/2.png" in line for line in reporter.lines)  # all that are bad, not only the first
    assert len(pack(origin(folder), tmp_path / "out", 16, True)["splits"]["val"]["skipped"]) == 2


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
        sources.load("store", str(out))
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


def test_the_larger_the_images_the_fewer_are_in_flight():
    assert packing._chunk(8) == packing._chunk(72) == packing.CHUNK
    assert packing._chunk(4000) == packing.MEMORY // (2 * 3 * 4000**2) == 5
    assert packing._chunk(10**6) == 2
    for edge in (512, 1000, 4000):
        assert 2 * packing._chunk(edge) * 3 * edge * edge <= packing.MEMORY


def test_images_are_taken_up_as_they_are_flushed(folder, tmp_path, monkeypatch):
    """Two chunks ahead at most; what is written does not depend on the chunks."""
    pack(origin(folder), tmp_path / "whole", 16, False)
    monkeypatch.setattr(packing, "MEMORY", 3 * 2 * 3 * 16 * 16)
    assert packing._chunk(16) == 3
    taken = []
    with packing.ThreadPoolExecutor(2) as pool:
        items = origin(folder).items("train", 0)
        ahead = packing._in_order(pool, (taken.append(item) or item for item in items), 16)
        for count, _ in enumerate(ahead, start=1):
            assert len(taken) - count <= 2 * 3
    assert len(taken) == 18
    pack(origin(folder), tmp_path / "out", 16, False)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
