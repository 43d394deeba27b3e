"""What of a minibatch D sees, whose code it sees with it, and how the agreement's weight changes."""

import keras
import numpy as np
import pytest
from keras import ops

from bigan import presets
from bigan.config import Config
from bigan.data.batches import Minibatches
from bigan.data.dataset import Examples
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.models import agreement
from bigan.models.method import create
from bigan.runtime.differentiation import gradients
from tests.bigan.models.test_agreement import batch_of, made
from tests.worker import loss_gradients

pytestmark = pytest.mark.jax


def terms_of(model, batch):
    return {name: float(term) for name, term in model(batch, training=True).items()}


def gradients_of(model, batch):
    """By network and weight, on either backend."""
    names = [f"{role}/{v.path}" for role, network in model.networks.items() for v in network.trainable_variables]
    found = loss_gradients(model, batch)
    return {name: ops.convert_to_numpy(gradient) for name, gradient in zip(names, found, strict=True)}


def same_weights(*models):
    for other in models[1:]:
        for role, network in other.networks.items():
            network.set_weights(models[0].networks[role].get_weights())


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX compiles convolutions one by one here: 20 seconds")
def test_the_preset_of_natural_images_moves_what_it_says():
    """All of its terms together: each network gets a gradient, and E's hidden layers none from the adversary."""
    spec = Spec((32, 32, 3))
    small = presets.tiny32().replace(width=4, latent_dim=5, batch_size=8, adversarial_examples=2)
    images = np.random.default_rng(0).integers(0, 256, (8, *spec.shape), np.uint8)
    found, terms = [], []
    for config in (small, small.replace(cycle_x=50.0)):  # the pull moves G alone
        model = create(config, spec)
        batch = Minibatches(Examples(images), model.latent, 8, seed=0, inputs=model.step_inputs()).minibatch(0, 0)
        found.append(gradients_of(model, batch))
        terms.append(terms_of(model, batch))
    wanted = {"agreement", "agreement_output", "rotation", "cycle_distance_x", "loss_D", "loss_E", "loss_G"}
    assert wanted <= terms[0].keys() and np.isfinite(list(terms[0].values())).all()
    for name, gradient in found[0].items():
        assert np.isfinite(gradient).all() and gradient.any(), name
        alike = np.allclose(gradient, found[1][name], rtol=1e-3, atol=1e-6)
        assert alike == (not name.startswith("generator/")), name


@pytest.mark.parametrize("pair_view", [False, True])
def test_d_sees_the_first_examples_and_the_views_are_of_all(pair_view):
    whole, part = (
        made("bigan_views", pair_view=pair_view),
        made("bigan_views", pair_view=pair_view, adversarial_examples=4),
    )
    same_weights(whole, part)
    batch = batch_of(whole)
    terms = terms_of(part, batch)
    assert terms["agreement"] == pytest.approx(terms_of(whole, batch)["agreement"], rel=1e-6)
    if not pair_view:  # then E normalizes the four by themselves
        first = terms_of(whole, {name: array[:4] for name, array in batch.items()})
        assert terms["loss_D"] == pytest.approx(first["loss_D"], rel=1e-5)
        assert terms["loss_G"] == pytest.approx(first["loss_G"], rel=1e-5)


def test_the_pair_has_the_code_of_the_first_view():
    model, plain = made("bigan_views", pair_view=True), made("bigan")
    same_weights(model, plain)
    batch = batch_of(model)
    terms = terms_of(model, batch)
    x = model.scale(batch["x"])
    first, _ = model.both_views(x, batch, True)
    z = ops.convert_to_tensor(batch["z"])
    expected = plain.adversarial_terms(x, z, True, None, plain.encoder(first, training=True))
    assert terms["loss_D"] == pytest.approx(float(expected["loss_D"]), rel=1e-5)
    assert terms["loss_E"] != pytest.approx(terms_of(made("bigan_views"), batch)["loss_E"], rel=1e-5)


@pytest.mark.parametrize("schedule, weights", [("rising", [0.0, 0.5, 1.5]), ("falling", [2.0, 1.5, 0.5])])
def test_the_weight_changes_linearly(schedule, weights):
    model = made("bigan_views", agreement_schedule=schedule, agreement_weight=2.0, epochs=4)
    images = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), np.uint8)
    batches = Minibatches(Examples(images), model.latent, 8, 0, inputs=model.step_inputs())
    for (epoch, step), weight in zip([(0, 0), (1, 0), (3, 0)], weights, strict=True):
        terms = terms_of(model, batches.minibatch(epoch, step))
        plain = terms["loss_D"] + 0.5 * (terms["loss_E"] + terms["loss_G"])
        assert terms["loss"] - plain == pytest.approx(weight * terms["agreement"], abs=1e-4)


@pytest.mark.parametrize("count, replicas", [(200, 1), (3, 2)])
def test_a_part_that_is_none_is_refused(count, replicas):
    config = Config(width=8, latent_dim=5, adversarial_examples=count, replicas=replicas)
    with pytest.raises(UserError, match="`adversarial_examples` must be a part of `batch_size`, 128, and a multiple"):
        create(config, Spec((8, 8, 3)))


def test_the_adversary_moves_the_output_layer_alone():
    changes = {"cycle_x": 0.5, "cycle_z": 0.3}
    first, twice = (made("bigan_views", agreement_weight=weight, **changes) for weight in (1.0, 2.0))
    output = made("bigan_views", adversary_moves="output", **changes)
    same_weights(first, twice, output)
    batch = batch_of(first)
    found, whole, double = (gradients_of(model, batch) for model in (output, first, twice))
    rest = {name for name in found if name.startswith("encoder/") and name != "encoder/output/kernel"}
    assert len(rest) >= 2
    for name in found:  # the agreement's gradient is what its second weight adds
        expected = double[name] - whole[name] if name in rest else whole[name]
        np.testing.assert_allclose(found[name], expected, rtol=1e-3, atol=2e-5 * abs(whole[name]).max(), err_msg=name)


def test_the_paired_view_is_cut_off_too():
    models = [made("bigan_views", pair_view=True, adversary_moves=moves) for moves in ("encoder", "output")]
    same_weights(*models)
    batch = batch_of(models[0])
    assert terms_of(models[1], batch) == pytest.approx(terms_of(models[0], batch), rel=1e-5)


@pytest.mark.parametrize("changes", [{"method": "bigan"}, {"method": "bigan_views", "agreement_weight": 0.0}])
def test_an_encoder_that_nothing_would_move_is_refused(changes):
    config = Config(width=8, latent_dim=5, view_mask=0.2, adversary_moves="output", **changes)
    with pytest.raises(UserError, match="`adversary_moves=output` needs a method with another loss for the rest"):
        create(config, Spec((8, 8, 3)))


OWN = {"agreement_layer": "own", "adversary_moves": "output", "agreement_weight": 3.0}


def test_hidden_layers_agree_through_a_layer_of_the_agreements_own():
    """As SimCLR's do: neither the adversary nor E's output layer changes how they are moved."""
    own, alone = made("bigan_views", **OWN, cycle_x=0.5), made("simclr", agreement_layer="own")
    assert own.networks["agreement"].output_shape == own.encoder.output_shape and not alone.has("agreement")
    alone.encoder.set_weights(own.encoder.get_weights())
    alone.output_layer.set_weights(own.networks["agreement"].get_weights())
    batch = batch_of(own)
    found, reference = gradients_of(own, batch), gradients_of(alone, batch)
    for name, gradient in reference.items():
        place = {"encoder/output/kernel": "agreement/output/kernel"}.get(name, name)
        np.testing.assert_allclose(found[place], 3 * gradient, rtol=1e-3, atol=1e-5, err_msg=name)
        assert np.any(gradient != 0), name
    terms = terms_of(own, batch)
    assert terms["agreement"] == pytest.approx(terms_of(alone, batch)["agreement"], rel=1e-5)


def test_outputs_learn_the_neighbours_that_the_agreements_own_codes_have():
    """And all else is moved as by a BiGAN whose encoder is such an output layer on fixed hidden layers."""
    own, whole = (made("bigan_views", **OWN | {"agreement_layer": layer}, cycle_x=0.5) for layer in ("own", "output"))
    same_weights(own, whole)
    whole.agreement_weight = 0.0
    batch = batch_of(own)
    views = own.both_views(own.scale(batch["x"]), batch, True)
    hidden = [ops.stop_gradient(own.tap("hidden")(view, training=True)) for view in views]
    output, target = (
        ops.concatenate([layer(h) for h in hidden]) for layer in (own.output_layer, own.networks["agreement"])
    )
    expected = agreement.neighbourhoods(own.latent.squash(output), target, own.temperature)
    terms, without = terms_of(own, batch), terms_of(whole, batch)
    assert terms["agreement_output"] == pytest.approx(float(expected), rel=1e-4)
    added = 3 * (terms["agreement"] + terms["agreement_output"])
    assert terms["loss"] == pytest.approx(without["loss"] + added, rel=1e-5)

    def learned(kernel):
        output = own.latent.squash(ops.concatenate([ops.matmul(h, kernel) for h in hidden]))
        return agreement.neighbourhoods(output, target, own.temperature)

    (towards,) = gradients(learned, ops.convert_to_tensor(own.output_layer.get_weights()[0]))
    found, expected = gradients_of(own, batch), gradients_of(whole, batch)
    expected["encoder/output/kernel"] += 3 * ops.convert_to_numpy(towards)
    outside = [name for name in expected if not name.startswith("encoder/") or name == "encoder/output/kernel"]
    assert len(outside) > 2
    for name in outside:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-3, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("moves", ["encoder", "output"])
def test_the_adversary_of_a_paired_view_moves_the_same_whatever_the_agreements_layer(moves):
    def adversary(layer):
        settings = {"pair_view": True, "adversary_moves": moves, "agreement_layer": layer}
        once, twice = (made("bigan_views", agreement_weight=weight, **settings) for weight in (1.0, 2.0))
        same_weights(reference, once, twice)
        first, second = gradients_of(once, batch), gradients_of(twice, batch)
        return {name: 2 * first[name] - second[name] for name in first if not name.startswith("agreement/")}

    reference = made("bigan_views", pair_view=True, agreement_layer="own")
    batch = batch_of(reference)
    expected, found = adversary("output"), adversary("own")
    assert expected.keys() == found.keys()
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-3, atol=2e-5, err_msg=name)


def test_the_view_is_moved_where_the_code_turns_that_leads_the_hidden_layers():
    settings = {"adversary_moves": "output", "virtual_adversarial": 0.002}
    own, other = (made("bigan_views", **settings, agreement_layer=layer) for layer in ("own", "output"))
    same_weights(own, other)
    batch = batch_of(own)
    x = own.scale(batch["x"])
    plain = own.views(x, "second", batch, own.value_range)
    places = [model.both_views(x, batch, True)[1] for model in (own, other)]
    low, high = own.value_range
    for moved in places:
        distance = np.sqrt(np.square(ops.convert_to_numpy(moved - plain)).reshape(len(x), -1).sum(axis=1))
        np.testing.assert_allclose(distance, 0.002 * (high - low) * own.spec.size**0.5, rtol=1e-2)

    def turn(layer, moved):
        codes = [ops.convert_to_numpy(layer(own.tap("hidden")(view, training=True))) for view in (plain, moved)]
        one, two = (code / np.linalg.norm(code, axis=1, keepdims=True) for code in codes)
        return np.linalg.norm(one - two, axis=1).mean()

    for layer, (asked, not_asked) in ((own.networks["agreement"], places), (own.output_layer, places[::-1])):
        assert turn(layer, asked) > turn(layer, not_asked)
