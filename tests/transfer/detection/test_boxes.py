"""Overlap, coding and suppression of boxes beside pixels counted one by one, and plain loops."""

import numpy as np
import pytest

from transfer.detection import boxes


def random(count, edge=12, seed=0):
    ends = np.random.default_rng(seed).integers(1, edge + 1, (count, 2, 2))
    return np.concatenate([ends.min(axis=1), ends.max(axis=1)], axis=1)


def pixels(box):
    return {(x, y) for x in range(box[0], box[2] + 1) for y in range(box[1], box[3] + 1)}


def test_overlap_is_that_of_pixels():
    a, b = random(30), random(20, seed=1)
    expected = [[len(pixels(p) & pixels(q)) / len(pixels(p) | pixels(q)) for q in b] for p in a]
    np.testing.assert_allclose(boxes.iou(a, b), expected)
    assert boxes.iou(np.zeros((0, 4)), b).shape == (0, 20)
    assert boxes.iou([[3, 3, 3, 3]], [[3, 3, 3, 3]]) == 1 and boxes.iou([[1, 1, 2, 2]], [[3, 1, 4, 2]]) == 0


def test_coding():
    regions, targets = random(50), random(50, seed=1)
    offsets = boxes.encode(regions, targets)
    np.testing.assert_allclose(boxes.decode(regions, offsets), targets, atol=1e-9)
    np.testing.assert_allclose(boxes.encode(regions, regions), 0)
    # 10 x 20 to 20 x 20, the centre 5 pixels to the right: half of the region's width.
    np.testing.assert_allclose(boxes.encode([[1, 1, 10, 20]], [[1, 1, 20, 20]]), [[0.5, 0, np.log(2), 0]])
    far = boxes.decode(np.array([[1, 1, 4, 4]]), np.array([[0, 0, 99.0, 99.0]]))
    assert np.isfinite(far).all()
    np.testing.assert_array_equal(boxes.clip(far, 9, 7), [[1, 1, 9, 7]])


@pytest.mark.parametrize("overlap", [0.0, 0.3, 0.7])
def test_suppression(overlap):
    found = random(60, edge=8)
    scores = np.random.default_rng(2).integers(0, 20, 60)  # many ties
    left, expected = sorted(range(60), key=lambda i: (-scores[i], i)), []
    while left:
        best = left.pop(0)
        expected.append(best)
        left = [i for i in left if boxes.iou(found[[best]], found[[i]])[0, 0] <= overlap]
    assert boxes.suppress(found, scores, overlap).tolist() == expected
    assert boxes.suppress(found[:0], scores[:0], overlap).tolist() == []
    same = np.tile([[1, 1, 5, 5]], (4, 1))
    assert boxes.suppress(same, [1, 3, 2, 3], overlap).tolist() == [1]
