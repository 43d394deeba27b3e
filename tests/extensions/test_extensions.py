"""A method with four networks, a categorical latent, a source of images and a task, from one file outside the package.

They train, resume after SIGKILL, are evaluated and exported, and stand in --help and in the errors that list what there
is: see `tests.extensions.toys`.
"""

import json
import os
import signal

import keras
import numpy as np
import pytest

import bigan
from bigan.training.run import Run
from bigan.training.run_directory import RunDir, read_arrays
from tests import processes

PLUGIN = "--plugins=tests.extensions.toys"
FLAGS = [
    PLUGIN,
    "--method=agreeing",
    "--latent=categorical",
    "--dataset=stripes",
    "--crop=10",
    "--flip",
    "--latent_dim=5",
    "--width=32",
    "--batch_size=16",
    "--epochs=12",
    "--eval_every=4",
    "--nearest_samples=50",
    "--device=cpu",
    "--jit=off",
]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("extensions")]


def run(script, *flags):
    return processes.run(f"scripts.{script}", *flags)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("extensions") / "whole"
    done = run("train", *FLAGS, f"--workdir={folder}")
    assert done.returncode == 0, done.stderr
    return folder


def test_four_networks_are_trained_saved_and_counted(whole):
    document = json.loads((whole / "config.json").read_text())
    assert document["parameters"].keys() == {"encoder", "generator", "discriminator", "projector"}
    assert document["parameters"]["projector"] == 5 * 3
    recorded = {name: document["config"][name] for name in ("method", "latent", "dataset")}
    assert recorded == {
        "method": "tests.extensions.toys:Agreeing",
        "latent": "tests.extensions.toys:Categorical",
        "dataset": "tests.extensions.toys:Stripes",
    }
    before, after = (read_arrays(whole / "checkpoints" / f"{epoch}.npz") for epoch in (0, 12))
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    assert any(name.startswith("projector/") for name in moved)
    rows = Run(RunDir(whole)).history
    assert all("disagreement" in row for row in rows[1:])


def test_a_killed_run_ends_as_an_undisturbed_one(whole, tmp_path):
    metrics = tmp_path / "run" / "metrics.csv"
    process = processes.start("scripts.train", *FLAGS, f"--workdir={tmp_path / 'run'}")
    status = process.kill_when(lambda: metrics.is_file() and len(metrics.read_text().splitlines()) > 5)
    assert status == -signal.SIGKILL
    done = run("train", *FLAGS, f"--workdir={tmp_path / 'run'}")
    assert done.returncode == 0 and "resuming" in done.stderr
    one, two = (read_arrays(RunDir(folder).snapshot) for folder in (whole, tmp_path / "run"))
    assert one.keys() == two.keys()
    for name in one.keys() - {"notes"}:
        assert np.array_equal(one[name], two[name]), name


def test_the_latent_is_drawn_encoded_and_exported(whole, tmp_path):
    model = bigan.load(whole)
    images = Run(RunDir(whole)).split().evaluation.images[:7]
    encoded = model.encode(images)
    np.testing.assert_allclose(encoded.sum(axis=1), 1, atol=1e-5)
    assert model.generate(np.eye(5, dtype=np.float32)).shape == (5, 10, 10, 1)
    model.export_encoder(tmp_path / "encoder.keras")
    exported = keras.models.load_model(tmp_path / "encoder.keras")
    np.testing.assert_allclose(exported.predict(np.asarray(images), verbose=0), encoded, atol=1e-5)


def test_the_task_is_evaluated_with_its_option(whole, tmp_path):
    flags = (f"--run={whole},random", "--task=nearest_mean", "--power=1.5", f"--out={tmp_path / 'out'}")
    done = run("transfer", PLUGIN, *flags)
    assert done.returncode == 0, done.stderr
    entries = json.loads((tmp_path / "out" / "results.json").read_text())["entries"]
    assert {(entry["run"], entry["layer"]) for entry in entries} == {
        (name, layer) for name in (whole.name, "random") for layer in ("hidden", "output")
    }
    assert all(entry["key"]["options"]["power"] == 1.5 for entry in entries)
    refused = run("transfer", PLUGIN, *flags[:2], "--power=0")
    assert refused.returncode == 1 and "--power must be greater than 0" in refused.stderr


def test_help_and_errors_list_them(tmp_path):
    helped = run("train", PLUGIN, "--help").stdout
    for name in ("agreeing", "categorical", "stripes"):
        assert name in helped, name
    tasks = run("transfer", PLUGIN, "--help").stdout
    assert "nearest_mean" in tasks and "--power" in tasks
    workdir = f"--workdir={tmp_path / 'run'}"
    for flag, listed in {"--method=vae": "agreeing", "--latent=x": "categorical", "--dataset=x": "stripes"}.items():
        line = run("train", PLUGIN, flag, workdir).stderr
        assert line.count("\n") == 1 and f"{flag.partition('=')[0]} must be one of" in line and listed in line
    line = run("transfer", PLUGIN, "--task=x", f"--run={tmp_path}").stderr
    assert line.count("\n") == 1 and "--task must be one of" in line and "nearest_mean" in line
    line = run("train", "--plugins=nowhere", workdir).stderr
    assert line.count("\n") == 1 and "--plugins: cannot import 'nowhere'" in line
    assert not os.path.exists(tmp_path / "run")
