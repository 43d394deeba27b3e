"""What is said of figures."""

import pytest

from bigan.evaluation.summary import beside_raw_input


@pytest.mark.parametrize(
    "raw, count, hidden, words, interval",
    [
        (99.2, 360, 98.6, "level (-0.60)", "0.92"),
        (99.2, 360, 98.0, "below (-1.20)", "0.92"),
        (96.9, 10_000, 97.2, "level (+0.30)", "0.34"),
        (96.9, 10_000, 98.1, "above (+1.20)", "0.34"),
    ],
)
def test_the_line_beside_raw_input(raw, count, hidden, words, interval):
    (line,) = beside_raw_input({"knn_hidden": hidden, "knn_output": raw}, {"knn_hidden": raw}, count)
    said, limit = line.split("; ")
    assert said == f"1-NN beside raw input: knn_hidden {words}, knn_output level (+0.00)"
    assert limit == f"level: within {interval}, a 95 % interval"


def test_there_is_no_line_without_labels():
    assert beside_raw_input({"reconstruction": 1.0}, {}, 360) == []
