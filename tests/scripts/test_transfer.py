"""scripts.transfer from a user's command line: on features, and on a run with convolutions by training through them."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.processes import run_worker
from tests.scripts.commands import fail, succeed
from tests.transfer.devkit import annotate

pytestmark = pytest.mark.slow


@pytest.mark.xdist_group("runs")
def test_transfer(runs, no_backend, tmp_path):
    flags = (f"--run={runs / 'bigan'},{runs / 'gan'},random", f"--out={tmp_path / 'knn'}")
    done = succeed("transfer", *flags, "--task=knn")
    figures = json.loads((runs / "bigan" / "results.json").read_text())
    entries = json.loads((tmp_path / "knn" / "results.json").read_text())["entries"]
    accuracy = {(e["run"], e["layer"]): e["result"]["accuracy"] for e in entries}
    assert accuracy["bigan", "output"] == pytest.approx(figures["figures"]["knn_output"])
    assert accuracy["bigan", "hidden"] == pytest.approx(figures["figures"]["knn_hidden"])
    assert accuracy["random", "hidden"] == pytest.approx(figures["untrained"]["knn_hidden"])
    assert set(accuracy) == {(r, x) for r in ("bigan", "gan", "random") for x in ("hidden", "output")} - {
        ("gan", "output")
    }
    table = (tmp_path / "knn" / "table.md").read_text()
    assert table in done.stdout and f"| bigan | {accuracy['bigan', 'hidden']:.2f} [" in table
    assert np.asarray(Image.open(tmp_path / "knn" / "plot.png")).std() > 1
    more = succeed("transfer", *flags, "--task=knn", "--layer=hidden,hidden1")  # nothing is computed twice
    assert "knn: gan, hidden1" in more.stderr and "knn: gan, hidden\n" not in more.stderr
    assert "holds results of --task=knn" in fail("transfer", *flags, "--task=linear", **no_backend)


@pytest.mark.xdist_group("runs")
def test_few_labels(runs, no_backend, tmp_path):
    gan = (f"--run={runs / 'gan'}", "--limit=100", f"--out={tmp_path / 'few'}")
    few = succeed("transfer", *gan, "--task=low_shot", "--layer=hidden1", "--shots=1,2")
    assert "hidden1, 2" in few.stdout and (tmp_path / "few" / "table.md").read_text() in few.stdout
    entry = json.loads((tmp_path / "few" / "results.json").read_text())["entries"][0]
    assert entry["key"]["options"]["limit"] == 100
    assert "--shots: class" in fail("transfer", *gan, "--task=low_shot", "--shots=5000", **no_backend)
    assert "--shots must be numbers" in fail("transfer", *gan, "--task=low_shot", "--shots=a", **no_backend)
    assert "'crop'" in fail("transfer", *gan, "--crop=6", **no_backend)  # knn has no such flag
    assert "'random' may follow the first" in fail("transfer", "--run=random", **no_backend)


@pytest.mark.xdist_group("store_run")
def test_frozen_layers(store_run):
    flags = (f"--run={store_run.path},random", "--iterations=2", "--units=8")
    done = succeed("transfer", *flags, "--task=frozen_layers", "--layer=none,conv2", "--crop=36")
    table = (store_run.path / "transfer" / "frozen_layers" / "table.md").read_text()
    assert "| run | none | conv2 |" in table and table in done.stdout and "resolution: 36, iterations: 2" in table
    rows = [line.split(" | ") for line in table.splitlines()[2:4]]
    assert rows[0][1] == rows[1][1]  # from scratch it is one network: trained once
    assert done.stderr.count("frozen_layers: ") == 3
    again = (*flags, "--task=frozen_layers", "--layer=conv2", "--crop=36")
    run_worker("keras_is_imported_by_prepare", "transfer", *again, BIGAN_AFRESH="1")  # any variable: not in a fork


@pytest.mark.xdist_group("store_run")
def test_voc_classification(store_run, no_backend, tmp_path):
    run, devkit = store_run.path, tmp_path / "voc"
    for folder in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (devkit / folder).mkdir(parents=True)
    for name, label in (("1", "dog"), ("2", "cat"), ("3", "dog")):
        annotate(devkit, name, [(label, 0, (1, 1, 60, 40))])
    (devkit / "ImageSets/Main/train.txt").write_text("1\n2\n")
    voc = (f"--run={run},random", "--iterations=2", "--units=8", "--task=voc_classification", f"--data_dir={devkit}")
    assert "has no ImageSets/Main/val.txt; splits there are: train" in fail("transfer", *voc, **no_backend)
    (devkit / "ImageSets/Main/val.txt").write_text("3\n")
    succeed("transfer", *voc, "--layer=fc8")
    folder = run / "transfer" / "voc_classification"
    assert "| run | fc8, sklearn | fc8, voc2007 | fc8, voc2010 |" in (folder / "table.md").read_text()
    assert "classes: 1" in (folder / "table.md").read_text()
    for name in ("plot.png", "losses.png"):
        assert np.asarray(Image.open(folder / name)).std() > 1
    assert "one or more of fc8, fc6-8, all" in fail("transfer", *voc, "--layer=fc8,conv1", f"--out={run / 'new'}")
    assert not (run / "new").exists()  # refused before anything was trained
