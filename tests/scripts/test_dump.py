"""scripts.dump from a user's command line: what it writes, and what it refuses."""

import re

import numpy as np
import pytest
from PIL import Image

from tests.scripts.commands import fail, succeed

pytestmark = pytest.mark.slow


@pytest.mark.xdist_group("runs")
def test_arrays(runs, tmp_path):
    what = "--what=samples,reconstructions,interpolations"
    succeed("dump", f"--run={runs / 'bigan'}", what, "--num=5", "--format=npz", f"--out={tmp_path}")
    pairs = np.load(tmp_path / "reconstructions.npz")
    assert pairs["images"].shape == pairs["reconstructions"].shape == (5, 8, 8, 1) and pairs["encoded"].shape == (5, 4)
    lines = np.load(tmp_path / "interpolations.npz")
    assert lines["images"].shape == (55, 8, 8, 1)
    np.testing.assert_allclose(lines["z"][5], (lines["z"][0] + lines["z"][10]) / 2, atol=1e-6)
    assert np.load(tmp_path / "samples.npz")["z"].shape == (5, 4)


@pytest.mark.xdist_group("runs")
def test_pictures(runs, tmp_path):
    note = succeed("dump", f"--run={runs / 'autoencoder_l2'}", "--what=samples", f"--out={tmp_path}").stdout
    assert "does not train G on the latent distribution" in note
    succeed("dump", f"--run={runs / 'gan'}", "--what=filters,neighbors,map", "--num=12", f"--out={tmp_path}")
    for name in ("filters", "neighbors", "map"):
        assert np.asarray(Image.open(tmp_path / f"{name}.png")).std() > 1


@pytest.mark.xdist_group("store_run")
def test_every_picture_of_a_run_on_a_store(store_run, tmp_path):
    names = ("samples", "reconstructions", "interpolations", "filters", "neighbors", "map", "occlusion")
    flags = (f"--what={','.join(names)}", "--num=10", "--layer=conv2", f"--out={tmp_path}")
    succeed("dump", f"--run={store_run.path}", *flags)
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(names)


@pytest.mark.xdist_group("runs")
def test_what_a_method_does_not_have_is_not_made_up(runs, no_backend, tmp_path):
    line = fail("dump", f"--run={runs / 'gan'}", "--what=samples,reconstructions")
    assert "--what=reconstructions needs the encoder, and GAN has none" in line
    line = fail("dump", f"--run={runs / 'gan'}", "--what=samples,map", "--layer=conv9", f"--out={tmp_path / 'none'}")
    assert "no layer 'conv9'" in line and not (tmp_path / "none").exists()
    few = ("--what=samples,map", "--num=3", f"--out={tmp_path / 'few'}")
    line = fail("dump", f"--run={runs / 'bigan'}", *few, **no_backend)
    assert "--what=map needs --num of 10 at least. Received: 3" in line and not (tmp_path / "few").exists()
    assert "and there are 360" in fail("dump", f"--run={runs / 'bigan'}", "--num=1000", **no_backend)
    assert "--what" in fail("dump", f"--run={runs / 'bigan'}", "--what=dreams", **no_backend)
    assert "no checkpoint '7'" in fail("dump", f"--run={runs / 'bigan'}", "--checkpoint=7", **no_backend)


@pytest.mark.xdist_group("runs")
def test_a_picture_too_large_for_the_memory_is_refused(runs, no_backend, tmp_path):
    flags = (f"--run={runs / 'bigan'}", "--num=10000000000", f"--out={tmp_path / 'many'}")
    line = fail("dump", *flags, "--what=samples", **no_backend)
    assert re.search(
        r"a picture of 10,000,000,000 images would take [\d,.]+ GB .* smaller --num, or --format=npz", line
    )
    line = fail("dump", *flags, "--what=samples,reconstructions", "--format=npz", **no_backend)
    assert "--num=10000000000: 10000000000 images are needed, and there are 360" in line
    assert not (tmp_path / "many").exists()


@pytest.mark.xdist_group("runs")
def test_arrays_that_the_disk_has_no_room_for_are_refused(runs, tmp_path):
    flags = (f"--run={runs / 'bigan'}", "--num=10000000000000", "--format=npz", f"--out={tmp_path}")
    line = fail("dump", *flags, "--what=samples")
    assert re.search(r"cannot write to .*: 160,000.0 GB are needed, and [\d,.]+ GB are free", line)
    assert not list(tmp_path.iterdir())
