"""The figures of a segmentation, beside a plain loop over pixels and scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, jaccard_score

from transfer.metrics import segmentation


def by_hand(truth, guess, classes):
    """The four figures, pixel by pixel, in plain Python."""
    pairs = [(t, g) for t, g in zip(truth.ravel().tolist(), guess.ravel().tolist(), strict=True) if t < classes]
    if not pairs:
        return dict.fromkeys(segmentation.FIGURES, float("nan"))
    accuracies, overlaps, weighted = [], [], 0.0
    for c in range(classes):
        hit = sum(t == c and g == c for t, g in pairs)
        true, either = sum(t == c for t, _ in pairs), sum(t == c or g == c for t, g in pairs)
        if true:
            accuracies.append(hit / true)
        if either:
            overlaps.append(hit / either)
            weighted += true / len(pairs) * hit / either
    return {
        "mean_iu": 100 * sum(overlaps) / len(overlaps),
        "pixel_accuracy": 100 * sum(t == g for t, g in pairs) / len(pairs),
        "mean_accuracy": 100 * sum(accuracies) / len(accuracies),
        "frequency_weighted_iu": 100 * weighted,
    }


def same(a, b):
    assert a.keys() == b.keys()
    assert all(math.isclose(a[k], b[k], rel_tol=1e-12) or (math.isnan(a[k]) and math.isnan(b[k])) for k in a), (a, b)


@pytest.mark.parametrize("seed", range(20))
def test_random_masks(seed):
    rng = np.random.default_rng(seed)
    classes = int(rng.integers(1, 22))
    shape = tuple(rng.integers(1, 12, 2))
    truth = rng.choice([*range(classes), 255], shape).astype(np.uint8)
    guess = rng.integers(0, classes, shape).astype(np.uint8)
    matrix = segmentation.confusion(truth, guess, classes)
    same(segmentation.figures(matrix), by_hand(truth, guess, classes))
    kept = truth < classes
    if kept.any():
        labels = list(range(classes))
        np.testing.assert_array_equal(matrix, confusion_matrix(truth[kept], guess[kept], labels=labels))
        assert segmentation.figures(matrix)["pixel_accuracy"] == pytest.approx(
            100 * accuracy_score(truth[kept], guess[kept])
        )
        seen = np.union1d(truth[kept], guess[kept])
        ours = segmentation.ious(matrix)
        np.testing.assert_allclose(ours[seen], jaccard_score(truth[kept], guess[kept], labels=seen, average=None))
        assert np.isnan(np.delete(ours, seen)).all()


@pytest.mark.parametrize(
    "truth, guess, mean_iu",
    [
        ([[255, 255]], [[0, 3]], float("nan")),  # all ignored
        ([[0, 0], [0, 0]], [[0, 0], [0, 0]], 100),  # an image without objects
        ([[0, 0], [0, 0]], [[0, 0], [0, 2]], 37.5),  # the same, and an object that is not there: (3/4 + 0) / 2
        ([[1, 1], [1, 255]], [[0, 0], [0, 0]], 0),
        ([[0, 1], [2, 255]], [[0, 1], [2, 1]], 100),  # what is ignored is never wrong
        ([[0, 0, 1, 1]], [[0, 1, 1, 1]], 100 * (1 / 2 + 2 / 3) / 2),
    ],
)
def test_edge_cases(truth, guess, mean_iu):
    truth, guess = np.array(truth, np.uint8), np.array(guess, np.uint8)
    found = segmentation.figures(segmentation.confusion(truth, guess, 4))
    assert found["mean_iu"] == pytest.approx(mean_iu, nan_ok=True)
    same(found, by_hand(truth, guess, 4))


def test_matrices_of_images_add_up():
    rng = np.random.default_rng(0)
    truth, guess = rng.integers(0, 5, (2, 6, 7, 8))
    parts = sum(segmentation.confusion(t, g, 5) for t, g in zip(truth, guess, strict=True))
    np.testing.assert_array_equal(parts, segmentation.confusion(truth, guess, 5))
    with pytest.raises(ValueError, match="must have one shape"):
        segmentation.confusion(truth[0], guess, 5)
