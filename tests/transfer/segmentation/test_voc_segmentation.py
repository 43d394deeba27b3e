"""VOC segmentation: it learns synthetic pictures by heart, what each column trains, and what it keeps."""

import json

import numpy as np
import pytest
from PIL import Image

import transfer
from bigan.data.splits import Split
from bigan.errors import UserError
from tests.transfer.classifiers import Spy, pictures, watched
from tests.transfer.segmentation.networks import masked, unpadded
from transfer.backbone import training
from transfer.datasets import decoding, masks
from transfer.encoders import Given
from transfer.metrics import segmentation
from transfer.segmentation import fcn, fitting, segmenter
from transfer.segmentation.voc_segmentation import SegmentationOptions, VocSegmentation, summary

QUICK = {"iterations": 3, "batch_size": 2, "units": 5, "edge": 30}


@pytest.fixture
def run(monkeypatch):
    """Runs the task on images that stand in for VOC's two splits."""
    made = unpadded()

    def evaluate(train, test, out=None, layer=(), **options):
        images = {"train": train, "val": test}
        monkeypatch.setattr(masks, "load", lambda dataset, data_dir, split: images[split])
        encoder = Given(made, Split(pictures(2), pictures(2), "p"))
        return transfer.run(encoder, "voc_segmentation", layer, out, **{"progress": False} | options)

    return evaluate


@pytest.mark.slow
def test_a_segmenter_learns_pictures_by_heart(run, tmp_path, capsys):
    images = masked(10)
    results = run(images, images, tmp_path, iterations=120, batch_size=5, units=24, edge=64, dropout=0.0)
    assert capsys.readouterr().err == ""  # without progress
    (result,) = (entry["result"] for entry in results.entries)
    assert result["mean_iu"] > 90 and result["classes"] == 3, {name: result[name] for name in segmentation.FIGURES}
    assert set(result["iu"]) == {"background", "bird", "person"} and result["background_mean_iu"] < 30
    assert result["intervals"]["mean_iu"][0] <= result["mean_iu"] <= result["intervals"]["mean_iu"][1]
    assert (result["stride"], result["edge"], result["resolution"]) == (4, 64, 16)
    table = (tmp_path / "table.md").read_text()
    assert "| run | all, mean_iu | all, pixel_accuracy |" in table and "background_mean_iu: " in table
    kept = tmp_path / result["kept"]
    assert results.kept() == [kept]
    assert sorted(path.name for path in kept.iterdir()) == ["pictures.png", "predictor.json", "segmenter.keras"]
    assert np.asarray(Image.open(kept / "pictures.png")).std() > 1
    made = segmenter.Segmenter.load(kept)
    guesses = list(made.masks(decoding.decoded(images.encoded[i], images.names[i]) for i in range(len(images))))
    matrix = sum(segmentation.confusion(images.mask(i), guess, 21) for i, guess in enumerate(guesses))
    assert segmentation.figures(matrix)["mean_iu"] == pytest.approx(result["mean_iu"], abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("layer, moving", [("fc8", 1), ("fc6-8", 3), ("all", 5)])
def test_what_each_column_trains(run, monkeypatch, layer, moving):
    moved = watched(monkeypatch)
    run(masked(6), masked(3, 1), layer=layer, **QUICK)
    assert moved == [False] * (5 - moving) + [True] * moving


@pytest.mark.slow
def test_a_stopped_training_goes_on(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training, "SECONDS", 0)
    minibatch, calls = fitting.Scaled.minibatch, []

    def interrupted(self, index, numbers):
        calls.append(index)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return minibatch(self, index, numbers)

    monkeypatch.setattr(fitting.Scaled, "minibatch", interrupted)
    options = QUICK | {"iterations": 5}
    with pytest.raises(KeyboardInterrupt):
        run(masked(6), masked(3, 1), tmp_path / "a", **options)
    assert len(list((tmp_path / "a").glob("*/snapshot.npz"))) == 1
    stopped = run(masked(6), masked(3, 1), tmp_path / "a", progress=True, **options)
    assert "goes on after iteration 2" in capsys.readouterr().err and len(calls) == 6
    assert not list((tmp_path / "a").glob("*/snapshot.npz"))
    whole = run(masked(6), masked(3, 1), tmp_path / "b", **options)
    a, b = (results.entries[0]["result"] for results in (stopped, whole))
    np.testing.assert_allclose(a["loss_curve"], b["loss_curve"], rtol=1e-4)
    assert a["mean_iu"] == pytest.approx(b["mean_iu"], abs=0.5)
    again = run(masked(6), masked(3, 1), tmp_path / "a", **options)
    assert len(calls) == 11 and again.entries == stopped.entries  # nothing is computed twice


@pytest.mark.slow
def test_shuffled_test_masks_change_no_trained_weight(run, monkeypatch):
    monkeypatch.setattr(training, "train", spy := Spy(training.train))
    test = masked(2, 1)
    same = [test.masks[0], masked(1, 5).masks[0]]
    for order in (same, same[::-1]):
        run(masked(6), masks.Masked([test.encoded[0]] * 2, order, test.names[:2]), **QUICK)
    for a, b in zip(*spy.ends, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_what_is_refused(run, monkeypatch):
    images, void = masked(4), masked(2)
    monkeypatch.setattr(masks.Masked, "mask", lambda self, i: np.full((9, 9), 255 if self is void else 3, np.uint8))
    with pytest.raises(UserError, match="`splits`: every pixel of the images to test on is void"):
        run(images, void, **QUICK)
    with pytest.raises(UserError, match="`splits`: every pixel of the images to train on is void"):
        run(void, images, **QUICK)
    with pytest.raises(UserError, match="one or more of fc8, fc6-8, all. Received: 'conv1'"):
        run(images, images, layer="conv1", **QUICK)
    with pytest.raises(UserError, match="`edge` must be at least 0"):
        run(images, images, edge=-1)
    monkeypatch.undo()


@pytest.mark.slow
def test_a_damaged_image_is_named_before_training(run, monkeypatch):
    monkeypatch.setattr(training, "train", None)
    broken = masked(3)
    broken.encoded[1] = broken.encoded[1][:200]
    for train, test in ((broken, masked(3)), (masked(3), broken)):
        with pytest.raises(UserError, match="1.jpg: cannot be decoded"):
            run(train, test, **QUICK)


def test_minibatches_mirror_images_and_masks_together():
    scaled = fitting.Scaled(masked(5), fcn.layout(unpadded(), 16, 40))
    canvases, classes = scaled.minibatch(np.arange(5).repeat(8), np.random.default_rng(0))
    counts = [0, 0]
    for k, i in enumerate(np.arange(5).repeat(8)):
        for mirrored, pair in enumerate((scaled[i], [array[:, ::-1] for array in scaled[i]])):
            if np.array_equal(canvases[k], scaled.places.placed(pair[0])):
                np.testing.assert_array_equal(classes[k], scaled.places.placed_mask(pair[1], 255))
                counts[mirrored] += 1
    assert sum(counts) == 40 and min(counts) > 8
    small = fitting.Scaled(masked(5), scaled.places, memory=10_000)
    assert [small[i][0].shape for i in range(5)] == [scaled[i][0].shape for i in range(5)] and len(small.kept) < 5


def test_windows_are_what_cells_see():
    scaled = fitting.Scaled(masked(3), fcn.layout(unpadded(), 16, 40))
    windows = scaled.windows(30, np.random.default_rng(0))
    assert windows.shape == (30, 16, 16, 3)
    canvas = scaled.places.placed(scaled[1][0])
    every = np.lib.stride_tricks.sliding_window_view(canvas, (16, 16), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
    assert all((every == windows[k]).all(axis=(2, 3, 4)).any() for k in (1, 4, 7))


def test_the_summary_of_images_without_objects_or_pixels():
    matrices = np.zeros((4, 21, 21), np.int64)
    matrices[0, 0, 0] = 10  # background alone; the second and third are void throughout
    matrices[3, 5, 0] = 10
    found = summary(matrices)
    assert found["mean_iu"] == pytest.approx(25) and found["pixel_accuracy"] == 50 and found["classes"] == 2
    assert found["iu"] == {"background": 50.0, "bottle": 0.0} and found["background_mean_iu"] == 25
    assert all(np.isfinite(found["intervals"]["mean_iu"]))


def test_keys_hold_data_and_options_and_resolve_the_defaults(monkeypatch):
    encoder = Given(unpadded(), Split(pictures(2), pictures(2), "p"))

    def key(train, **options):
        images = {"train": train, "val": masked(2, 1)}
        monkeypatch.setattr(masks, "load", lambda dataset, data_dir, split: images[split])
        return json.dumps(VocSegmentation(SegmentationOptions(**options)).key(encoder, "all"))

    assert key(masked(3)) == key(masked(3), crop=16, edge=35)  # 35 = 16 * 500 / 227
    others = [key(masked(3, 2)), key(masked(3), edge=34), key(masked(3), seed=1), key(masked(3), limit=2)]
    assert len({key(masked(3)), *others}) == 5
    assert VocSegmentation(SegmentationOptions(crop=227)).longer(encoder) == 500
