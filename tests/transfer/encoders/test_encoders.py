"""What can be evaluated, by name: runs, their untrained networks, and files; and features that would not fit."""

import pytest

from bigan.errors import UserError
from bigan.runtime import memory
from tests.transfer.blobs import blobs, given
from transfer import encoders


def test_files_and_what_is_refused(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.keras").write_bytes(b"x")
    places = [str(tmp_path / folder / "net.keras") for folder in ("a", "b", "a")]
    assert [one.name for one in encoders.listed(places)] == places[:2]  # their names alone would not tell them apart
    (one,) = encoders.listed(places[:1])
    assert one.name == "net.keras" and one.folder == tmp_path / "a" and one.digest() != ""
    with pytest.raises(UserError, match="`dataset` is needed"):
        one.split()
    with pytest.raises(UserError, match="'random' stands for the first run's untrained network, and .* is no run"):
        encoders.listed([places[0], "random"])
    with pytest.raises(UserError, match="no such file: .*none.keras"):
        encoders.listed([str(tmp_path / "none.keras")])
    with pytest.raises(UserError, match="`input_range` must be two different numbers"):
        encoders.listed(places, input_range=(1.0, 1.0))
    with pytest.raises(UserError, match="no run in"):
        encoders.listed([tmp_path])


def test_features_that_would_not_fit_are_refused(monkeypatch):
    encoder = given(blobs(30, 0), blobs(9, 1))
    monkeypatch.setattr(memory, "available", lambda: 1000)
    with pytest.raises(
        UserError, match="the features of 30 examples at 'hidden'.*would take .* pass fewer examples by"
    ):
        encoder.features(encoder.split().train, "hidden")
    assert not encoder.method.calls
