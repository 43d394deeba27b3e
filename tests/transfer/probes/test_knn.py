"""Nearest neighbours: separable classes, votes, the cosine, and what is refused."""

import numpy as np
import pytest

from bigan.data.dataset import Examples
from bigan.errors import UserError
from bigan.runtime import memory
from tests.transfer.blobs import blobs, given
from transfer.probes.knn import Knn, KnnOptions


def accuracy(encoder, **options):
    return Knn(KnnOptions(**options)).evaluate(encoder, "hidden")["accuracy"]


def test_separable_classes_are_told_apart():
    result = Knn(KnnOptions()).evaluate(given(blobs(150, 0), blobs(60, 1), "test set, 60 examples"), "hidden")
    assert result["accuracy"] == 100 and result["interval"] == [100, 100]
    assert result["training_examples"] == 150 and result["evaluation"] == "test set, 60 examples"


def test_more_neighbours_and_the_cosine():
    train, test = blobs(300, 0, spread=1.5), blobs(300, 1, spread=1.5)
    assert accuracy(given(train, test), k=25) > accuracy(given(train, test)) + 5
    far = Examples(train.images * np.arange(1, 301)[:, None], train.labels)
    assert accuracy(given(far, test), metric="cosine") == accuracy(given(train, test), metric="cosine")


def test_what_is_refused(monkeypatch):
    encoder = given(blobs(300, 0), blobs(300, 1))
    with pytest.raises(UserError, match="`k` must be between 1 and the 300 training examples. Received: 301"):
        Knn(KnnOptions(k=301)).check_data(encoder)
    with pytest.raises(UserError, match="`metric` must be one of euclidean, cosine"):
        KnnOptions(metric="manhattan")
    with pytest.raises(UserError, match="`task=knn` needs labels"):
        Knn(KnnOptions()).check_data(given(blobs(20, 0), Examples(blobs(20, 0).images)))
    monkeypatch.setattr(memory, "available", lambda: 10**5)
    with pytest.raises(UserError, match=r"`k=300` neighbours of 300 examples would take 0\.0 GB of memory"):
        Knn(KnnOptions(k=300)).check_data(encoder)
