"""config.json and what else a run directory holds, without training."""

import json

import numpy as np
import pytest

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.runtime import files
from bigan.training.record import Record
from bigan.training.run import Run
from bigan.training.run_directory import RunDir

SPEC = Spec((3,), "float32", (0.0, 1.0, 2.0), (1.0, 2.0, 3.0))


@pytest.fixture
def run(tmp_path):
    directory = RunDir(tmp_path / "run")
    parameters = {"encoder": 12, "generator": 34}
    directory.write_config(Config(seed=7), SPEC, "print", {"name": "vectors", "classes": []}, parameters)
    return directory


def test_config_json_says_what_the_run_is(run):
    document = json.loads((run.path / "config.json").read_text())
    assert document["format"] == 2 and document["parameters"] == {"encoder": 12, "generator": 34}
    assert document["config"]["method"] == "bigan.models:BiGAN" and document["config"]["seed"] == 7
    assert document["data"]["fingerprint"] == "print"
    config, spec, data = run.read_config()
    assert config == Config(seed=7) and spec == SPEC and data["name"] == "vectors"


def test_format_1_is_read(run):
    path = run.path / "config.json"
    document = json.loads(path.read_text())
    del document["parameters"], document["config"]["latent"]  # which it had not
    old = document["config"] | {"method": "bigan.model:BiGAN"}
    path.write_text(json.dumps(document | {"format": 1, "config": old}))
    config, spec, _ = run.read_config()
    assert config == Config(seed=7) and spec == SPEC


def test_metrics_csv_leaves_out_what_was_not_measured(run):
    rows = [{"epoch": 0, "knn_hidden": 50.0}, {"epoch": 1, "loss": 0.25}]
    run.write_metrics(rows)
    assert run.read_metrics() == rows
    (run.path / "metrics.csv").write_text("epoch,loss\n1,much\n")
    with pytest.raises(UserError, match=r"metrics\.csv: is damaged"):
        run.read_metrics()


def test_checkpoints_are_found_and_pruned(run):
    with pytest.raises(UserError, match="no checkpoint 'last' in .*; there are: none yet"):
        run.checkpoint()
    for name in ("0", "2", "10", "9", "best"):
        files.write_arrays(run.checkpoints / f"{name}.npz", {"x": np.zeros(1)})
    assert run.checkpoint().stem == "10" and run.latest_checkpoint() == 10
    run.prune(2)
    assert sorted(path.stem for path in run.checkpoints.iterdir()) == ["0", "10", "9", "best"]
    with pytest.raises(UserError, match="no checkpoint '2' in .*; there are: 0, 9, 10, best"):
        run.checkpoint("2")


def test_a_record_comes_back_from_its_notes():
    record = Record(3, 2, [{"epoch": 0}, {"epoch": 3, "loss": 0.5, "knn_hidden": 90.0}], None, {"a": 1.0}, {}, {}, 4.25)
    notes = json.loads(json.dumps(record.notes(Config(epochs=9))))
    assert notes["epochs"] == 9 and Record.from_notes(notes) == record
    results = record.results(Config(epochs=9), {"knn_hidden"}, {"seed": 0}, False)
    assert results["figures"] == {"knn_hidden": 90.0} and results["raw"] == {"a": 1.0}
    assert not results["complete"] and (results["epoch"], results["epochs"]) == (3, 9)


@pytest.mark.parametrize("field", ["method", "networks", "latent", "dataset"])
def test_a_run_whose_module_is_gone_says_so(tmp_path, field):
    directory = RunDir(tmp_path / "run")
    directory.write_config(Config(**{field: "gone.away:Mine"}), SPEC, "print", {"name": "mine", "classes": []}, {})
    run = Run(directory)
    for use in (run.load, run.split):
        with pytest.raises(UserError, match=f"was made with the {field} 'gone.away:Mine', and that module is not on"):
            use()
