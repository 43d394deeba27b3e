"""scripts.encode from a user's command line, and the exported encoder without this package."""

import subprocess
import sys

import numpy as np
import pytest

from bigan.data.sources.digits import Digits
from tests.scripts.commands import fail, succeed

pytestmark = pytest.mark.slow


@pytest.mark.xdist_group("runs")
def test_encode_and_the_plain_keras_model(runs, no_backend, tmp_path):
    succeed("encode", f"--run={runs / 'bigan'}", f"--out={tmp_path / 'f.npz'}")
    arrays = np.load(tmp_path / "f.npz")
    assert arrays["train"].shape == (1437, 4) and len(arrays["evaluation_labels"]) == 360
    succeed("encode", f"--run={runs / 'bigan'}", f"--out={tmp_path / 'e.keras'}")
    np.savez(tmp_path / "images.npz", x=Digits().load().test.images)
    # As a model of the user's own, and elsewhere, without this package.
    own = (f"--run={tmp_path / 'e.keras'}", "--layer=hidden,latent")
    assert "--dataset is needed" in fail("transfer", *own, **no_backend)
    assert "| e.keras |" in succeed("transfer", *own, "--dataset=digits", "--task=knn").stdout
    code = (
        "import sys, keras, numpy as np; m = keras.models.load_model('e.keras'); "
        "assert not any(n == 'bigan' or n.startswith('bigan.') for n in sys.modules); "
        "np.save('z.npy', m.predict(np.load('images.npz')['x'], verbose=0))"
    )
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "z.npy"), arrays["evaluation"], atol=1e-5)


@pytest.mark.xdist_group("store_run")
def test_a_layers_features(store_run, tmp_path):
    succeed("encode", f"--run={store_run.path}", f"--out={tmp_path / 'f.npz'}", "--layer=conv3")
    assert np.load(tmp_path / "f.npz")["train"].shape == (32, 4 * 4 * 16)


@pytest.mark.xdist_group("runs")
def test_numbered_parts(runs, tmp_path):
    succeed("encode", f"--run={runs / 'bigan'}", f"--out={tmp_path / 'f.npz'}")
    whole = np.load(tmp_path / "f.npz")
    for index in range(2):
        succeed("encode", f"--run={runs / 'bigan'}", f"--out={tmp_path / 'f.npz'}", f"--shard={index}/2")
    parts = [np.load(tmp_path / f"f-0000{index}-of-00002.npz") for index in range(2)]
    for name in whole.files:
        np.testing.assert_allclose(np.concatenate([part[name] for part in parts]), whole[name], atol=1e-6)
    assert "--shard must be I/N" in fail(
        "encode", f"--run={runs / 'bigan'}", f"--out={tmp_path / 'f.npz'}", "--shard=2/2"
    )
