"""Mixed views: what is mixed, how much, and what it must agree with."""

import numpy as np
import pytest
from keras import ops

from bigan.models import agreement, mixing
from tests.bigan.models.test_agreement import batch_of, made
from tests.bigan.models.test_bigan_views import same_weights, terms_of

pytestmark = pytest.mark.jax


@pytest.mark.parametrize("name, loss", [("bigan_views", "nt_xent"), ("vicreg", "vicreg"), ("imsat", "information")])
def test_a_mixed_view_agrees_with_both_examples_in_proportion(name, loss):
    model, plain = made(name, mixing=0.8), made(name)
    same_weights(model, plain)
    batch = batch_of(model)
    part = batch["mixed"]
    assert part.shape == (8,) and part.min() == part.max() and 0 < part[0] < 0.8
    x = model.scale(batch["x"])
    (first, second), (same, whole) = (one.both_views(x, batch, True) for one in (model, plain))
    first, second, same, whole = map(ops.convert_to_numpy, (first, second, same, whole))
    np.testing.assert_array_equal(first, same)
    for i in range(8):  # of the first, the one before is the last
        np.testing.assert_allclose(second[i], (1 - part[i]) * whole[i] + part[i] * whole[i - 1], atol=1e-6)

    def compared(view):
        return model.encoder(ops.convert_to_tensor(view), training=True)

    a, b = compared(first), compared(second)
    before = ops.take(a, np.arange(8) - 1, axis=0)
    own, others = (float(agreement.LOSSES[loss](codes, b, model.temperature)) for codes in (a, before))
    expected = (1 - part[0]) * own + part[0] * others
    assert terms_of(model, batch)["agreement"] == pytest.approx(expected, rel=1e-4)


def test_how_much_is_mixed_is_a_function_of_seed_epoch_and_step():
    from bigan.data.batches import Minibatches
    from bigan.data.dataset import Examples

    examples = Examples(np.zeros((40, 8, 8, 3), np.uint8))

    def parts(seed):
        batches = Minibatches(examples, made("simclr").latent, 8, seed, inputs={"mixed": mixing.drawn(0.5)})
        return [batches.minibatch(epoch, step)["mixed"][0] for epoch in range(40) for step in range(5)]

    drawn = parts(0)
    assert drawn == parts(0) and drawn != parts(1) and len(set(drawn)) == 200
    assert 0 <= min(drawn) < 0.05 and 0.45 < max(drawn) < 0.5 and np.mean(drawn) == pytest.approx(0.25, abs=0.03)


def test_the_pair_and_the_rotation_see_no_mixture():
    changes = {"pair_view": True, "rotation_weight": 0.5}
    model, plain = made("bigan_views", mixing=0.9, **changes), made("bigan_views", **changes)
    same_weights(model, plain)
    batch = batch_of(model)
    terms = terms_of(model, batch)
    without = terms_of(plain, {name: array for name, array in batch.items() if name != "mixed"})
    for name in ("loss_D", "loss_E", "loss_G", "rotation"):
        assert terms[name] == pytest.approx(without[name], rel=1e-5), name
    assert terms["agreement"] != pytest.approx(without["agreement"], rel=1e-3)
