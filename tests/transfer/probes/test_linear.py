"""Linear classifiers: separable classes, a constant chosen without test labels, and what is refused."""

import numpy as np
import pytest

from bigan.data.dataset import Examples
from bigan.errors import UserError
from tests.transfer.blobs import blobs, given
from transfer.probes.linear import Linear, LinearOptions


@pytest.mark.parametrize("classifier", ["logistic", "svm"])
def test_separable_classes_are_told_apart(classifier):
    result = Linear(LinearOptions(classifier=classifier)).evaluate(given(blobs(150, 0), blobs(60, 1)), "hidden")
    assert result["accuracy"] == 100 and result["interval"] == [100, 100] and result["classifier"] == classifier


def test_nothing_is_chosen_on_test_labels():
    train, test = blobs(150, 0, spread=2.0), blobs(90, 1, spread=2.0)
    shuffled = Examples(test.images, np.random.default_rng(0).permutation(test.labels))
    one, two = (Linear(LinearOptions()).evaluate(given(train, e), "hidden") for e in (test, shuffled))
    assert one["C"] == two["C"] and two["accuracy"] < 50 < one["accuracy"]


def test_what_is_refused():
    train, task = blobs(20, 0), Linear(LinearOptions())
    with pytest.raises(UserError, match="`task=linear` needs labels"):
        task.check_data(given(train, Examples(train.images)))
    with pytest.raises(UserError, match="two classes at least"):
        task.check_data(given(Examples(train.images, train.labels * 0), train))
    with pytest.raises(UserError, match="chooses C on one in 5 training examples"):
        task.check_data(given(train.take(np.arange(3)), train))
    with pytest.raises(UserError, match="`classifier` must be one of logistic, svm"):
        LinearOptions(classifier="forest")
