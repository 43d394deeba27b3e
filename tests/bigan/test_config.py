"""The configuration: checked, grouped, recorded by importable names."""

import dataclasses
import json

import numpy as np
import pytest

from bigan.config import GROUPS, Config, checked, setting
from bigan.errors import UserError

pytestmark = pytest.mark.jax


def test_config_round_trip_and_refusals():
    config = Config(variant="released", epochs=7)
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    for changes in ({"variant": "x"}, {"epochs": 0}, {"beta_1": 1.0}, {"seed": "1"}, {"batch_size": 5, "replicas": 2}):
        with pytest.raises(UserError, match=f"`{next(iter(changes))}`"):
            Config(**changes)
    with pytest.raises(UserError, match="no configuration field 'epoch'"):
        config.replace(epoch=3)
    with pytest.raises(UserError, match="`seed` must be below"):
        config.replace(seed=2**32)
    assert config.replace(epochs=np.int64(3), beta_1=np.float32(0.25)).to_dict()["beta_1"] == 0.25  # NumPy's numbers
    with pytest.raises(UserError, match="unknown configuration field"):
        Config.from_dict({"nonsense": 1})


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"epochs": 0}, "`epochs` must be at least 1. Received: 0"),
        ({"crop": -1}, "`crop` must be at least 0. Received: -1"),
        ({"learning_rate": 0.0}, "`learning_rate` must be greater than 0. Received: 0.0"),
        ({"learning_rate": float("inf")}, "`learning_rate` must be below inf. Received: inf"),
        ({"learning_rate": float("nan")}, "`learning_rate` must be greater than 0. Received: nan"),
        ({"beta_2": 1}, "`beta_2` must be below 1. Received: 1.0"),
        ({"groups": 3}, "`groups` must be one of 1, 2. Received: 3"),
        ({"epochs": True}, "`epochs` must be int. Received: True"),
        ({"epochs": 2.0}, "`epochs` must be int. Received: 2.0"),
        ({"flip": 1}, "`flip` must be bool. Received: 1"),
        ({"method": "vae"}, "`method` must be one of bigan, "),
        (
            {"networks": "cnn"},
            "`networks` must be one of mlp, dcgan, upsampling, alexnet, alexnet_discriminator, or an",
        ),
        ({"latent": "gaussian"}, "`latent` must be one of uniform, normal, normal_posterior, "),
        ({"batch_size": 5, "replicas": 2}, "`batch_size` must be a multiple of `replicas`. Received: 5 and 2"),
    ],
)
def test_every_refusal_names_the_field_what_it_takes_and_what_it_was_given(changes, message):
    with pytest.raises(UserError) as raised:
        Config(**changes)
    assert str(raised.value).startswith(message)


def test_every_field_says_what_it_is_and_numbers_have_bounds():
    for field in dataclasses.fields(Config):
        assert field.metadata["about"], field.name
        if type(field.default) in (int, float):
            bounds = [field.metadata[name] for name in ("least", "above", "choices")]
            assert any(bound not in (None, ()) for bound in bounds), field.name


def test_groups_cover_all_fields_once():
    grouped = [field.name for group in GROUPS for field in dataclasses.fields(group)]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) | {"preset"} == {field.name for field in dataclasses.fields(Config)}


def test_short_names_are_recorded_as_importable_ones():
    config = Config(method="bigan", networks="alexnet", latent="uniform", dataset="idx")
    assert (config.method, config.networks) == ("bigan.models:BiGAN", "bigan.networks:AlexNet")
    assert config.latent == "bigan.latents:Uniform"
    assert config.dataset == "idx"  # built-in sources keep their names: 'tfds:mnist' has another colon
    assert Config(method="bigan.models:BiGAN") == Config(method="bigan") == Config()


def test_what_matters_to_training_may_not_change():
    one = Config()
    assert one.training_changes(one.replace(epochs=3, eval_every=1, data_dir="x", device="cpu", jit="on")) == []
    assert set(one.training_changes(one.replace(seed=1, width=3))) == {"seed", "width"}


def test_settings_of_ones_own():
    @dataclasses.dataclass(frozen=True)
    class Own:
        layers: tuple[int, ...] = setting((1, 2), "some")
        rate: float = setting(0.5, "a rate", above=0, below=1)

        def __post_init__(self):
            checked(self)

    assert Own(layers=[3]).layers == (3,) and Own(rate=np.float32(0.25)).rate == 0.25
    with pytest.raises(UserError, match="`layers` must be tuple. Received: 3"):
        Own(layers=3)
    with pytest.raises(UserError, match="`rate` must be below 1. Received: 1.0"):
        Own(rate=1)
