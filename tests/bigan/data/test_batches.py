"""Minibatches are a function of (seed, epoch, step)."""

import numpy as np
import pytest

from bigan.data import inputs, sources
from bigan.data.augment import Augment
from bigan.data.batches import Minibatches, epoch_order
from bigan.data.dataset import Examples
from bigan.data.store.packing import pack
from bigan.errors import UserError
from bigan.latents import Uniform
from tests.stores import origin

pytestmark = pytest.mark.jax


def test_minibatches_are_a_function_of_seed_epoch_and_step():
    examples = Examples(np.arange(50, dtype=np.uint8)[:, None])
    batches = Minibatches(examples, Uniform(3), 8, seed=4)
    assert batches.steps == 6
    later = Minibatches(examples, Uniform(3), 8, seed=4, start=15)
    for i in range(20):
        for name in ("x", "z"):
            assert np.array_equal(batches[15 + i][0][name], later[i][0][name])
    epoch = [batches[i][0] for i in range(6)]
    assert len(set(np.concatenate([b["x"] for b in epoch]).ravel())) == 48  # no example twice
    assert len({b["z"].tobytes() for b in epoch} | {batches[6][0]["z"].tobytes()}) == 7
    assert not np.array_equal(epoch_order(50, 4, 0), epoch_order(50, 4, 1))
    with pytest.raises(UserError, match="`batch_size`"):
        Minibatches(examples, Uniform(3), 51, seed=0)


def test_a_minibatch_of_crops_is_a_function_of_seed_epoch_and_step(folder, tmp_path):
    pack(origin(folder), tmp_path / "out", 16, False)
    examples = sources.load("store", str(tmp_path / "out"), crop=12).train
    one, two = (Minibatches(examples, Uniform(3), 8, seed=4, augment=Augment(flip=True)) for _ in range(2))
    one.minibatch(0, 0)
    assert np.array_equal(one.minibatch(2, 1)["x"], two.minibatch(2, 1)["x"])
    assert not np.array_equal(one.minibatch(2, 1)["x"], one.minibatch(3, 1)["x"])


@pytest.mark.parametrize("flip", [False, True])
def test_processes_make_their_parts_of_each_minibatch(folder, tmp_path, flip):
    """Together they have all of every input; none of them reads other processes' images."""
    pack(origin(folder), tmp_path / "out", 16, False)
    examples = sources.load("store", str(tmp_path / "out"), crop=12).train
    every = {
        "x": inputs.images(),
        "again": inputs.view(1),
        "z": inputs.latents(),
        "noise": inputs.noise(3),
        "y": inputs.labels(),
        "done": inputs.progress(5),
    }

    def made(part):
        cut, read = examples.images.pixels.cut, []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                type(examples.images.pixels),
                "cut",
                lambda _, index, *rest: read.append(len(index)) or cut(index, *rest),
            )
            batches = Minibatches(examples, Uniform(3), 8, seed=4, augment=Augment(flip), inputs=every, part=part)
            return batches.minibatch(1, 1), read

    whole, _ = made(slice(None))
    parts = [made(slice(first, first + 2)) for first in range(0, 8, 2)]
    assert all(read == [2, 2] for _, read in parts)
    for name, array in whole.items():
        assert len(array) == 8 and np.array_equal(np.concatenate([part[name] for part, _ in parts]), array), name
