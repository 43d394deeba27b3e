"""The interface of methods: networks by role, and how they are made."""

import keras
import numpy as np
import pytest

import bigan
from bigan.config import Config
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.latents import Uniform
from bigan.models.method import Method, create
from tests.worker import METHOD_NAMES

pytestmark = pytest.mark.jax

ROLES = {
    "bigan": ["encoder", "generator", "discriminator"],
    "gan": ["generator", "discriminator"],
    "latent_regressor": ["encoder", "generator", "discriminator"],
    "joint_latent_regressor": ["encoder", "generator", "discriminator"],
    "bigan_views": ["encoder", "generator", "discriminator"],
    "denoising_autoencoder": ["encoder", "generator"],
    "simclr": ["encoder"],
    "vicreg": ["encoder"],
    "imsat": ["encoder"],
    "autoencoder_l1": ["encoder", "generator"],
    "autoencoder_l2": ["encoder", "generator"],
}


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_networks_by_role(name):
    model = create(Config(method=name, width=8, latent_dim=3, view_noise=0.1), Spec((4, 4, 1)))
    assert list(model.networks) == ROLES[name]
    for role in ("encoder", "generator", "discriminator"):
        assert model.has(role) == (role in ROLES[name])
        if model.has(role):
            assert getattr(model, role) is model.networks[role]
        else:
            with pytest.raises(KeyError, match=role):
                getattr(model, role)
    assert model.has(*ROLES[name]) and not model.has(*ROLES[name], "projector")
    assert model.image_shape == (4, 4, 1) and isinstance(model.latent, Uniform)


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_every_term_that_is_logged_is_there(name):
    model = create(Config(method=name, width=8, latent_dim=3, view_noise=0.1), Spec((4, 4, 1)))
    noise = {key: np.ones((5, 16), np.float32) for key in list(model.step_inputs())[2:]}
    assert list(model.step_inputs())[:2] == ["x", "z"] and all(key.endswith("_noise") for key in noise)
    given = {"x": np.zeros((5, 4, 4, 1), np.uint8), "z": np.zeros((5, 3), np.float32)}
    terms = model(given | noise, training=True)
    assert set(terms) == {"loss", *model.logged}
    assert all(np.isfinite(float(value)) and value.shape == () for value in terms.values())


def test_the_class_makes_what_the_configuration_says():
    config = Config(method="gan", networks="dcgan", width=4, latent_dim=3)
    model = bigan.BiGAN.create(config, Spec((16, 16, 3)))  # whatever `method` says
    assert isinstance(model, bigan.BiGAN) and model.latent.dim == 3 and model.value_range == (-1.0, 1.0)
    assert not model.xla_on_cpu  # the family's
    assert create(Config(width=4), Spec((16, 16, 3))).xla_on_cpu


def test_networks_come_in_one_order_whatever_order_they_are_named_in():
    """The optimizer's state is saved by the variables' places."""

    def network(size):
        inputs = keras.Input((size,))
        return keras.Model(inputs, keras.layers.Dense(size)(inputs))

    networks = {role: network(3) for role in ("projector", "discriminator", "encoder", "another")}
    model = Method(Spec((3,)), Uniform(3), (0.0, 1.0), networks)
    assert list(model.networks) == ["encoder", "discriminator", "projector", "another"]
    places = [id(v) for network in model.networks.values() for v in network.trainable_variables]
    assert [id(v) for v in model.trainable_variables] == places


def test_what_must_be_defined_is_told():
    class Empty(Method):
        pass

    with pytest.raises(UserError, match="Empty must define build_networks"):
        Empty.create(Config(), Spec((3,)))
    with pytest.raises(UserError, match="Empty must define terms"):
        Empty(Spec((3,)), Uniform(3), (0.0, 1.0), {}).terms()
    with pytest.raises(UserError, match="`latent`: cannot import 'bigan.latents:Gaussian'"):
        create(Config(latent="bigan.latents:Gaussian"), Spec((3,)))
    with pytest.raises(UserError, match="`networks`: cannot import 'bigan.networks:CNN'"):
        create(Config(networks="bigan.networks:CNN"), Spec((3,)))


def test_terms_and_latents_of_the_wrong_shape_are_told():
    class Wrong(bigan.BiGAN):
        logged = ("distance",)

        def terms(self, x, z, training):
            return given[0]

    model = Wrong.create(Config(width=8, latent_dim=3), Spec((4, 4, 1)))
    batch = {"x": np.zeros((5, 4, 4, 1), np.uint8), "z": np.zeros((5, 3), np.float32)}
    given = [None]
    for terms, line in [
        (None, "must return a dictionary with loss, distance. Received: NoneType"),
        ({"distance": 1.0}, "must return a dictionary with loss, distance. Received: distance"),
        ({"loss": np.zeros(5, np.float32), "distance": 1.0}, "must return scalars; 'loss' has the shape"),
    ]:
        given[0] = terms
        with pytest.raises(UserError, match=f"`method`: Wrong.terms\\(\\) {line}"):
            model(batch, training=True)


def test_a_latent_that_draws_another_shape_is_told(monkeypatch):
    monkeypatch.setattr(Uniform, "draw", lambda self, count, *key: np.zeros((count, 7), np.float32))
    with pytest.raises(UserError, match=r"`latent`: draw\(2, ...\) of Uniform must have shape \(2, 3\)"):
        create(Config(width=8, latent_dim=3), Spec((4, 4, 1)))
