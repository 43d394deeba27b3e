"""What a run says of its samples and of E's outputs, on both kinds of features."""

import numpy as np
import pytest

from bigan.training.run_directory import RunDir
from bigan.training.train import train
from tests.processes import run_worker
from tests.runs import same_run

pytestmark = pytest.mark.slow
OF_SAMPLES = {"precision", "recall", "density", "coverage", "kernel_distance", "authenticity"}
OF_SAMPLES = {f"sample_{name}" for name in OF_SAMPLES}


def compared(figures):
    return set(figures) & (OF_SAMPLES | {"reconstruction_class"})


def test_a_run_says_what_its_samples_are_worth(tiny, data, tmp_path):
    config = tiny.replace(compared_samples=30)
    run = train(config, tmp_path / "run", progress=False, **data)
    figures, untrained, raw, protocol = (run.results[key] for key in ("figures", "untrained", "raw", "protocol"))
    assert compared(figures) == compared(untrained) == OF_SAMPLES | {"reconstruction_class"}
    assert compared(raw) == OF_SAMPLES  # of training images in place of samples
    assert raw["sample_recall"] > 0.5 > untrained["sample_recall"]
    assert raw["sample_kernel_distance"] < untrained["sample_kernel_distance"]
    assert protocol["compared_samples"] == 30 and protocol["sample_authenticity"] == "90 training examples"
    assert protocol["sample_features"].startswith("classifier ")
    assert all(0 <= figures[f"sample_{name}"] <= 1 for name in ("precision", "recall", "coverage"))
    # The same again, on the same features: they do not depend on the run.
    other = train(config.replace(seed=4, method="gan"), tmp_path / "other", progress=False, **data)
    assert other.results["protocol"]["sample_features"] == protocol["sample_features"]
    assert {name: value for name, value in other.results["raw"].items() if name in OF_SAMPLES} == (
        {name: value for name, value in raw.items() if name in OF_SAMPLES}
    )
    assert compared(other.results["figures"]) == OF_SAMPLES  # without an E, no reconstructions
    again = train(config, tmp_path / "again", progress=False, **data)
    same_run(again.directory.path, run.directory.path)


def test_raw_values_without_labels_and_what_is_left_out(tiny, data, tmp_path):
    config = tiny.replace(compared_samples=1000)  # more than there are
    pictures = {"images": data["images"], "test_images": data["test_images"]}
    run = train(config, tmp_path / "plain", progress=False, **pictures)
    assert compared(run.results["figures"]) == OF_SAMPLES == set(run.results["raw"])
    assert run.results["protocol"]["sample_features"] == "raw values"
    assert run.results["protocol"]["compared_samples"] == 30
    made = train(config.replace(method="autoencoder_l2"), tmp_path / "autoencoder", progress=False, **data)
    assert compared(made.results["figures"]) == {"reconstruction_class"} and not compared(made.results["raw"])
    none = train(config.replace(method="simclr"), tmp_path / "simclr", progress=False, **data)
    assert not compared(none.results["figures"]) and "sample_features" not in none.results["protocol"]
    few = train(config.replace(compared_samples=5), tmp_path / "few", progress=False, **data)  # a ball needs six
    assert not compared(few.results["figures"])


def test_alarms_are_lines_of_the_log(tiny, data, tmp_path, capsys, monkeypatch):
    from bigan.evaluation import collapse

    monkeypatch.setattr(collapse, "RUNAWAY", 0.5)  # of the median output: always passed
    train(tiny, tmp_path, **data)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert [line.partition(":")[2].strip().partition(": one")[0] for line in lines] == ["epoch 2", "epoch 4"]
    assert all("of E's outputs has run away" in line for line in lines)  # none of the untrained encoder


def test_two_replicas_are_judged_alike(tmp_path):
    run_worker("train_compared", tmp_path)
    results = RunDir(tmp_path).results()
    assert compared(results["figures"]) == OF_SAMPLES | {"reconstruction_class"}
    assert np.isfinite(list(results["figures"].values())).all() and results["raw"]["sample_recall"] > 0.5
