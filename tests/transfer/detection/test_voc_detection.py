"""Detection from end to end on drawn rectangles, what regions are drawn, and what is refused."""

import json

import numpy as np
import pytest
from PIL import Image

from bigan.data.splits import Split
from bigan.errors import UserError
from tests.transfer.classifiers import model, pictures
from tests.transfer.devkit import annotate
from transfer import predictor
from transfer.datasets import boxed
from transfer.detection import boxes, fitting, layout, proposals
from transfer.detection.voc_detection import DetectionOptions, VocDetection
from transfer.encoders import Given


@pytest.fixture
def devkit(tmp_path):
    """Six grey images, each with a red (dog) and a blue (cat) rectangle, and a file of boxes around them."""
    root, rng = tmp_path / "VOC2007", np.random.default_rng(0)
    for folder in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    names, regions = [str(i) for i in range(6)], []
    for name in names:
        pixels, objects = np.full((60, 80, 3), 90, np.uint8), []
        for k, label in enumerate(("dog", "cat")):
            left, top = int(rng.integers(0, 20)) + 40 * k, int(rng.integers(0, 30))
            pixels[top : top + 24, left : left + 18, 2 * k] = 255
            objects.append((label, 0, (left + 1, top + 1, left + 18, top + 24)))
        annotate(root, name, objects, (80, 60))
        Image.fromarray(pixels).save(root / "JPEGImages" / f"{name}.jpg", quality=95)
        truth = np.array([corners for *_, corners in objects])
        near = np.repeat(truth, 12, axis=0) + rng.integers(-9, 10, (24, 4))
        low = np.clip(near[:, :2], 1, (70, 50))
        regions.append(np.concatenate([low, np.clip(near[:, 2:], low, (80, 60))], axis=1))
    (root / "ImageSets/Main/train.txt").write_text("\n".join(names))
    np.savez(tmp_path / "p.npz", names=names, counts=[24] * 6, boxes=np.concatenate(regions))
    return tmp_path


def test_regions_are_a_quarter_foreground_with_the_right_targets():
    rng = np.random.default_rng(0)
    truth, labels = np.array([[10, 10, 40, 50], [60, 20, 90, 45.0]]), np.array([3, 7])
    regions = np.repeat(truth, 100, axis=0) + rng.integers(-12, 13, (200, 4))
    chosen, out = fitting.drawn(regions, truth, labels, 64, rng)
    overlaps = boxes.iou(chosen, truth)
    front = out[:, 0] > 0
    assert front.sum() == 16 and (out[:, 0] == 0).sum() > 30
    assert (overlaps.max(axis=1)[front] >= 0.5).all()
    near = overlaps.max(axis=1)[out[:, 0] == 0]
    assert ((near >= 0.1) & (near < 0.5)).all()
    own = overlaps[front].argmax(axis=1)
    np.testing.assert_array_equal(out[front, 0], labels[own])
    again = boxes.decode(chosen[front], out[front, 1:] * boxes.DEVIATIONS)
    np.testing.assert_allclose(again, truth[own])
    _, none = fitting.drawn(regions, truth[:0], labels[:0], 8, rng)
    assert (none[:, 0] == -1).all()
    _, few = fitting.drawn(truth[:0], truth, labels, 8, rng)  # only the objects themselves
    assert sorted(few[:, 0].tolist()) == [-1] * 6 + [3, 7]
    flipped = layout.mirrored(truth, 100)
    np.testing.assert_array_equal(flipped[0], [61, 10, 91, 50])
    np.testing.assert_array_equal(layout.mirrored(flipped, 100), truth)
    np.testing.assert_array_equal(layout.on_canvas(np.array([[1, 1, 10, 20]]), 2.0), [[0, 0, 19, 39]])


@pytest.mark.slow
def test_a_detector_learns_its_images_by_heart_and_is_loaded_again(devkit):
    options = DetectionOptions(
        by_heart=True, proposals=str(devkit / "p.npz"), crop=48, iterations=400, units=128, dropout=0.0
    )
    encoder, task = Given(model(), Split(pictures(2), pictures(2), "p")), VocDetection(options)
    encoder.data_dir, task.kept = str(devkit), devkit / "kept"
    task.check_data(encoder)
    task.check(encoder, "all")
    result = task.evaluate(encoder, "all")
    assert min(result["mean_ap"].values()) > 90 and result["ap"].keys() == {"cat", "dog"}, result["mean_ap"]
    assert "aeroplane" in result["left_out"]
    assert np.asarray(Image.open(devkit / "kept" / "pictures.png")).std() > 1
    made = predictor.load(devkit / "kept")
    path = devkit / "VOC2007/JPEGImages/0.jpg"
    image = predictor.read_image(path)
    truth = boxed.load("", str(devkit), "train")
    found = made.detect(Image.fromarray(image), proposals.read(devkit / "p.npz", truth)[0])
    (written,) = made.write("0.jpg", found, (80, 60), devkit / "out")
    objects = json.loads(written.read_text())["objects"]
    best = {o["class"]: o["box"] for o in objects[::-1]}
    for name, box in zip(("dog", "cat"), truth.boxes[0], strict=True):
        assert boxes.iou(best[name], box)[0, 0] > 0.5
    (devkit / "kept/detector.keras").unlink()
    with pytest.raises(UserError, match="detector.keras: is missing"):
        predictor.load(devkit / "kept")


def test_selective_search_is_kept_and_resumed(devkit, monkeypatch):
    pytest.importorskip("cv2")
    images = boxed.load("", str(devkit), "train")
    found = proposals.searched(images, devkit / "cache", "test")
    for i, part in enumerate(found):
        width, height = images.sizes[i]
        assert len(part) and (part[:, :2] >= 1).all() and (part[:, 2:] <= (width, height)).all()
        assert (boxes.iou(part, images.boxes[i]).max(axis=0) > 0.7).all()  # the rectangles are found
    next(iter(sorted((devkit / "cache").iterdir()))).unlink()
    searched, search = [], proposals.search
    monkeypatch.setattr(proposals, "search", lambda pixels: searched.append(1) or search(pixels))
    again = proposals.searched(images, devkit / "cache", "test")
    assert len(searched) == 1
    for a, b in zip(found, again, strict=True):
        np.testing.assert_array_equal(a, b)
    next(iter((devkit / "cache").iterdir())).write_bytes(b"no")
    with pytest.raises(UserError, match="is damaged; remove it"):
        proposals.searched(images, devkit / "cache", "test")


def test_what_is_refused(devkit, monkeypatch):
    images, path = boxed.load("", str(devkit), "train"), devkit / "q.npz"

    def refused(message, **arrays):
        np.savez(path, **arrays)
        with pytest.raises(UserError, match=message) as caught:
            proposals.read(path, images)
        assert "\n" not in str(caught.value)

    refused("no boxes of image '0': it is of other images", names=["x"], counts=[1], boxes=[[1, 1, 2, 2]])
    refused("is no file of names, counts and boxes", names=["0"], counts=[2], boxes=[[1, 1, 2, 2]])
    refused("is no file of names, counts and boxes", boxes=[[1, 1, 2, 2]])
    refused(r"\(1, 1, 81, 2\) lies outside image '0', 80 x 60", names=["0"], counts=[1], boxes=[[1, 1, 81, 2]])
    with pytest.raises(UserError, match="`proposals`: no such file"):
        proposals.read(devkit / "none.npz", images)
    with pytest.raises(UserError, match="`dataset` must be voc"):
        boxed.load("tfds:voc/2007", "x", "train")
    with pytest.raises(UserError, match="no such folder"):
        boxed.load("", str(devkit / "none"), "train")
    monkeypatch.setattr(proposals.importlib, "import_module", lambda name: (_ for _ in ()).throw(ImportError("no cv2")))
    with pytest.raises(UserError, match=r"pip install 'bigan\[detection\]'"):
        proposals.need_opencv()
    (devkit / "VOC2007/Annotations/2.xml").unlink()
    with pytest.raises(UserError, match="2.xml: is missing"):
        boxed.load("", str(devkit), "train")
    with pytest.raises(UserError, match="has no predictor.json"):
        predictor.load(devkit)
