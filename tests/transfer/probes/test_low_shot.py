"""Few labels: curves that rise, features that are computed once, and what is refused."""

import pytest

from bigan.data.dataset import Examples
from bigan.errors import UserError
from tests.transfer.blobs import blobs, given
from transfer.probes.low_shot import LowShot, LowShotOptions, draw


def test_curves_rise():
    encoder = given(blobs(300, 0, spread=1.5), blobs(300, 1, spread=1.5))
    curve = LowShot(LowShotOptions(shots=(1, 10, 100), draws=4)).evaluate(encoder, "hidden")["curve"]
    assert [row["shots"] for row in curve] == [1, 10, 100] and all(len(row["draws"]) == 4 for row in curve)
    assert curve[0]["accuracy"] < curve[2]["accuracy"] and curve[0]["deviation"] > curve[2]["deviation"]


def test_fewer_shots_are_among_more():
    few, more = (set(draw(blobs(300, 0).labels, n, 0)) for n in (2, 5))
    assert few < more and len(more) == 15


def test_features_are_computed_once_for_all_shots_and_draws():
    encoder = given(blobs(60, 0), blobs(30, 1))
    task = LowShot(LowShotOptions(shots=(1, 2, 5), draws=3))
    task.evaluate(encoder, "hidden")
    used = {i for number in range(3) for i in draw(blobs(60, 0).labels, 5, number)}
    assert encoder.method.calls == [("hidden", len(used)), ("hidden", 30)]


def test_a_column_for_each_number_of_shots():
    result = {"curve": [{"shots": 1, "accuracy": 50.0, "deviation": 2.0}, {"shots": 5, "accuracy": 60, "deviation": 1}]}
    points = LowShot(LowShotOptions()).points("conv1", result)
    assert [tuple(p) for p in points] == [("conv1, 1", 50, 48, 52), ("conv1, 5", 60, 59, 61)]


def test_what_is_refused():
    train = blobs(300, 0)
    with pytest.raises(UserError, match="class 0 has 100 labelled examples. Received: 101"):
        LowShot(LowShotOptions(shots=(101,))).check_data(given(train, train))
    with pytest.raises(UserError, match="`task=low_shot` needs labels"):
        LowShot(LowShotOptions()).check_data(given(train, Examples(train.images)))
    for shots in ((), (0,), ("a", 1)):
        with pytest.raises(UserError, match="`shots` must be numbers of examples, e.g. 1,2,5. Received: "):
            LowShotOptions(shots=shots)
