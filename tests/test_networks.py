"""The convolutional networks against tables computed by hand, and their parts against plain references."""

import keras
import numpy as np
import pytest
from PIL import Image

from bigan import presets
from bigan.config import Config
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.imports import resolve
from bigan.networks import DCGAN, AlexNet, AlexNetDiscriminator
from bigan.networks.alexnet import LOWEST
from bigan.networks.merging import merged
from bigan.resizing import resize

pytestmark = pytest.mark.jax


def family(preset, **changes):
    config = presets.get(preset).replace(**changes)
    return resolve(config.networks, "encoder")(config, Spec((config.crop, config.crop, 3)))


def shapes(network):
    return {layer.name: tuple(layer.output.shape[1:]) for layer in network.layers}


def count(*matrices):
    return sum(int(np.prod(m)) for m in matrices)


def norms(*channels):
    return 4 * sum(channels)  # scale, bias, mean and variance


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
        "conv1": (first[0], first[0], 96), "pool1": (first[1], first[1], 96), "conv2": (first[1], first[1], 256),
        "pool2": (last, last, 256), "conv3": (last, last, 384), "conv4": (last, last, 384), "conv5": (last, last, 256),
        "flatten": (last * last * 256,), "output": (200,),
    }  # fmt: skip
    assert expected.items() <= shapes(encoder).items()
    normalized = (96, 256, 384, 384, 256) if variant == "thesis" else (256, 384, 384, 256)
    assert encoder.count_params() == count(*ALEXNET, (last * last * 256, 200)) + norms(*normalized)

    expected = {"map": (4, 4, 512), "deconv2": (8, 8, 256), "deconv3": (16, 16, 128), "deconv4": (32, 32, 64),
                "x": (64, 64, 3)}  # fmt: skip
    assert expected.items() <= shapes(generator).items()
    latent = GENERATOR_LATENT if variant == "released" else []
    assert generator.count_params() == count(*GENERATOR, *latent) + norms(8192, 256, 128, 64)

    expected = {"conv1": (32, 32, 64), "conv2": (16, 16, 128), "conv3": (8, 8, 256), "conv4": (4, 4, 512),
                "flatten": (8192,), "output": (1,)}  # fmt: skip
    assert expected.items() <= shapes(discriminator).items()
    assert discriminator.count_params() == count(*DISCRIMINATOR, *LATENT, (8192, 1)) + norms(128, 256, 512)
    plain = made.discriminator(joint=False)
    assert plain.count_params() == count(*DISCRIMINATOR, (8192, 1)) + norms(128, 256, 512)


@pytest.mark.parametrize("variant", ["thesis", "released"])
def test_tiny32_layer_by_layer(variant):
    made = family("tiny32", variant=variant)
    stack = [(5, 5, 3, 32), (5, 5, 32, 64), (5, 5, 64, 128)]
    encoder, generator, discriminator = made.encoder(), made.generator(), made.discriminator()
    assert {"conv1": (16, 16, 32), "conv2": (8, 8, 64), "conv3": (4, 4, 128)}.items() <= shapes(encoder).items()
    normalized = (32, 64, 128) if variant == "thesis" else (64, 128)
    assert encoder.count_params() == count(*stack, (2048, 100)) + norms(*normalized)
    assert discriminator.count_params() == count(*stack, (100, 64), (100, 128), (2048, 1)) + norms(64, 128)
    latent = [(100, 64), (100, 32)] if variant == "released" else []
    kernels = [(100, 2048), (5, 5, 128, 64), (5, 5, 64, 32), (5, 5, 32, 3)]
    assert generator.count_params() == count(*kernels, *latent) + norms(2048, 64, 32)


def test_width_groups_and_sizes():
    half = family("imagenet64", width=32, groups=1)
    kernels = [(11, 11, 3, 48), (5, 5, 48, 128), (3, 3, 128, 192), (3, 3, 192, 192), (3, 3, 192, 128)]
    assert half.encoder().count_params() == count(*kernels, (2048, 200)) + norms(48, 128, 192, 192, 128)
    assert family("imagenet64", crop=128).generator().output_shape == (None, 128, 128, 3)
    assert family("imagenet64", crop=128, width=8).discriminator().get_layer("conv5").output.shape[1:] == (4, 4, 128)
    with pytest.raises(UserError, match="16, 32, 64 or 128 pixels. Received: images of \\(48, 48, 3\\)"):
        family("imagenet64", crop=48).generator()
    with pytest.raises(UserError, match="--width"):
        family("imagenet64", width=1).encoder()
    with pytest.raises(UserError, match="--resolution must be at most"):
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


def test_a_convolution_at_stride_2_is_padded_by_2_on_each_side():
    made = DCGAN(Config(width=4, latent_dim=3), Spec((16, 16, 3)))
    x = np.random.default_rng(0).normal(size=(2, 16, 16, 3)).astype(np.float32)
    inputs = keras.Input((16, 16, 3))
    model = keras.Model(inputs, made._conv("encoder/linear1", 4, 5, stride=2)(inputs))
    kernel, padded = np.asarray(model.weights[0]), np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
    expected = np.empty((2, 8, 8, 4))
    for i in range(8):
        for j in range(8):
            window = padded[:, 2 * i : 2 * i + 5, 2 * j : 2 * j + 5]
            expected[:, i, j] = np.einsum("bhwc,hwco->bo", window, kernel)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-5)


def test_a_deconvolution_is_the_transpose_of_the_convolution():
    made = DCGAN(Config(width=4, latent_dim=3), Spec((16, 16, 3)))
    big, small = keras.Input((16, 16, 3)), keras.Input((8, 8, 4))
    down = keras.Model(big, made._conv("encoder/linear1", 4, 5, stride=2)(big))
    up = keras.Model(small, made._deconv("generator/linear2", 3, small))
    up.set_weights(down.get_weights())  # (5, 5, 3, 4): in, out of the one, out, in of the other
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1, 16, 16, 3)), rng.normal(size=(1, 8, 8, 4))
    forward, back = (m.predict(v, verbose=0).astype(np.float64) for m, v in ((down, x), (up, y)))
    assert back.shape == x.shape
    assert np.sum(forward * y) == pytest.approx(np.sum(x * back), rel=1e-4)


def test_pools_take_the_maximum_of_what_is_there():
    made = AlexNet(Config(), Spec((32, 32, 3)))
    inputs = keras.Input((8, 8, 2))
    model = keras.Model(inputs, made._pool("pool1", inputs))
    x = -1 - np.random.default_rng(0).random((1, 8, 8, 2)).astype(np.float32)  # zeros from the padding would show
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=LOWEST)
    out = model.predict(x, verbose=0)
    expected = [[padded[0, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max(axis=(0, 1)) for j in range(4)] for i in range(4)]
    np.testing.assert_array_equal(out[0], expected)


def test_a_group_sees_its_own_channels_only():
    encoder = family("imagenet64", width=8).encoder()
    conv2 = keras.Model(encoder.get_layer("pool1").output, encoder.get_layer("linear2").output)
    x = np.zeros((1, 8, 8, 12), np.float32)
    x[..., :6] = np.random.default_rng(0).normal(size=(1, 8, 8, 6))
    out = conv2.predict(x, verbose=0)
    assert np.abs(out[..., :16]).max() > 0 and np.abs(out[..., 16:]).max() == 0


@pytest.mark.parametrize("preset, changes", [("imagenet64", {"width": 16}), ("tiny32", {}), ("mnist", {"width": 32})])
def test_merged_batch_norm_gives_the_same_function(preset, changes):
    config = presets.get(preset).replace(**changes)
    spec = Spec((config.crop, config.crop, 3) if config.crop else (28, 28, 1))
    encoder = resolve(config.networks, "encoder")(config, spec).encoder()
    rng = np.random.default_rng(0)
    for layer in encoder.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            for variable in layer.weights:
                variable.assign(rng.uniform(0.3, 2, variable.shape))
    plain = merged(encoder)
    assert not [layer for layer in plain.layers if isinstance(layer, keras.layers.BatchNormalization)]
    x = rng.uniform(-1, 1, (3, *spec.shape)).astype(np.float32)
    one, two = encoder.predict(x, verbose=0), plain.predict(x, verbose=0)
    assert np.abs(one - two).max() <= 1e-4 * np.abs(one).max()


def test_downsampling_is_pillows():
    rng = np.random.default_rng(0)
    x = rng.random((1, 112, 112, 1)).astype(np.float32)
    ours = keras.ops.convert_to_numpy(resize(x, 64, 48))[0, ..., 0]
    theirs = np.asarray(Image.fromarray(x[0, ..., 0]).resize((48, 64), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_alexnet_as_the_plain_gans_discriminator():
    config = presets.imagenet64().replace(width=16, networks="bigan.networks:AlexNetDiscriminator")
    made = AlexNetDiscriminator(config, Spec((64, 64, 3)))
    network = made.discriminator(joint=False)
    assert network.get_layer("conv5").output.shape[1:] == (4, 4, 64) and network.output_shape == (None, 1)
    with pytest.raises(UserError, match="is for --method=gan"):
        made.discriminator()
    with pytest.raises(UserError, match="--resolution=32 is below"):
        AlexNetDiscriminator(config.replace(resolution=32), Spec((64, 64, 3))).discriminator(joint=False)


def test_bfloat16_keeps_weights_losses_and_features_in_float32():
    losses = {}
    for precision in ("float32", "bfloat16"):
        config = presets.tiny32().replace(width=8, precision=precision)
        model = resolve(config.method, "build_networks").create(config, Spec((32, 32, 3)))
        x = np.random.default_rng(0).integers(0, 256, (32, 32, 32, 3), np.uint8)
        z = model.latent.draw(32, 0, 1)
        terms = model({"x": x, "z": z}, training=True)
        assert {keras.backend.standardize_dtype(v.dtype) for v in model.trainable_variables} == {"float32"}
        assert {keras.backend.standardize_dtype(v.dtype) for v in terms.values()} == {"float32"}
        assert model.features(x).dtype == model.features(x, "conv2").dtype == np.float32
        losses[precision] = float(terms["loss"])
    assert losses["bfloat16"] != losses["float32"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)
