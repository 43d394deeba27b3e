"""The runner from Python: what is computed, what is not computed again, and what is refused."""

import contextlib
import json
import os
import shutil
import socket
import time

import numpy as np
import pytest

import transfer
from bigan.errors import UserError
from tests.transfer.blobs import blobs, given
from transfer.encoders import Given
from transfer.probes.knn import Knn, KnnOptions
from transfer.results import Results


def test_what_is_known_is_not_computed_again(tmp_path, capsys):
    encoder = given(blobs(30, 0), blobs(9, 1))
    first = transfer.run(encoder, "knn", layer=["hidden"], out=tmp_path, k=3)
    calls = list(encoder.method.calls)
    again = given(blobs(30, 0), blobs(9, 1))
    second = transfer.run(again, "knn", layer=["hidden", "output"], out=tmp_path, k=3)
    assert calls == [("hidden", 9), ("hidden", 30)] and again.method.calls == [("output", 9), ("output", 30)]
    assert second.entries[0] == first.entries[0] and len(second.entries) == 2
    assert capsys.readouterr().err == "knn: given, hidden\nknn: given, output\n"
    transfer.run(given(blobs(30, 0), blobs(9, 1)), "knn", layer=["hidden"], out=tmp_path, k=4, progress=False)
    entries = json.loads((tmp_path / "results.json").read_text())["entries"]
    assert [entry["result"]["k"] for entry in entries] == [3, 3, 4] and not capsys.readouterr().err


def test_tasks_share_the_features_of_an_encoder():
    encoder = given(blobs(30, 0), blobs(9, 1))
    for task in ("knn", Knn(KnnOptions(k=3)), "linear"):
        assert transfer.run(encoder, task, layer="hidden", progress=False).folder is None
    assert sorted(encoder.method.calls) == [("hidden", 9), ("hidden", 30)]


def test_only_one_layers_features_are_kept():
    encoder = given(blobs(30, 0), blobs(9, 1))
    for layer in ("hidden", "output", "hidden"):
        encoder.features(encoder.split().train, layer)
    assert [layer for layer, _ in encoder.method.calls] == ["hidden", "output", "hidden"]


@pytest.mark.slow
def test_runs_by_name_and_the_untrained_network(whole, tmp_path):
    place = whole().directory.path
    with pytest.raises(UserError, match="was trained on arrays given in Python"):
        transfer.run([place, "random"], "knn", out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_what_is_refused(tmp_path):
    one, two = given(blobs(30, 0), blobs(9, 1)), given(blobs(30, 0), blobs(9, 1))
    with pytest.raises(UserError, match="two encoders are called 'given'"):
        transfer.run([one, two], "knn")
    with pytest.raises(UserError, match="`run` is needed"):
        transfer.run([], "knn")
    with pytest.raises(UserError, match="'random' may follow the first"):
        transfer.run("random", "knn")
    transfer.run([one, Given(two.method, two.split(), "two")], "knn", out=tmp_path, progress=False)
    with pytest.raises(UserError, match="holds results of `task=knn`. Received: linear"):
        transfer.run(one, "linear", out=tmp_path)
    for text in ("{", "[]", '{"task": "knn", "entries": [{"key": {}, "layer": "hidden", "result": {}}]}'):
        (tmp_path / "results.json").write_text(text)
        with pytest.raises(UserError, match=r"holds no \(or damaged\) results of a transfer task; remove it"):
            transfer.run(one, "knn", out=tmp_path)


def test_what_another_process_evaluates_is_left_to_it(tmp_path, monkeypatch, capsys):
    """Its results are taken over when they are there; the others' order is the caller's."""
    one, other = given(blobs(30, 0), blobs(9, 1)), given(blobs(30, 0), blobs(9, 1))
    seen = []

    def later(seconds):  # the other one gets done
        seen.append(json.loads((tmp_path / "results.json").read_text())["entries"])
        held.close()
        transfer.run(other, "knn", ["hidden"], tmp_path, progress=False)

    task = Knn(KnnOptions())
    results = Results(task, tmp_path)
    key = {"task": "knn", "layer": "hidden", **task.key(one, "hidden")}
    with contextlib.ExitStack() as held:
        held.enter_context(results.turn("given", "hidden", key))
        monkeypatch.setattr(time, "sleep", later)
        run = transfer.run(one, "knn", ["hidden", "output"], tmp_path)
    assert [entry["layer"] for entry in seen[0]] == ["output"]
    assert [entry["layer"] for entry in run.entries] == ["hidden", "output"]
    assert {layer for layer, _ in one.method.calls} == {"output"}
    who = f"{socket.gethostname()}, process {os.getpid()}"
    assert capsys.readouterr().err == f"knn: given, hidden: left to {who}, which is at it\nknn: given, output\n"


def test_a_result_that_is_no_numbers_is_not_kept(tmp_path):
    class Odd(Knn):
        def evaluate(self, encoder, column):
            return self.result

    task, one = Odd(KnnOptions()), given(blobs(30, 0), blobs(9, 1))
    for result in ({"foo": 1}, {"accuracy": float("nan"), "interval": [0, 1]}, {"accuracy": "a", "interval": "b"}):
        task.result = result
        with pytest.raises(UserError, match="what evaluate.. gave for given, hidden is no result of finite numbers"):
            transfer.run(one, task, "hidden", out=tmp_path / "out", progress=False)
        assert not (tmp_path / "out").exists()
    task.result = {"accuracy": np.float32(50), "interval": np.array([40.0, 60.0])}
    results = transfer.run(one, task, "hidden", out=tmp_path / "out", progress=False)
    assert results.entries[0]["result"] == {"accuracy": 50.0, "interval": [40.0, 60.0]}
    with pytest.raises(UserError, match="`task` must be a name or an instance of a task"):
        transfer.run(one, Knn)


def test_what_was_kept_beside_a_result_and_is_gone_is_made_again(tmp_path):
    class Keeping(Knn):
        def evaluate(self, encoder, column):
            self.kept.mkdir(parents=True, exist_ok=True)
            (self.kept / "model").write_text("kept")
            return super().evaluate(encoder, column) | {"kept": self.kept.name}

    task, one = Keeping(KnnOptions()), given(blobs(30, 0), blobs(9, 1))
    results = transfer.run(one, task, "hidden", out=tmp_path, progress=False)
    (place,) = results.kept()
    (place / ".aside-model-x").write_text("of a writer that was killed")
    assert transfer.run(one, task, "hidden", out=tmp_path, progress=False).kept() == [place]
    assert (place / ".aside-model-x").exists()  # nothing was evaluated
    shutil.rmtree(place)
    assert transfer.run(one, task, "hidden", out=tmp_path, progress=False).kept() == [place]
    assert (place / "model").read_text() == "kept"
    (place / ".aside-model-x").write_text("of a writer that was killed")
    key = {"task": task.name, "layer": "hidden", **task.key(one, "hidden")}
    with results.turn("given", "hidden", key):
        assert not list(place.glob(".aside-*"))


def test_results_of_an_older_version_are_read_and_kept(tmp_path):
    key = {"task": "knn", "layer": "hidden", "limit": 0, "options": {"k": 1, "metric": "euclidean"}}
    result = {"accuracy": 50.0, "interval": [40.0, 60.0], "evaluation_examples": 9}
    old = {"run": "old", "layer": "hidden", "key": key, "result": result}
    (tmp_path / "results.json").write_text(json.dumps({"task": "knn", "entries": [old]}))
    transfer.run(given(blobs(30, 0), blobs(9, 1)), "knn", layer="hidden", out=tmp_path, progress=False)
    entries = json.loads((tmp_path / "results.json").read_text())["entries"]
    assert entries[0] == old and len(entries) == 2
