"""Every script from a user's command line, end to end, and its error lines."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from baselines import METHODS
from bigan.data import digits
from bigan.rundir import RunDir
from bigan.training import train
from tests.test_voc import annotate

ROOT = Path(__file__).parent.parent
QUICK = ("--epochs=2", "--width=16", "--latent_dim=4", "--nearest_samples=64", "--eval_every=1")


def command(script, *flags, limit=0, **environment):
    code = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); " if limit else ""
    code += f"import runpy, sys; sys.argv[0] = 'scripts.{script}'; runpy.run_module('scripts.{script}', "
    code += "run_name='__main__', alter_sys=True)"
    return subprocess.run(
        [sys.executable, "-c", code, *flags], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"KERAS_BACKEND": "tensorflow"} | environment,
    )  # fmt: skip


def succeed(script, *flags):
    done = command(script, *flags)
    assert done.returncode == 0, done.stderr
    return done


def fail(script, *flags, **options):
    done = command(script, *flags, **options)
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    lines = done.stderr.strip().splitlines()
    assert lines[-1].startswith("error: ") and "Traceback" not in done.stderr, done.stderr
    return lines[-1]


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """The environment in which importing Keras fails: what is refused there is refused before a backend is started."""
    poison = tmp_path_factory.mktemp("poison")
    (poison / "keras.py").write_text("raise SystemExit('keras was imported')")
    return {"PYTHONPATH": str(poison)}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    flags = folder / "flags"
    flags.write_text("--preset=digits\n" + "\n".join(QUICK))
    done = succeed("train", f"--flagfile={flags}", f"--workdir={folder / 'bigan'}")
    assert "untrained" in done.stdout and "samples/2.png" in done.stdout and "epoch 2/2" in done.stderr
    config = RunDir(folder / "bigan").read_config()[0]
    for method in ("gan", "autoencoder_l2"):
        train(config.replace(method=METHODS[method]), folder / method, progress=False)
    return folder


@pytest.mark.xdist_group("runs")
def test_train_again_says_complete(runs, quick):
    done = command("train", *QUICK, f"--workdir={runs / 'bigan'}", **quick)
    assert "is complete (2 epochs)" in done.stderr and "knn_output" in done.stdout
    with open(runs / "bigan" / "metrics.csv") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["0", "1", "2"]


@pytest.mark.xdist_group("runs")
def test_transfer(runs, quick, tmp_path):
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
    assert "holds results of --task=knn" in fail("transfer", *flags, "--task=linear", **quick)
    gan = (f"--run={runs / 'gan'}", "--limit=100", f"--out={tmp_path / 'few'}")
    few = succeed("transfer", *gan, "--task=low_shot", "--layer=hidden1", "--shots=1,2")
    assert "hidden1, 2" in few.stdout and (tmp_path / "few" / "table.md").read_text() in few.stdout
    entry = json.loads((tmp_path / "few" / "results.json").read_text())["entries"][0]
    assert entry["key"]["limit"] == 100
    assert "--shots: class" in fail("transfer", *gan, "--task=low_shot", "--shots=5000", **quick)
    assert "--shots must be numbers" in fail("transfer", *gan, "--task=low_shot", "--shots=a")
    assert "--crop is for --task=frozen_layers and voc_classification" in fail("transfer", *gan, "--crop=6")
    assert "'random' may follow the first" in fail("transfer", "--run=random")


@pytest.mark.xdist_group("runs")
def test_dump(runs, quick, tmp_path):
    what = "--what=samples,reconstructions,interpolations"
    succeed("dump", f"--run={runs / 'bigan'}", what, "--num=5", "--format=npz", f"--out={tmp_path}")
    pairs = np.load(tmp_path / "reconstructions.npz")
    assert pairs["images"].shape == pairs["reconstructions"].shape == (5, 8, 8, 1) and pairs["encoded"].shape == (5, 4)
    lines = np.load(tmp_path / "interpolations.npz")
    assert lines["images"].shape == (55, 8, 8, 1)
    np.testing.assert_allclose(lines["z"][5], (lines["z"][0] + lines["z"][10]) / 2, atol=1e-6)
    assert np.load(tmp_path / "samples.npz")["z"].shape == (5, 4)
    # What a method does not have is not made up.
    line = fail("dump", f"--run={runs / 'gan'}", "--what=samples,reconstructions")
    assert "--what=reconstructions needs the encoder, and GAN has none" in line
    line = fail("dump", f"--run={runs / 'gan'}", "--what=samples,map", "--layer=conv9", f"--out={tmp_path / 'none'}")
    assert "no layer 'conv9'" in line and not (tmp_path / "none").exists()
    few = ("--what=samples,map", "--num=3", f"--out={tmp_path / 'few'}")
    line = fail("dump", f"--run={runs / 'bigan'}", *few, **quick)
    assert "--what=map needs --num of 10 at least. Received: 3" in line and not (tmp_path / "few").exists()
    note = succeed("dump", f"--run={runs / 'autoencoder_l2'}", "--what=samples", f"--out={tmp_path}").stdout
    assert "does not train G on the latent distribution" in note
    assert "and there are 360" in fail("dump", f"--run={runs / 'bigan'}", "--num=1000", **quick)
    assert "--what" in fail("dump", f"--run={runs / 'bigan'}", "--what=dreams", **quick)
    assert "no checkpoint '7'" in fail("dump", f"--run={runs / 'bigan'}", "--checkpoint=7", **quick)
    succeed("dump", f"--run={runs / 'gan'}", "--what=filters,neighbors,map", "--num=12", f"--out={tmp_path}")
    for name in ("filters", "neighbors", "map"):
        assert np.asarray(Image.open(tmp_path / f"{name}.png")).std() > 1


@pytest.mark.xdist_group("runs")
def test_encode_and_the_plain_keras_model(runs, quick, tmp_path):
    succeed("encode", f"--run={runs / 'bigan'}", f"--out={tmp_path / 'f.npz'}")
    arrays = np.load(tmp_path / "f.npz")
    assert arrays["train"].shape == (1437, 4) and len(arrays["evaluation_labels"]) == 360
    succeed("encode", f"--run={runs / 'bigan'}", f"--out={tmp_path / 'e.keras'}")
    np.savez(tmp_path / "images.npz", x=digits.load().test.images)
    # As a model of the user's own, and elsewhere, without this package.
    own = (f"--run={tmp_path / 'e.keras'}", "--layer=hidden,latent")
    assert "--dataset is needed" in fail("transfer", *own, **quick)
    assert "| e.keras |" in succeed("transfer", *own, "--dataset=digits").stdout
    code = (
        "import sys, keras, numpy as np; m = keras.models.load_model('e.keras'); "
        "assert not any(n == 'bigan' or n.startswith('bigan.') for n in sys.modules); "
        "np.save('z.npy', m.predict(np.load('images.npz')['x'], verbose=0))"
    )
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "z.npy"), arrays["evaluation"], atol=1e-5)


def test_bad_flags_are_one_line_and_quick(quick, tmp_path):
    workdir = f"--workdir={tmp_path / 'run'}"
    began = time.monotonic()
    cases = {
        ("--preset=mnits", workdir): "--preset must be one of digits, mnist, vectors, tiny32",
        ("--dataset=mnits", workdir): "--dataset must be one of",
        ("--method=vae", workdir): "--method must be one of bigan, gan, latent_regressor",
        ("--method=nowhere:Mine", workdir): "--method: there is no module 'nowhere'",
        ("--scaling=0,1", workdir): "--scaling is for --dataset=vectors, not for digits",
        ("--batch_size=5000", workdir): "--batch_size must be at most the 1437 training examples",
        ("--variant=mine", workdir): "--variant must be one of thesis, released",
        ("--epochs=many", workdir): "epochs",
        ("--epoch_count=3", workdir): "epoch_count",
        ("--dataset=idx", workdir): "--dataset=idx needs --data_dir",
        (): "--workdir is needed",
        (workdir, "stray"): "unexpected argument 'stray'",
        (f"--flagfile={tmp_path / 'none'}",): "none",
    }
    for flags, message in cases.items():
        assert message in fail("train", *flags, **quick), flags
    assert "no run in" in fail("transfer", f"--run={tmp_path}", **quick)
    assert "--run is needed" in fail("dump", **quick)
    assert "--out must be a .npz or .keras file" in fail("encode", "--out=a.txt", **quick)
    assert command("train", "--help", **quick).stdout.count("--") > 30
    assert not (tmp_path / "run").exists()
    assert (time.monotonic() - began) / 17 < 4


def test_prepare_and_train_on_the_store(quick, tmp_path):
    rng = np.random.default_rng(0)
    for split, count in (("train", 16), ("val", 10)):
        for name in ("a", "b"):
            (tmp_path / "images" / split / name).mkdir(parents=True)
            for i in range(count):
                picture = Image.fromarray(rng.integers(0, 256, (40, 44, 3), np.uint8))
                picture.save(tmp_path / "images" / split / name / f"{i}.jpg")
    (tmp_path / "images" / "train" / "a" / "notes.txt").write_text("")
    prepare = ("--edge=36", f"--data_dir={tmp_path / 'images'}", f"--out={tmp_path / 'store'}")
    done = succeed("prepare", *prepare)
    assert "train, 32 images" in done.stdout and "2 classes" in done.stdout and "notes.txt" in done.stderr
    assert "is complete" in succeed("prepare", *prepare).stderr
    tiny32 = ("--preset=tiny32", f"--data_dir={tmp_path / 'store'}", "--epochs=1", "--batch_size=16", "--width=4",
              "--nearest_samples=16")  # fmt: skip
    succeed("train", *tiny32, f"--workdir={tmp_path / 'run'}")
    assert np.asarray(Image.open(tmp_path / "run" / "samples" / "1.png")).shape[2] == 3
    what = "--what=samples,reconstructions,interpolations,filters,neighbors,map"
    succeed("dump", f"--run={tmp_path / 'run'}", what, "--num=10", "--layer=conv2")
    succeed("encode", f"--run={tmp_path / 'run'}", f"--out={tmp_path / 'f.npz'}", "--layer=conv3")
    assert np.load(tmp_path / "f.npz")["train"].shape == (32, 4 * 4 * 16)
    check_trained_classifiers(tmp_path / "run", tmp_path / "voc", quick)
    for flags, message in {
        ("--edge=32",): "holds a store of other images or of another size",
        ("--classes=x",): "--classes must be FIRST-LAST",
        ("--dataset=idx",): "--dataset must be images or tfds:NAME",
        ("--out=",): "--out is needed",
        ("--bad=maybe",): "bad",
    }.items():
        assert message in fail("prepare", *prepare, *flags, **quick), flags
    assert "--crop must be at most" in fail("train", *tiny32, "--crop=64", f"--workdir={tmp_path / 'other'}", **quick)


def check_trained_classifiers(run, devkit, quick):
    """On a run with convolutions: frozen layers and VOC, their tables and loss curves, and what is refused."""
    flags = (f"--run={run},random", "--iterations=2", "--units=8")
    frozen = succeed("transfer", *flags, "--task=frozen_layers", "--layer=none,conv2", "--crop=36")
    table = (run / "transfer" / "frozen_layers" / "table.md").read_text()
    assert "| run | none | conv2 |" in table and table in frozen.stdout and "resolution: 36, iterations: 2" in table
    rows = [line.split(" | ") for line in table.splitlines()[2:4]]
    assert rows[0][1] == rows[1][1]  # from scratch it is one network: trained once
    assert frozen.stderr.count("frozen_layers: ") == 3
    for folder in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (devkit / folder).mkdir(parents=True)
    for name, label in (("1", "dog"), ("2", "cat"), ("3", "dog")):
        annotate(devkit, name, [(label, 0, (1, 1, 60, 40))])
    (devkit / "ImageSets/Main/train.txt").write_text("1\n2\n")
    voc = (*flags, "--task=voc_classification", f"--data_dir={devkit}")
    assert "has no ImageSets/Main/val.txt; splits there are: train" in fail("transfer", *voc, **quick)
    (devkit / "ImageSets/Main/val.txt").write_text("3\n")
    succeed("transfer", *voc, "--layer=fc8")
    folder = run / "transfer" / "voc_classification"
    assert "| run | fc8, sklearn | fc8, voc2007 | fc8, voc2010 |" in (folder / "table.md").read_text()
    assert "classes: 1" in (folder / "table.md").read_text()
    for name in ("plot.png", "losses.png"):
        assert np.asarray(Image.open(folder / name)).std() > 1
    assert "one or more of fc8, fc6-8, all" in fail("transfer", *voc, "--layer=fc8,conv1", f"--out={run / 'new'}")
    assert not (run / "new").exists()  # refused before anything was trained


def test_table(quick, tmp_path):
    flags = ("--preset=digits", *QUICK, "--seeds=2", "--methods=bigan,gan", "--device=cpu", "--jit=off")
    done = succeed("table", *flags, f"--workdir={tmp_path / 'table'}")
    with open(tmp_path / "table" / "table.csv") as file:
        rows = list(csv.DictReader(file))
    for method in ("bigan", "gan"):
        for seed in ("0", "1"):
            results = json.loads((tmp_path / "table" / f"{method}-{seed}" / "results.json").read_text())
            value = [r["value"] for r in rows if (r["method"], r["seed"], r["figure"]) == (method, seed, "knn_hidden")]
            assert [float(v) for v in value] == [results["figures"]["knn_hidden"]]
    table = (tmp_path / "table" / "table.md").read_text()
    assert table in done.stdout and "| raw input |" in table and "| untrained network |" in table
    assert [line.split(" | ")[1] for line in table.splitlines() if line.startswith("| gan")] == ["2"]
    for name in ("table.png", "curves.png"):
        assert np.asarray(Image.open(tmp_path / "table" / name)).std() > 1
    assert done.stderr.count("epoch 2/2") == 4
    again = command("table", *flags, f"--workdir={tmp_path / 'table'}", **quick)
    assert again.stderr.count("is complete") == 4 and (tmp_path / "table" / "table.md").read_text() == table
    workdir = f"--workdir={tmp_path / 'other'}"
    assert "--methods is empty" in fail("table", "--methods=", workdir)
    assert "--methods must be one of bigan, gan" in fail("table", "--methods=vae", workdir)
    assert "cannot import 'bigan.model:Mine'" in fail("table", "--methods=bigan,bigan.model:Mine", workdir)
    assert "use --seeds" in fail("table", "--seed=3", workdir)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_told_by_the_exit_status(number):
    # A process that a shell started in the background ignores SIGINT, and so would its children.
    code = "import os, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += f"from scripts.main import run_main; run_main(lambda: os.kill(os.getpid(), {number:d}))()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 128 + number and not done.stderr


def test_unknown_backend(tmp_path):
    assert "KERAS_BACKEND must be tensorflow or jax" in fail("train", f"--workdir={tmp_path}/r", KERAS_BACKEND="torch")


def test_folders_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot write" in fail("train", f"--workdir={tmp_path / 'file' / 'run'}")


@pytest.mark.xdist_group("runs")
def test_full_disk(runs, tmp_path):
    """A limit on file sizes stands in for a full disk: one line, and nothing half-written."""
    line = fail("train", *QUICK, f"--workdir={tmp_path / 'run'}", limit=20_000)
    assert "cannot write" in line
    assert not [p for p in (tmp_path / "run").rglob("*") if "aside" in p.name]
    assert "cannot write" in fail("encode", f"--run={runs / 'bigan'}", f"--out={tmp_path / 'f.npz'}", limit=20_000)
    assert not (tmp_path / "f.npz").exists()
