"""scripts.prepare from a user's command line, and training on what it made."""

import numpy as np
import pytest
from PIL import Image

from tests.scripts.commands import fail, succeed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("store_run")]


def test_prepare_and_train_on_the_store(store_run):
    done = store_run.prepared
    assert "train, 32 images" in done.stdout and "2 classes" in done.stdout and "notes.txt" in done.stderr
    assert "is complete" in succeed("prepare", *store_run.prepare).stderr
    assert np.asarray(Image.open(store_run.path / "samples" / "1.png")).shape[2] == 3


def test_what_prepare_refuses(store_run, no_backend, tmp_path):
    for flags, message in {
        ("--edge=32",): "holds a store of other images or of another size",
        ("--classes=x",): "--classes must be FIRST-LAST",
        ("--dataset=idx",): "--dataset must be images or tfds:NAME",
        ("--out=",): "--out is needed",
        ("--bad=maybe",): "bad",
    }.items():
        assert message in fail("prepare", *store_run.prepare, *flags, **no_backend), flags
    workdir = f"--workdir={tmp_path / 'other'}"
    assert "--crop must be at most" in fail("train", *store_run.train, "--crop=64", workdir, **no_backend)
