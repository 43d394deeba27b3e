"""Boxes and masks from a user's command line: trained, killed, gone on with, and told of images of one's own."""

import json
import signal

import numpy as np
import pytest
from PIL import Image

from tests import processes
from tests.scripts.commands import fail, succeed
from tests.transfer.devkit import rectangles
from transfer.datasets.masks import CLASSES

pytestmark = pytest.mark.slow
PLUGIN = "--plugins=tests.transfer.snapshots"


@pytest.fixture
def devkit(tmp_path):
    """Six images, and a file of boxes."""
    return rectangles(tmp_path)


def kill_at(line, *flags):
    """Runs scripts.transfer and kills it when it has said `line`."""
    process = processes.start("scripts.transfer", *flags)
    assert process.kill_when(lambda: line in process.errors) == -signal.SIGKILL


@pytest.mark.xdist_group("store_run")
def test_voc_detection_and_predict(store_run, no_backend, devkit, tmp_path):
    pytest.importorskip("cv2")
    flags = [
        f"--run={store_run.path}",
        "--task=voc_detection",
        f"--data_dir={devkit}",
        f"--proposals={devkit / 'p.npz'}",
    ]
    flags += [
        "--crop=48",
        "--units=8",
        "--iterations=40",
        "--limit=4",
        "--test_limit=3",
        f"--out={tmp_path / 'out'}",
        PLUGIN,
    ]
    kill_at("iteration 10/40", *flags)
    assert (
        not list((tmp_path / "out").glob("results.json")) and len(list((tmp_path / "out").glob("*/snapshot.npz"))) == 1
    )
    done = succeed("transfer", *flags)
    assert "goes on after iteration 1" in done.stderr and "| run | all, voc2007 | all, voc2010 |" in done.stdout
    assert "training_examples: 4, evaluation: val, evaluation_examples: 3" in done.stdout
    (entry,) = json.loads((tmp_path / "out" / "results.json").read_text())["entries"]
    assert entry["result"]["regions"] == 24 and entry["result"]["classes"] == 2
    kept = tmp_path / "out" / entry["result"]["kept"]
    assert done.stdout.splitlines()[-1] == str(kept)
    assert sorted(path.name for path in kept.iterdir()) == ["detector.keras", "pictures.png", "predictor.json"]

    mine = tmp_path / "mine"
    mine.mkdir()
    Image.open(devkit / "VOC2007/JPEGImages/0.jpg").save(mine / "colour.png")
    Image.new("L", (30, 20), 60).save(mine / "grey.png")
    model, out = f"--model={kept}", tmp_path / "found"
    found = succeed("predict", model, f"--images={mine}", f"--out={out}")
    assert found.stdout.split() == [str(out / "colour.json"), str(out / "grey.json")] and "predict: 2/2" in found.stderr
    told = json.loads((out / "colour.json").read_text())
    assert (told["image"], told["width"], told["height"]) == ("colour.png", 80, 60) and told["objects"]
    scores = [thing["score"] for thing in told["objects"]]
    assert scores == sorted(scores, reverse=True) and {thing["class"] for thing in told["objects"]} <= set(CLASSES)
    for left, top, right, bottom in (thing["box"] for thing in told["objects"]):
        assert 1 <= left <= right <= 80 and 1 <= top <= bottom <= 60

    (mine / "bad.png").write_bytes(b"nothing")
    given, new = f"--images={mine / 'grey.png'}", tmp_path / "new"
    for flags, message in (
        ([given, f"--out={new}"], "--model, --images and --out are needed"),
        ([model, f"--images={mine / 'bad.png'}", f"--out={new}"], "bad.png: cannot be read as an image"),
        ([model, f"--images={mine / 'none.png'}", f"--out={new}"], "no such image: "),
        ([model, f"--images={mine / 'grey.png'},grey.jpg", f"--out={new}"], "two of them are called 'grey'"),
        ([model, given, f"--out={mine}"], "--out: "),
        ([model, f"--images={out}", f"--out={new}"], f"{out}: has no images (.png .jpg"),
        ([f"--model={mine}", given, f"--out={new}"], "has no predictor.json"),
        ([f"--model={kept.parent}", given, f"--out={new}"], f"that a task has kept; there is {kept}"),
        ([f"--model={mine / 'none'}", given, f"--out={new}"], "no such folder: "),
    ):
        assert message in fail("predict", *flags, **no_backend)
    assert not new.exists()
    (kept / "predictor.json").write_text('{"predictor": "nowhere:Mine"}')
    assert "cannot import 'nowhere:Mine'" in fail("predict", model, given, f"--out={new}", **no_backend)


@pytest.mark.xdist_group("store_run")
def test_bad_boxes_are_one_line_before_anything_is_trained(store_run, no_backend, devkit, tmp_path):
    flags = [f"--run={store_run.path}", "--task=voc_detection", f"--data_dir={devkit}", f"--out={tmp_path / 'out'}"]
    own = f"--proposals={devkit / 'p.npz'}"
    np.savez(devkit / "q.npz", names=["7"], counts=[1], boxes=[[1, 1, 2, 2]])
    other = fail("transfer", *flags, f"--proposals={devkit / 'q.npz'}", **no_backend)
    assert other.startswith("error: --proposals: ") and "has no boxes of image '0': it is of other images" in other
    assert "--proposals: no such file" in fail("transfer", *flags, "--proposals=none.npz", **no_backend)
    path = devkit / "VOC2007/Annotations/1.xml"
    path.write_text(path.read_text().replace("<xmin>", "<xmin>-"))
    assert "1.xml: the box (-" in fail("transfer", *flags, own, **no_backend)
    path.unlink()
    assert "1.xml: is missing, though there is" in fail("transfer", *flags, own, **no_backend)
    assert not (tmp_path / "out").exists()


@pytest.mark.xdist_group("store_run")
def test_voc_segmentation_and_predict(store_run, no_backend, devkit, tmp_path):
    flags = [f"--run={store_run.path}", "--task=voc_segmentation", f"--data_dir={devkit}", f"--out={tmp_path / 'out'}"]
    done = succeed("transfer", *flags, "--by_heart", "--units=16", "--iterations=20", "--batch_size=6", "--dropout=0")
    assert "| run | all, mean_iu | all, pixel_accuracy |" in done.stdout
    (entry,) = json.loads((tmp_path / "out" / "results.json").read_text())["entries"]
    kept, out = tmp_path / "out" / entry["result"]["kept"], tmp_path / "found"
    pictures = [devkit / "VOC2007/JPEGImages" / f"{i}.jpg" for i in range(2)]
    found = succeed("predict", f"--model={kept}", f"--images={pictures[0]},{pictures[1]}", f"--out={out}")
    assert found.stdout.split() == [str(out / "0.png"), str(out / "1.png")]
    for path in pictures:
        with Image.open(out / f"{path.stem}.png") as mask:
            assert mask.mode == "P" and mask.size == (80, 60)
            assert mask.getpalette()[3 * 12 : 3 * 13] == [64, 0, 128] and np.asarray(mask).max() < len(CLASSES)
    (devkit / "VOC2007/SegmentationClass/1.png").unlink()
    assert "1.png: is missing, though there is" in fail("transfer", *flags, "--seed=1", **no_backend)
