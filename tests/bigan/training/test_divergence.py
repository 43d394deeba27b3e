"""Training that diverges is stopped at once."""

import json

import numpy as np
import pytest

from bigan.data.batches import Minibatches
from bigan.errors import UserError
from bigan.training.progress import Progress
from bigan.training.run_directory import RunDir, read_arrays
from bigan.training.train import train

pytestmark = pytest.mark.slow


@pytest.mark.jax
def test_a_non_finite_loss_stops_at_once_and_keeps_the_snapshot(tmp_path, tiny, data, monkeypatch):
    minibatch = Minibatches.minibatch

    def poisoned(self, epoch, step):
        batch = minibatch(self, epoch, step)
        return batch | {"z": batch["z"] + (np.float32("nan") if (epoch, step) == (1, 2) else 0)}

    monkeypatch.setattr(Minibatches, "minibatch", poisoned)
    monkeypatch.setattr(Progress, "due", lambda self: True)
    with pytest.raises(UserError, match=r"the loss became (inf|nan) in epoch 2; stopped. The last good state is"):
        train(tiny, tmp_path, progress=False, **data)
    arrays = read_arrays(RunDir(tmp_path).snapshot)
    assert json.loads(str(arrays.pop("notes")))["epoch"] == 1
    assert all(np.isfinite(array).all() for array in arrays.values())


@pytest.mark.parametrize("final, message", [(1e30, "infinite or NaN"), (1e39, "became infinite or NaN in epoch 1")])
def test_a_last_step_that_diverges_is_seen(tmp_path, tiny, data, final, message):
    """The loss is measured before the step: one that ruins the weights shows in weights or features only."""
    config = tiny.replace(epochs=1, batch_size=len(data["images"]), learning_rate=final, final_learning_rate=final)
    with pytest.raises(UserError, match=message):
        train(config, tmp_path, progress=False, **data)
