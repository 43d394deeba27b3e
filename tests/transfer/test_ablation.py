"""Intervals, paired differences and courses of an ablation, against SciPy and by hand."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from transfer import ablation
from transfer.metrics.student import mean_interval
from transfer.rows import Row


@pytest.mark.parametrize("count", [2, 3, 10])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_interval_is_scipys(count, confidence):
    values = np.random.default_rng(count).normal(50, 3, count).tolist()
    found = mean_interval(values, confidence)
    low, high = stats.t.interval(confidence, count - 1, np.mean(values), stats.sem(values))
    assert (found.value - found.half, found.value + found.half) == pytest.approx((low, high))


def test_the_interval_by_hand():
    # s = 1, t of 2 degrees of freedom at 97.5 % is 4.30265.
    assert mean_interval([1.0, 2.0, 3.0]).text(3) == "2.000 ± 2.484"
    assert mean_interval([1.0, 2.0, 3.0]).text(1, "+") == "+2.0 ± 2.5"
    assert mean_interval([2.0, 2.0]).text() == "2.00 ± 0.00"
    one = mean_interval([2.0])
    assert math.isnan(one.half) and one.text() == "2.00" and one.json() == {"mean": 2.0, "interval": None}


@pytest.fixture
def found():
    base = Row("base", {"knn": {0: 90.0, 1: 80.0, 2: 70.0}}, {0: 10.0, 1: 10.0, 2: 10.0})
    other = Row("other", {"knn": {2: 72.0, 0: 91.0, 3: 0.0}, "mine": {0: 5.0}}, {2: 12.0, 0: 14.0, 3: 9.0})
    return [base, other]


def test_differences_are_of_the_same_seed(found):
    base, other = found
    assert ablation.paired(other, base, "knn") == [2.0, 1.0] and ablation.paired(other, base, "mine") == []
    (row,) = ablation.differences(found).rows
    # Differences 2 and 1: s / sqrt(2) = 0.5, t of one degree of freedom 12.7062; of seconds 2 and 4.
    assert row == ["other", "2", "+1.50 ± 6.35", "-", "+3.0 ± 12.7"]
    test = stats.ttest_rel([91.0, 72.0], [90.0, 70.0]).confidence_interval(0.95)
    about = json.loads(json.dumps(ablation.document(found), allow_nan=False))["variations"]["other"]["knn"]
    assert about["minus_base"]["interval"] == pytest.approx([test.low, test.high])
    assert about["minus_base"]["seeds"] == 2 and about["values"] == {"2": 72.0, "0": 91.0, "3": 0.0}


def test_without_the_base_or_a_common_seed_there_are_no_differences(found):
    base, other = found
    assert ablation.differences([other]).rows == []
    assert ablation.differences([base, Row("late", {"knn": {7: 1.0}}, {7: 1.0})]).rows == []
    assert "minus_base" not in ablation.document([other])["variations"]["other"]["knn"]


def test_courses_are_means_over_the_epochs_that_all_have():
    courses = [
        {0.0: (0.0, 10.0), 1.0: (2.0, 50.0), 2.0: (4.0, 60.0), 3.0: (6.0, 61.0)},
        {0.0: (0.0, 12.0), 1.0: (4.0, 54.0), 3.0: (10.0, 63.0)},
    ]
    assert ablation.mean_of_courses(courses) == [(3.0, 52.0), (8.0, 62.0)]
