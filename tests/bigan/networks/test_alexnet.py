"""The thesis's networks for natural images against tables computed by hand; pools and groups."""

import keras
import numpy as np
import pytest

from bigan import presets
from bigan.config import Config
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.latents import Uniform
from bigan.networks import AlexNet, AlexNetDiscriminator
from bigan.networks.alexnet import LOWEST
from tests.bigan.networks.tables import count, family, norms, shapes

ALEXNET = [(11, 11, 3, 96), (5, 5, 48, 256), (3, 3, 256, 384), (3, 3, 192, 384), (3, 3, 192, 256)]


DISCRIMINATOR = [(5, 5, 3, 64), (5, 5, 64, 128), (5, 5, 128, 256), (5, 5, 256, 512)]


LATENT = [(200, 128), (200, 256), (200, 512)]


GENERATOR = [(200, 8192), (5, 5, 512, 256), (5, 5, 256, 128), (5, 5, 128, 64), (5, 5, 64, 3)]


GENERATOR_LATENT = [(200, 256), (200, 128), (200, 64)]


@pytest.mark.parametrize("variant", ["thesis", "released"])
@pytest.mark.parametrize("preset, edge, last", [("imagenet64", 64, 4), ("imagenette112", 112, 7)])
def test_the_thesiss_networks_layer_by_layer(preset, edge, last, variant):
    made = family(preset, variant=variant)
    encoder, generator, discriminator = made.encoder(), made.generator(), made.discriminator()
    first = {64: (16, 8), 112: (28, 14)}[edge]
    expected = {
        "conv1": (first[0], first[0], 96),
        "pool1": (first[1], first[1], 96),
        "conv2": (first[1], first[1], 256),
        "pool2": (last, last, 256),
        "conv3": (last, last, 384),
        "conv4": (last, last, 384),
        "conv5": (last, last, 256),
        "flatten": (last * last * 256,),
        "output": (200,),
    }
    assert expected.items() <= shapes(encoder).items()
    normalized = (96, 256, 384, 384, 256) if variant == "thesis" else (256, 384, 384, 256)
    assert encoder.count_params() == count(*ALEXNET, (last * last * 256, 200)) + norms(*normalized)

    expected = {
        "map": (4, 4, 512),
        "deconv2": (8, 8, 256),
        "deconv3": (16, 16, 128),
        "deconv4": (32, 32, 64),
        "x": (64, 64, 3),
    }
    assert expected.items() <= shapes(generator).items()
    latent = GENERATOR_LATENT if variant == "released" else []
    assert generator.count_params() == count(*GENERATOR, *latent) + norms(8192, 256, 128, 64)

    expected = {
        "conv1": (32, 32, 64),
        "conv2": (16, 16, 128),
        "conv3": (8, 8, 256),
        "conv4": (4, 4, 512),
        "flatten": (8192,),
        "output": (1,),
    }
    assert expected.items() <= shapes(discriminator).items()
    assert discriminator.count_params() == count(*DISCRIMINATOR, *LATENT, (8192, 1)) + norms(128, 256, 512)
    plain = made.discriminator(joint=False)
    assert plain.count_params() == count(*DISCRIMINATOR, (8192, 1)) + norms(128, 256, 512)


def test_width_groups_and_sizes():
    half = family("imagenet64", width=32, groups=1)
    kernels = [(11, 11, 3, 48), (5, 5, 48, 128), (3, 3, 128, 192), (3, 3, 192, 192), (3, 3, 192, 128)]
    assert half.encoder().count_params() == count(*kernels, (2048, 200)) + norms(48, 128, 192, 192, 128)
    assert family("imagenet64", crop=128).generator().output_shape == (None, 128, 128, 3)
    assert family("imagenet64", crop=128, width=8).discriminator().get_layer("conv5").output.shape[1:] == (4, 4, 128)
    with pytest.raises(UserError, match="16, 32, 64 or 128 pixels. Received: images of \\(48, 48, 3\\)"):
        family("imagenet64", crop=48).generator()
    with pytest.raises(UserError, match="`width`"):
        family("imagenet64", width=1).encoder()
    with pytest.raises(UserError, match="`resolution` must be at most"):
        family("imagenet64", resolution=128).generator()


def test_initial_scales():
    made = family("imagenet64")
    for network in (made.encoder(), made.generator(), made.discriminator()):
        for layer in network.layers:
            if hasattr(layer, "kernel"):
                expected = 0.5 if layer.name.startswith("latent") else 0.02
                assert float(np.std(layer.kernel)) == pytest.approx(expected, rel=0.05), layer.name
                assert not layer.use_bias
    assert float(np.std(made.encoder(output_stddev=0.0).get_layer("output").kernel)) == 0


@pytest.mark.jax
def test_pools_take_the_maximum_of_what_is_there():
    made = AlexNet(Config(), Spec((32, 32, 3)), Uniform(50))
    inputs = keras.Input((8, 8, 2))
    model = keras.Model(inputs, made._pool("pool1", inputs))
    x = -1 - np.random.default_rng(0).random((1, 8, 8, 2)).astype(np.float32)  # zeros from the padding would show
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=LOWEST)
    out = model.predict(x, verbose=0)
    expected = [[padded[0, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max(axis=(0, 1)) for j in range(4)] for i in range(4)]
    np.testing.assert_array_equal(out[0], expected)


@pytest.mark.jax
def test_a_group_sees_its_own_channels_only():
    encoder = family("imagenet64", width=8).encoder()
    conv2 = keras.Model(encoder.get_layer("pool1").output, encoder.get_layer("linear2").output)
    x = np.zeros((1, 8, 8, 12), np.float32)
    x[..., :6] = np.random.default_rng(0).normal(size=(1, 8, 8, 6))
    out = conv2.predict(x, verbose=0)
    assert np.abs(out[..., :16]).max() > 0 and np.abs(out[..., 16:]).max() == 0


def test_alexnet_as_the_plain_gans_discriminator():
    config = presets.imagenet64().replace(width=16, networks="alexnet_discriminator")
    made = AlexNetDiscriminator(config, Spec((64, 64, 3)), Uniform(config.latent_dim))
    network = made.discriminator(joint=False)
    assert network.get_layer("conv5").output.shape[1:] == (4, 4, 64) and network.output_shape == (None, 1)
    with pytest.raises(UserError, match="is for `method=gan`"):
        made.discriminator()
    with pytest.raises(UserError, match="`resolution=32` is below"):
        AlexNetDiscriminator(
            config.replace(resolution=32), Spec((64, 64, 3)), Uniform(config.latent_dim)
        ).discriminator(joint=False)
