"""Average precision against independent implementations, on random and adversarial cases."""

import numpy as np
import pytest

from transfer.metrics import average_precision


def step_area(scores, positives):
    """For each positive, the part of positives among what scores as high or higher, negatives of its score included."""
    values = []
    for score in scores[positives]:
        above = scores >= score
        values.append(np.sum(positives & above) / np.sum(above))
    return sum(values) / len(values)


def eleven_points(scores, positives):
    """VOC2007's own loop, over thresholds from the top, ties broken against the positives."""
    ranked = sorted(zip(scores, positives, strict=True), key=lambda pair: (-pair[0], pair[1]))
    points, found = [], 0
    for rank, (_, positive) in enumerate(ranked, 1):
        found += positive
        points.append((found, found / rank))
    total = sum(positives)
    return sum(max([p for f, p in points if f * 10 >= t * total], default=0.0) for t in range(11)) / 11


def area(scores, positives):
    """VOC2010's: recall and precision with ends added, envelope, sum of rectangles where recall changes."""
    ranked = [p for _, p in sorted(zip(scores, positives, strict=True), key=lambda pair: (-pair[0], pair[1]))]
    found = np.cumsum(ranked)
    recall = np.concatenate([[0], found / sum(positives), [1]])
    values = np.concatenate([[0], found / np.arange(1, len(ranked) + 1), [0]])
    for i in range(len(values) - 2, -1, -1):
        values[i] = max(values[i], values[i + 1])
    where = np.flatnonzero(recall[1:] != recall[:-1])
    return float(np.sum((recall[where + 1] - recall[where]) * values[where + 1]))


def cases():
    rng = np.random.default_rng(0)
    for n in (1, 2, 10, 11, 200):
        for _ in range(10):
            positives = rng.random(n) < rng.choice([0.1, 0.5, 0.9])
            if positives.any():
                yield rng.normal(size=n), positives
                yield rng.integers(0, 3, n).astype(float), positives  # many ties
    yield np.zeros(7), np.array([1, 0, 0, 1, 0, 0, 0], bool)  # nothing but ties
    yield np.arange(10.0), np.ones(10, bool)
    yield np.arange(20.0), np.arange(20) < 1  # the one positive last


def test_the_three_kinds():
    count = 0
    for scores, positives in cases():
        assert average_precision.sklearn(scores, positives) == pytest.approx(step_area(scores, positives), abs=1e-9)
        assert average_precision.voc2007(scores, positives) == pytest.approx(eleven_points(scores, positives), abs=1e-9)
        assert average_precision.voc2010(scores, positives) == pytest.approx(area(scores, positives), abs=1e-9)
        count += 1
    assert count > 60


def test_by_hand():
    scores, positives = np.array([4.0, 3, 2, 1]), np.array([1, 0, 1, 0], bool)
    assert average_precision.sklearn(scores, positives) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision.voc2007(scores, positives) == pytest.approx((6 * 1 + 5 * 2 / 3) / 11)
    assert average_precision.voc2010(scores, positives) == pytest.approx((1 + 2 / 3) / 2)


def test_difficult_ones_and_classes_without_positives_are_left_out():
    labels = np.array([[1, -1, 0], [-1, -1, 0], [0, -1, 0], [1, -1, 0]])
    scores = np.array([[0.9, 1, 1], [0.1, 1, 1], [0.95, 1, 1], [0.8, 1, 1]])
    assert average_precision.mean(scores, labels) == {"sklearn": 100, "voc2007": 100, "voc2010": 100}
    assert np.isnan(average_precision.sklearn(np.ones(3), np.zeros(3, bool)))
    assert all(np.isnan(v) for v in average_precision.mean(scores[:, 1:], labels[:, 1:]).values())
    with pytest.raises(ValueError, match="finite vectors"):
        average_precision.sklearn(np.array([np.nan]), np.array([True]))
