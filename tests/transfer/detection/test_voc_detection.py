"""Detection from end to end on drawn rectangles, what regions are drawn, and what is refused."""

import json

import numpy as np
import pytest
from PIL import Image

import transfer
from bigan.data.splits import Split
from bigan.errors import UserError
from tests.transfer.classifiers import model, pictures, watched
from tests.transfer.devkit import rectangles
from transfer import predictor
from transfer.backbone import training
from transfer.backbone.recipe import Recipe
from transfer.datasets import boxed
from transfer.detection import boxes, detector, fitting, layout, proposals
from transfer.detection.voc_detection import DetectionOptions, VocDetection, summary
from transfer.encoders import Given


@pytest.fixture
def devkit(tmp_path):
    """Six images, and a file of boxes."""
    return rectangles(tmp_path)


@pytest.fixture
def run(devkit):
    """Runs the task on them, tested on the images that are trained on."""

    def evaluate(out=None, layer=(), **options):
        encoder = Given(model(), Split(pictures(2), pictures(2), "p"))
        encoder.data_dir = str(devkit)
        given = {"by_heart": True, "proposals": str(devkit / "p.npz"), "crop": 48, "units": 8, "iterations": 3}
        return transfer.run(encoder, "voc_detection", layer, out, **{"progress": False} | given | options)

    return evaluate


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
def test_a_detector_learns_its_images_by_heart_and_is_loaded_again(run, devkit):
    results = run(devkit / "out", iterations=250, units=64, dropout=0.0)
    result = results.entries[0]["result"]
    assert min(result["mean_ap"].values()) > 90 and result["ap"].keys() == {"cat", "dog"}, result["mean_ap"]
    assert "aeroplane" in result["left_out"] and result["scales"].keys() >= {"conv1", "fc7"}
    table = (devkit / "out" / "table.md").read_text()
    assert "| run | all, voc2007 | all, voc2010 |" in table and "evaluation: train, the images trained on" in table
    kept = devkit / "out" / result["kept"]
    assert sorted(path.name for path in kept.iterdir()) == ["detector.keras", "pictures.png", "predictor.json"]
    assert np.asarray(Image.open(kept / "pictures.png")).std() > 1
    made = predictor.load(kept)
    path = devkit / "VOC2007/JPEGImages/0.jpg"
    image = predictor.read_image(path)
    truth = boxed.load("", str(devkit), "train")
    found = made.detect(Image.fromarray(image), proposals.read(devkit / "p.npz", truth)[0])
    (written,) = made.write("0.jpg", found, (80, 60), devkit / "out")
    objects = json.loads(written.read_text())["objects"]
    best = {o["class"]: o["box"] for o in objects[::-1]}
    for name, box in zip(("dog", "cat"), truth.boxes[0], strict=True):
        assert boxes.iou(best[name], box)[0, 0] > 0.5
    (kept / "detector.keras").unlink()
    with pytest.raises(UserError, match="detector.keras: is missing"):
        predictor.load(kept)


@pytest.mark.slow
def test_what_stays_frozen(run, monkeypatch):
    moved = watched(monkeypatch)
    run(layer="fc8")
    assert moved == [False] * 5 + [True] * 2  # scores and offsets alone


@pytest.mark.slow
def test_a_stopped_training_goes_on(run, devkit, monkeypatch, capsys):
    monkeypatch.setattr(training, "SECONDS", 0)
    drawn, calls = fitting.drawn, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 7:  # two images a minibatch: in the fourth
            raise KeyboardInterrupt
        return drawn(*arguments)

    monkeypatch.setattr(fitting, "drawn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(devkit / "a", iterations=6)
    assert len(list((devkit / "a").glob("*/snapshot.npz"))) == 1
    stopped = run(devkit / "a", iterations=6, progress=True)
    assert "goes on after iteration 3" in capsys.readouterr().err and len(calls) == 13
    assert not list((devkit / "a").glob("*/snapshot.npz"))
    whole = run(devkit / "b", iterations=6)
    a, b = (results.entries[0]["result"] for results in (stopped, whole))
    np.testing.assert_allclose(a["loss_curve"], b["loss_curve"], rtol=1e-4)
    for kind, value in a["mean_ap"].items():
        assert value == pytest.approx(b["mean_ap"][kind], abs=0.5)
    assert run(devkit / "a", iterations=6).entries == stopped.entries and len(calls) == 25  # nothing is done twice


def test_minibatches_hold_regions_of_two_images_and_miss_none(devkit):
    images, made = boxed.load("", str(devkit), "train"), model()
    regions = proposals.read(devkit / "p.npz", images)
    objects = [len(labels) for labels in images.labels]
    images.difficult[1][:] = True  # nothing to learn from it
    for part in (images.boxes, images.labels, images.difficult):
        part[2] = part[2][:0]
    regions[3] = regions[3][:0]  # nothing is proposed there
    minibatches = fitting.Minibatches(made, images, regions, 48, Recipe(batch_size=2))
    assert objects == [2] * 6 and minibatches.images.stems == ["0", "3", "4", "5"]
    seen = 0
    for i in range(6):
        (canvases, places), labels = minibatches(i)
        assert canvases.shape == (2, 64, 64, 3) and places.shape == (2, 64, 4) and labels.shape == (2, 64, 5)
        assert set(np.unique(labels[..., 0])) <= {-1, 0, 8, 12} and (labels[..., 0] > 0).sum(axis=1).max() <= 16
        for pixels, boxes_, kinds in zip(canvases, places, labels[..., 0], strict=True):
            for (left, top, right, bottom), kind in zip(boxes_, kinds, strict=True):
                if kind > 0:  # red dogs and blue cats, mirrored or not
                    inside = pixels[int(top) : int(bottom) + 1, int(left) : int(right) + 1].mean(axis=(0, 1))
                    assert (inside[0] > inside[2]) == (kind == 12)
                    seen += 1
    assert seen > 60
    for difficult in images.difficult:
        difficult[:] = True
    with pytest.raises(UserError, match="show no object, or difficult ones alone"):
        fitting.Minibatches(made, images, regions, 48, Recipe())


def test_images_without_proposals_or_objects():
    made = detector.Detector(None, 48, ("a", "b"), (1.0, 0.0))
    found = made.detect(Image.new("RGB", (20, 10)), np.zeros((0, 4)))
    assert [len(part) for part in found] == [0, 0, 0]
    none = np.zeros((0, 4), np.float32)
    test = boxed.Boxed(
        [b""] * 3,
        [none, np.array([[1, 1, 9, 9]], np.float32), none],
        [np.zeros(0, np.int64), np.array([4]), np.zeros(0, np.int64)],
        [np.zeros(0, bool), np.array([False]), np.zeros(0, bool)],
        [(20, 10)] * 3,
        ["a", "b", "c"],
    )
    hit = detector.Found(np.array([[1.0, 1, 9, 9]]), np.array([4]), np.array([0.9]))
    result = summary([found, hit, found], test)
    assert result["mean_ap"] == {"voc2007": 100, "voc2010": 100} and result["ap"] == {"bottle": 100}
    assert result["classes"] == 1 and all(np.isfinite(result["intervals"]["voc2007"]))
    assert summary([found] * 3, test)["mean_ap"] == {"voc2007": 0, "voc2010": 0}
    false = detector.Found(hit.boxes, hit.labels, np.array([0.95]))  # where there is nothing, and surer
    assert summary([false, hit, found], test)["mean_ap"] == {"voc2007": 50, "voc2010": 50}


def test_keys_hold_data_regions_and_options(devkit):
    encoder = Given(model(), Split(pictures(2), pictures(2), "p"))
    encoder.data_dir = str(devkit)

    def key(**options):
        return json.dumps(VocDetection(DetectionOptions(**options)).key(encoder, "all"))

    own = str(devkit / "p.npz")
    assert key() == key(proposals=str(devkit / "somewhere")) != key(proposals=own)
    assert len({key(), key(proposals=own), key(crop=48), key(limit=3), key(test_limit=3), key(seed=1)}) == 6
    before = key(proposals=own)
    np.savez(own, names=[str(i) for i in range(6)], counts=[1] * 6, boxes=[[1, 1, 9, 9]] * 6)
    assert key(proposals=own) != before


def test_what_is_refused(run, devkit, monkeypatch):
    with pytest.raises(UserError, match="`proposals`: no such file"):
        run(proposals=str(devkit / "none.npz"))
    with pytest.raises(UserError, match="one or more of fc8, fc6-8, all. Received: 'conv1'"):
        run(layer="conv1")
    with pytest.raises(UserError, match="`crop` must be at least 32"):
        run(crop=8)
    with pytest.raises(UserError, match="`batch_size` must be below 33"):
        run(batch_size=33)
    (devkit / "a.csv").write_text("1,1,2,2")
    with pytest.raises(UserError, match="`proposals` must be an .npz of boxes, or a folder"):
        run(proposals=str(devkit / "a.csv"))
    monkeypatch.setattr(proposals.os, "access", lambda place, mode: place != devkit)
    with pytest.raises(UserError, match="may not be written"):
        run(proposals=str(devkit / "new" / "folder"))
    import_module = proposals.importlib.import_module

    def without(name):
        if name.startswith("cv2"):
            raise ImportError("no cv2")
        return import_module(name)

    monkeypatch.setattr(proposals.importlib, "import_module", without)
    with pytest.raises(UserError, match="pip install opencv-contrib-python-headless"):
        run(proposals="")


def test_damaged_data_is_refused(run, devkit, monkeypatch):
    monkeypatch.setattr(training, "train", None)
    root = devkit / "VOC2007"
    with pytest.raises(UserError, match="`dataset` must be voc"):
        boxed.load("tfds:voc/2007", "x", "train")
    with pytest.raises(UserError, match="`data_dir` is needed"):
        boxed.load("", "", "train")
    annotation = (root / "Annotations/2.xml").read_text()
    for old, new, message in (
        ("<width>80</width>", "<width>90</width>", None),
        ("<xmax>", "<xmax>9", "2.xml: the box .* lies outside the image, 80 x 60"),
        ("<xmax>", "<xmax>x", "2.xml: is no annotation of VOC's"),
        ("dog", "wolf", "2.xml: 'wolf' is none of VOC's 20 classes"),
        ("</object>", "", "2.xml: is no annotation of VOC's"),
    ):
        (root / "Annotations/2.xml").write_text(annotation.replace(old, new))
        if message is None:
            assert boxed.load("", str(devkit), "train").sizes[2] == (80, 60)  # the image's own
            continue
        with pytest.raises(UserError, match=message):
            run()
    (root / "Annotations/2.xml").write_text(annotation)
    small = Image.new("RGB", (30, 20))
    whole = (root / "JPEGImages/2.jpg").read_bytes()
    small.save(root / "JPEGImages/2.jpg")
    with pytest.raises(UserError, match="2.jpg: a box of its annotation lies outside the image, 30 x 20"):
        run()
    (root / "JPEGImages/2.jpg").write_bytes(whole[:400] + b"\xff" * 9)
    with pytest.raises(UserError, match="2.jpg: cannot be decoded"):
        run()
    (root / "JPEGImages/2.jpg").unlink()
    with pytest.raises(UserError, match="2.jpg: is missing, though there is .*2.xml"):
        run()
    (root / "JPEGImages/2.jpg").write_bytes(whole)
    (root / "Annotations/2.xml").unlink()
    with pytest.raises(UserError, match="2.xml: is missing, though there is .*2.jpg"):
        run()
    with pytest.raises(UserError, match="has no predictor.json"):
        predictor.load(devkit)
