"""What is said of figures."""

import pytest

from bigan.evaluation.summary import beside_raw_input


@pytest.mark.parametrize(
    "hidden, words",
    [(99.5, "level (+0.30)"), (98.0, "below (-1.20)"), (99.9, "above (+0.70)"), (99.2, "level (+0.00)")],
)
def test_the_line_beside_raw_input(hidden, words):
    (line,) = beside_raw_input({"knn_hidden": hidden, "knn_output": 99.2}, {"knn_hidden": 99.2}, 360)
    assert line == (f"1-NN beside raw input: knn_hidden {words}, knn_output level (+0.00); a standard error is 0.47")


def test_there_is_no_line_without_labels():
    assert beside_raw_input({"reconstruction": 1.0}, {}, 360) == []
