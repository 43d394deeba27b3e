"""scripts.train from a user's command line."""

import csv

import pytest

from tests.scripts.commands import QUICK, command

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("runs")]


def test_train_again_says_complete(runs, no_backend):
    done = command("train", "--preset=digits_thesis", *QUICK, f"--workdir={runs / 'bigan'}", **no_backend)
    assert "is complete (2 epochs)" in done.stderr and "1-NN beside raw input: knn_hidden " in done.stdout
    with open(runs / "bigan" / "metrics.csv") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["0", "1", "2"]
