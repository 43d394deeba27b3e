"""Average precision of detections beside a plain port of the devkit's loop."""

import numpy as np
import pytest

from transfer.metrics import detection
from transfer.metrics.detection import FALSE, HIT, IGNORED


def devkit(images):
    """VOCevaldet.m for one class: all detections of all images in one order, then 11 points, and the area."""
    every = sorted(((s, i, k) for i, im in enumerate(images) for k, s in enumerate(im["scores"])), key=lambda t: -t[0])
    positives = sum(int((~im["difficult"]).sum()) for im in images)
    taken = [[False] * len(im["truth"]) for im in images]
    tp, fp = [], []
    for _, i, k in every:
        best, most = -1, -1.0
        for j, g in enumerate(images[i]["truth"]):
            a = images[i]["boxes"][k]
            w = min(a[2], g[2]) - max(a[0], g[0]) + 1
            h = min(a[3], g[3]) - max(a[1], g[1]) + 1
            if w > 0 and h > 0:
                area = (a[2] - a[0] + 1) * (a[3] - a[1] + 1) + (g[2] - g[0] + 1) * (g[3] - g[1] + 1) - w * h
                if w * h / area > most:
                    best, most = j, w * h / area
        hit = most >= 0.5 and not images[i]["difficult"][best] and not taken[i][best]
        ignored = most >= 0.5 and images[i]["difficult"][best]
        if hit:
            taken[i][best] = True
        tp.append(int(hit))
        fp.append(int(not hit and not ignored))
    tp, fp = np.cumsum(tp), np.cumsum(fp)
    recall, precision = tp / positives, tp / np.maximum(tp + fp, 1)
    points = [
        max((p for r, p in zip(recall, precision, strict=True) if r >= t / 10 - 1e-9), default=0) for t in range(11)
    ]
    area, before = 0.0, 0.0
    for i, r in enumerate(recall):
        area += (r - before) * max(precision[i:])
        before = r
    return 100 * np.mean(points), 100 * area


@pytest.mark.parametrize("seed", range(8))
def test_beside_the_devkits_loop(seed):
    rng = np.random.default_rng(seed)
    scores, images = iter(rng.permutation(10_000) / 10_000), []
    for _ in range(12):
        ends = rng.integers(1, 30, (rng.integers(0, 4), 2, 2))
        truth = np.concatenate([ends.min(axis=1), ends.max(axis=1)], axis=1)
        near = np.repeat(truth, 3, axis=0) + rng.integers(-3, 4, (3 * len(truth), 4))
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2])
        found = np.concatenate([near, rng.integers(1, 9, (2, 4)) + [0, 0, 9, 9]])
        own = np.array([next(scores) for _ in found])
        images.append({"boxes": found, "scores": own, "truth": truth, "difficult": rng.random(len(truth)) < 0.3})
    images[0]["truth"], images[0]["difficult"] = np.array([[1, 1, 9, 9]]), np.array([False])
    parts = [(im["scores"], detection.match(im["boxes"], im["scores"], im["truth"], im["difficult"])) for im in images]
    positives = sum(int((~im["difficult"]).sum()) for im in images)
    ap = detection.of_class(*(np.concatenate(part) for part in zip(*parts, strict=True)), positives)
    np.testing.assert_allclose((ap["voc2007"], ap["voc2010"]), devkit(images), rtol=1e-9)


def test_edges():
    box, other = [1, 1, 10, 10], [1, 1, 10, 5]  # IoU exactly 1/2
    twice = detection.match(
        np.array([box, other, [20, 20, 21, 21]]), np.array([0.1, 0.9, 0.5]), np.array([box]), np.array([False])
    )
    assert twice.tolist() == [FALSE, HIT, FALSE]
    assert (
        detection.match(np.array([box, box]), np.ones(2), np.array([box]), np.array([True])).tolist() == [IGNORED] * 2
    )
    assert detection.match(np.zeros((0, 4)), np.zeros(0), np.array([box]), np.array([False])).tolist() == []
    nothing = detection.of_class(np.zeros(0), np.zeros(0, int), 3)
    assert nothing == {"voc2007": 0, "voc2010": 0}
    assert all(np.isnan(v) for v in detection.of_class(np.ones(2), np.zeros(2, int), 0).values())
    one_of_two = detection.of_class(np.ones(1), np.array([HIT]), 2)
    assert one_of_two["voc2010"] == 50 and one_of_two["voc2007"] == pytest.approx(600 / 11)
