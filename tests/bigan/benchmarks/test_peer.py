"""The same step in PyTorch: same parameters, same losses, for every family of networks; where PyTorch is installed."""

import numpy as np
import pytest

from bigan import presets
from bigan.errors import UserError
from tests.processes import run_worker

PRESETS = {
    "mnist": {"width": 8},
    "tiny32_thesis": {"width": 4},
    "tiny32_thesis upsampling": {"width": 4, "networks": "upsampling"},
    "imagenet64": {"width": 8},
    "imagenet112 released": {"width": 8, "variant": "released"},
}


@pytest.mark.parametrize("name", PRESETS)
def test_the_peer_does_the_same_work(name):
    pytest.importorskip("torch")
    from bigan.benchmarks import peer

    config = presets.get(name.split()[0]).replace(batch_size=8, **PRESETS[name])
    result = peer.run(config, rounds=1, steps=1)  # refuses if parameters or first losses differ
    rows = {row["step"]: row for row in result["times"]}
    assert len(rows) == (6 if config.crop else 4) and all(row["ms"] > 0 for row in rows.values())


def test_other_work_is_noticed(monkeypatch):
    pytest.importorskip("torch")
    from bigan.benchmarks import peer

    losses = peer._Step.losses
    monkeypatch.setattr(peer._Step, "losses", lambda self: [1.01 * loss for loss in losses(self)])
    with pytest.raises(UserError, match="the two sides differ: "):
        peer.run(presets.mnist().replace(batch_size=8, width=8), 1, 1)
    with pytest.raises(UserError, match="`method` must be bigan.models:BiGAN on one device"):
        peer.run(presets.digits(), 1, 1)


def test_a_peer_that_is_not_installed_is_named():
    done = run_worker("benchmark_without_torch", expect=1)
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1] == "error: --peer=torch needs PyTorch: pip install 'bigan[bench]'"


def test_a_minibatch_is_the_same_in_both_layouts():
    torch = pytest.importorskip("torch")
    from bigan.benchmarks.torch_networks import Network
    from bigan.data.spec import Spec
    from bigan.models.method import create

    model = create(presets.tiny32_thesis().replace(width=4), Spec((32, 32, 3)))
    x = np.random.default_rng(0).normal(size=(4, 3, 32, 32)).astype(np.float32)
    results = [Network(model.encoder, last)(torch.from_numpy(x)).detach().numpy() for last in (False, True)]
    np.testing.assert_allclose(*results, atol=1e-5)
