"""Classifiers on transferred convolutions: what is frozen, initialised, balanced, trained, and what must not leak."""

import io

import keras
import numpy as np
import pytest
from keras import layers, ops
from PIL import Image

from bigan import presets
from bigan.config import Config
from bigan.data.source import Examples
from bigan.data.spec import Spec
from bigan.data.splits import Split
from bigan.errors import UserError
from bigan.imports import resolve
from bigan.networks import DCGAN
from transfer import external, frozen_layers, initialization, linear, precision, supervised, trunk, voc_classification
from transfer.supervised import Recipe
from transfer.voc import Labelled

QUICK = Recipe(iterations=6, batch_size=8, units=12, learning_rate=0.01)


def model(networks="bigan.networks:DCGAN", edge=32, **changes):
    """A method whose batch normalizations have statistics and scales of their own."""
    config = Config(networks=networks, width=4, latent_dim=4, **changes)
    made = resolve(config.method, "build_networks").create(config, Spec((edge, edge, 3)))
    rng = np.random.default_rng(0)
    for network in made.networks.values():
        for variable in network.variables:
            if variable.name in ("gamma", "moving_variance"):
                variable.assign(rng.uniform(0.5, 2, variable.shape))
            elif variable.name in ("beta", "moving_mean"):
                variable.assign(rng.normal(0, 0.3, variable.shape))
            elif variable.name == "kernel":
                variable.assign(rng.normal(0, 0.1, variable.shape))
    return made


def pictures(count=24, edge=32, seed=0):
    """Two classes, dark and light."""
    labels = np.arange(count) % 2
    rng = np.random.default_rng(seed)
    return Examples((rng.integers(0, 120, (count, edge, edge, 3)) + 120 * labels[:, None, None, None]).astype(np.uint8),
                    labels.astype(np.int64))  # fmt: skip


@pytest.mark.jax
@pytest.mark.parametrize("changes", [{}, {"variant": "released"}, {"method": "baselines.gan:GAN"}])
def test_merged_and_transferred_is_the_same_function(changes):
    """Also where conv1 has no normalization, and so no bias before."""
    made, images = model(**changes), pictures(6).images
    network = trunk.transferred(made, 32)
    assert not [layer for layer in network.layers if isinstance(layer, layers.BatchNormalization)]
    expected = made.features(images, "conv3").reshape(6, 4, 4, 16)
    np.testing.assert_allclose(network.predict(trunk.scaled(made, images), verbose=0), expected, rtol=1e-4, atol=1e-5)
    assert trunk.transferred(made, 64).output_shape == (None, 8, 8, 16)


class Odd(DCGAN):
    """E with what cannot be frozen, initialised or balanced."""

    def encoder(self, output_stddev=None):
        x = layers.Input(self.spec.shape)
        h = layers.Conv2D(4, 3, activation="tanh" if self.config.variant == "thesis" else None, name="linear1")(x)
        h = layers.LeakyReLU(name="conv1")(h)
        h = layers.Conv2D(4, 3, padding="same", name="linear2")(layers.BatchNormalization(name="norm")(h))
        h = layers.ReLU(name="conv2")(h)
        return keras.Model(x, layers.Dense(4)(layers.Flatten()(h)))


def test_only_plain_stacks_are_transferred():
    with pytest.raises(UserError, match=r"'linear1' \(Conv2D\) cannot be transferred: the task is for plain stacks"):
        trunk.transferred(model("tests.test_supervised:Odd"), 32)
    with pytest.raises(UserError, match=r"'norm' \(BatchNormalization\) cannot be transferred"):
        trunk.transferred(model("tests.test_supervised:Odd", variant="released"), 32)


def test_alexnet_is_transferred_as_the_supervised_one_is_built():
    """227 px: conv1 55, pool1 27, conv2 27, pool2 13, conv3..5 13, pool5 6 (Krizhevsky et al. 2012)."""
    config = presets.get("imagenet64").replace(latent_dim=8)
    made = resolve(config.method, "build_networks").create(config, Spec((64, 64, 3)))
    network = trunk.transferred(made, 227)
    edges = {"conv1": 55, "pool1": 27, "conv2": 27, "pool2": 13, "conv3": 13, "conv4": 13, "conv5": 13, "pool5": 6}
    assert {name: network.get_layer(name).output.shape[1] for name in edges} == edges
    assert network.output_shape == (None, 6, 6, 256)
    # One place of conv1, by hand: no padding, so the first window is the image's first 11 x 11 pixels.
    images = np.random.default_rng(0).uniform(-1, 1, (1, 227, 227, 3)).astype(np.float32)
    linear1 = network.get_layer("linear1")
    kernel, bias = linear1.get_weights()
    here = initialization.outputs_of(network, linear1.output, images)[0, 1, 2]
    np.testing.assert_allclose(here, np.tensordot(images[0, 4:15, 8:19], kernel, 3) + bias, rtol=1e-3, atol=1e-4)
    with pytest.raises(UserError, match="--crop=20: nothing is left"):
        trunk.transferred(made, 20)


@pytest.mark.parametrize(
    "networks, edge", [pytest.param("bigan.networks:DCGAN", 32, marks=pytest.mark.jax), ("bigan.networks:AlexNet", 64)]
)
def test_initialised_channels_have_the_mean_and_variance_asked_for(networks, edge):
    made = model(networks, edge)
    images = trunk.scaled(made, pictures(60, 2 * edge).images)
    network = supervised.with_head(trunk.transferred(made, 2 * edge), 20, QUICK)
    kept = {layer.name: layer.get_weights() for layer in trunk.linear_layers(network)}
    anew = {name: "normal" for name in kept if "3" in name} | {"fc6": "kmeans", "fc7": "kmeans"}
    initialization.initialize(network, anew, images, seed=0)
    for layer in trunk.linear_layers(network):
        if layer.name in anew:
            values = initialization.outputs_of(network, layer.output, images)
            values = values.reshape(-1, values.shape[-1]).astype(np.float64)
            np.testing.assert_allclose(values.mean(axis=0), initialization.MEAN, atol=1e-3)
            np.testing.assert_allclose(values.var(axis=0), 1, rtol=1e-3)
        else:
            for before, after in zip(kept[layer.name], layer.get_weights(), strict=True):
                np.testing.assert_array_equal(before, after)

    below = supervised.below_fc8(network)
    function = below.predict(images, verbose=0)
    uneven = initialization.gradient_ratios(below, images, 1)
    assert max(uneven.values()) > 1.5 * min(uneven.values())
    scales = initialization.balance(below, images, 1)
    assert np.prod(list(scales.values())) == pytest.approx(1)
    ratios = list(initialization.gradient_ratios(below, images, 1).values())
    assert len(ratios) == len(trunk.convolutions(made)) + 2 and max(ratios) < 1.01 * min(ratios)
    other = initialization.gradient_ratios(below, images, 2).values()  # not only along the directions used
    assert max(other) < 1.1 * min(other)
    after = below.predict(images, verbose=0)
    np.testing.assert_allclose(after, function, rtol=1e-3, atol=1e-3 * np.abs(function).max())


def test_whitened_kmeans_finds_clusters_whatever_their_scale():
    rng = np.random.default_rng(0)
    labels = np.arange(300) % 3
    inputs = (np.eye(3)[labels] + 0.05 * rng.normal(size=(300, 3))) @ np.diag([100.0, 1.0, 0.01])
    kernel = initialization.whitened_kmeans(inputs, 3, seed=0)
    outputs = (inputs - inputs.mean(axis=0)) @ kernel
    means = np.array([outputs[labels == k].mean(axis=0) for k in range(3)])
    assert sorted(means.argmax(axis=0)) == [0, 1, 2]  # each unit is for a cluster of its own


def trained(made, split, layer, monkeypatch, recipe=QUICK):
    """The classifier before and after `frozen_layers.evaluate`, and its result."""
    seen = {}
    train = supervised.train

    def spy(network, *arguments):
        seen["before"] = {item.name: item.get_weights() for item in network.layers}
        curve = train(network, *arguments)
        seen["after"] = {item.name: item.get_weights() for item in network.layers}
        return curve

    with monkeypatch.context() as patch:
        patch.setattr(supervised, "train", spy)
        return seen, frozen_layers.evaluate(made, split, layer, recipe)


@pytest.mark.parametrize("layer, frozen", [("none", 0), pytest.param("conv1", 1, marks=pytest.mark.jax), ("conv3", 3)])
def test_frozen_layers_stay_and_the_others_move(monkeypatch, layer, frozen):
    made, split = model(), Split(pictures(), pictures(10, seed=1), "p")
    variables = [v for network in made.networks.values() for v in network.variables]
    whole = [ops.convert_to_numpy(v).copy() for v in variables]
    seen, result = trained(made, split, layer, monkeypatch)
    transferred = {item.name: item.get_weights() for item in trunk.transferred(made, 32).layers}
    for i, name in enumerate(("linear1", "linear2", "linear3", "fc6", "fc7", "fc8")):
        same = [np.array_equal(a, b) for a, b in zip(seen["before"][name], seen["after"][name], strict=True)]
        assert all(same) if i < frozen else not any(same), name
        if i < 3:
            same = [np.array_equal(a, b) for a, b in zip(seen["before"][name], transferred[name], strict=True)]
            assert all(same) if i < frozen else not any(same), name  # reinitialised
    for variable, value in zip(variables, whole, strict=True):  # batch norm's statistics too
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)
    assert result["resolution"] == 32 and [i for i, _ in result["loss_curve"]] == [1, 2, 3, 4, 5, 6]


def test_it_learns_and_says_what_it_lacks(monkeypatch):
    made, split = model(), Split(pictures(40), pictures(30, seed=1), "p")
    recipe = Recipe(iterations=40, batch_size=16, units=12, learning_rate=0.01)
    _, result = trained(made, split, "conv1", monkeypatch, recipe)
    assert result["accuracy"] == 100 and result["loss_curve"][-1][1] < 0.3 < result["loss_curve"][0][1]
    with pytest.raises(UserError, match="no convolution 'conv4' to freeze; there are: none, conv1, conv2, conv3"):
        frozen_layers.evaluate(made, split, "conv4", QUICK)
    with pytest.raises(UserError, match="needs labels"):
        frozen_layers.evaluate(made, Split(split.train, Examples(split.train.images), "p"), "conv1", QUICK)
    dense = resolve("bigan.model:BiGAN", "build_networks").create(Config(width=4), Spec((8, 8, 1)))
    with pytest.raises(UserError, match="have no convolutions"):
        trunk.convolutions(dense)
    with pytest.raises(UserError, match="--units must be at least 1. Received: 0"):
        Recipe(units=0)
    with pytest.raises(UserError, match=r"the loss became (nan|inf) at iteration \d+; try a smaller --learning_rate"):
        frozen_layers.evaluate(made, split, "none", Recipe(iterations=30, batch_size=8, units=8, learning_rate=1e30))


def test_shuffled_test_labels_change_no_trained_weight(monkeypatch):
    test = pictures(20, seed=1)
    shuffled = Examples(test.images, np.random.default_rng(0).permutation(test.labels))
    ends = [trained(model(), Split(pictures(), e, "p"), "conv2", monkeypatch)[0]["after"] for e in (test, shuffled)]
    for name, weights in ends[0].items():
        for a, b in zip(weights, ends[1][name], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6, err_msg=name)

    monkeypatch.setattr(supervised, "train", spy := Spy(supervised.train))
    train, images = labelled(30), labelled(20, 1)
    for labels in (images.labels, images.labels[::-1]):
        voc_classification.evaluate(model(), train, Labelled(images.encoded, labels, images.names), "all", 32, QUICK)
    for a, b in zip(*spy.ends, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


class Spy:
    """Keeps the weights that each training ends with."""

    def __init__(self, train):
        self.train, self.ends = train, []

    def __call__(self, network, *arguments):
        curve = self.train(network, *arguments)
        self.ends.append([ops.convert_to_numpy(v).copy() for v in network.variables if "seed" not in v.path])
        return curve


@pytest.mark.jax
def test_sgd_is_the_tools():
    """Momentum, decay of all weights, biases at twice the step, one norm clipped for all, halved in eight stretches."""
    recipe = Recipe(iterations=16, learning_rate=0.1, weight_decay=0.01, clip=1.0)
    x = layers.Input((3,))
    network = keras.Model(x, layers.Dense(2, name="dense")(x))
    kernel, bias = np.random.default_rng(0).normal(size=(3, 2)), np.array([0.5, -1.0])
    network.get_layer("dense").set_weights([kernel, bias])
    inputs = np.random.default_rng(1).normal(size=(16, 4, 3)).astype(np.float32)

    def minibatch(i):
        return inputs[i], np.zeros(4)

    supervised.train(network, minibatch, lambda labels, y: ops.sum(y * y), recipe, "test")
    speed = [np.zeros((3, 2)), np.zeros(2)]
    for i, part in enumerate(inputs):
        output = part @ kernel + bias
        gradients = [2 * part.T @ output, 2 * output.sum(axis=0)]
        norm = np.sqrt(sum((g**2).sum() for g in gradients))
        step = 0.1 * 0.5 ** (i // 2)
        for k, (weight, rate) in enumerate(((kernel, step), (bias, 2 * step))):
            speed[k] = 0.9 * speed[k] - rate * (gradients[k] / max(norm, 1.0) + 0.01 * weight)
        kernel, bias = kernel + speed[0], bias + speed[1]
    for ours, reference in zip(network.get_layer("dense").get_weights(), (kernel, bias), strict=True):
        np.testing.assert_allclose(ours, reference, rtol=1e-4, atol=1e-5)


def test_the_loss_of_voc_leaves_difficult_classes_out():
    labels, logits = np.array([[1, -1, 0], [0, 1, -1]], np.float32), np.array([[2, -1, 9], [-9, 0, 3]], np.float32)
    probability = 1 / (1 + np.exp(-logits.astype(np.float64)))
    terms = -np.where(labels > 0, np.log(probability), np.log(1 - probability)) * (labels != 0)
    assert float(voc_classification.sigmoid_cross_entropy(labels, logits)) == pytest.approx(terms.sum() / 2, rel=1e-6)


def labelled(count, seed=0):
    """JPEGs of several sizes: class 3 is red, class 5 blue, class 7 in all but difficult in every other one."""
    rng = np.random.default_rng(seed)
    encoded, labels = [], np.full((count, 20), -1, np.int8)
    for i in range(count):
        pixels = rng.integers(0, 90, (40 + i % 9, 50 + i % 7, 3), np.uint8)
        if i % 2:
            pixels = pixels.transpose(1, 0, 2)
        pixels[..., 0 if i % 3 == 0 else 2] += 150
        labels[i, 3 if i % 3 == 0 else 5] = 1
        labels[i, 7] = i % 2
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "JPEG")
        encoded.append(buffer.getvalue())
    return Labelled(encoded, labels, [f"{i}.jpg" for i in range(count)])


def test_voc_classification_learns():
    recipe = Recipe(iterations=100, batch_size=8, units=16)
    result = voc_classification.evaluate(model(), labelled(40), labelled(30, 1), "fc6-8", 32, recipe)
    assert set(result["mean_ap"]) == set(precision.KINDS) and result["classes"] == 3
    # Of three classes two are plain; of the third every other image is left out and all others are positives.
    assert all(value > 95 for value in result["mean_ap"].values()), result["mean_ap"]
    assert all(low <= 100 and high >= low for low, high in result["intervals"].values())
    assert set(result["scales"]) == {"conv1", "conv2", "conv3", "fc6", "fc7"}
    broken = labelled(6, 1)
    broken.encoded[4] = broken.encoded[4][:200]
    with pytest.raises(UserError, match="4.jpg: cannot be decoded"):
        voc_classification.evaluate(model(), labelled(20), broken, "fc8", 32, recipe)
    none = Labelled(broken.encoded[:4], np.minimum(broken.labels[:4], 0), broken.names[:4])
    with pytest.raises(UserError, match="none of VOC's classes is present"):
        voc_classification.evaluate(model(), labelled(20), none, "fc8", 32, recipe)
    with pytest.raises(UserError, match="one or more of fc8, fc6-8, all. Received: 'fc9'"):
        voc_classification.evaluate(model(), labelled(4), labelled(4), "fc9", 32, recipe)


@pytest.mark.parametrize("layer, moving", [("fc8", 1), ("fc6-8", 3), ("all", 6)])
def test_what_each_column_of_voc_trains(layer, moving):
    made = model()
    images = trunk.scaled(made, pictures(30).images)
    network, _ = voc_classification.build(made, 32, images, layer, QUICK)
    before = [item.get_weights()[0] for item in trunk.linear_layers(network)]
    batch = images[:8], np.where(np.eye(20)[:8] > 0, 1, -1).astype(np.float32)
    supervised.train(network, lambda i: batch, voc_classification.sigmoid_cross_entropy, QUICK, "test")
    moved = [not np.array_equal(a, item.get_weights()[0])
             for a, item in zip(before, trunk.linear_layers(network), strict=True)]  # fmt: skip
    assert moved == [False] * (6 - moving) + [True] * moving


def test_crops_lie_inside_at_all_scales():
    columns = np.tile(np.arange(200, dtype=np.uint8)[None, :, None], (100, 1, 3))  # a pixel's value is its column
    whole = Image.fromarray(columns)
    parts = [voc_classification.crop(whole, 20, np.random.Generator(np.random.PCG64(s))) for s in range(400)]
    widths = np.array([abs(int(p[0, -1, 0]) - int(p[0, 0, 0])) * 20 / 19 for p in parts])
    scale = 227 / 375 * 100 / widths
    assert 26 < widths.min() < 34 and 95 < widths.max() < 105  # 100 * 227 / 375 / 2, and all of the shorter edge
    assert 0.4 < np.mean(scale > 1.25) < 0.6  # scales are uniform on [0.5, 2]
    assert 0.4 < np.mean([p[0, 0, 0] > p[0, -1, 0] for p in parts]) < 0.6  # mirrored
    again = voc_classification.crop(whole, 20, np.random.Generator(np.random.PCG64(0)))
    np.testing.assert_array_equal(again, parts[0])


def test_a_model_of_the_users_own(tmp_path):
    net = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, weights=None, classes=5)
    images = pictures(12)
    wrapped = external.wrap(net, (-1.0, 1.0))
    pool = keras.Model(net.inputs, net.get_layer("global_average_pooling2d").output)
    expected = pool.predict(images.images.astype(np.float32) / 127.5 - 1, verbose=0)
    np.testing.assert_allclose(
        wrapped.features(images.images, "global_average_pooling2d"), expected, rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(
        wrapped.features(images.images), wrapped.features(images.images, "global_average_pooling2d")
    )
    assert linear.evaluate(wrapped, Split(images, images, "p"), "hidden")["accuracy"] > 50
    x = layers.Input((None, None, 3))
    with pytest.raises(UserError, match="must have a fixed size"):
        external.wrap(keras.Model(x, layers.GlobalAveragePooling2D()(x)))
    (tmp_path / "bad.keras").write_bytes(b"nothing")
    with pytest.raises(UserError, match="bad.keras: cannot be loaded by Keras"):
        external.load(tmp_path / "bad.keras")
    with pytest.raises(UserError, match="no such file"):
        external.load(tmp_path / "none.keras")
