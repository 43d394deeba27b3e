"""Convolutions at stride 2 and their transposes against sums written out, with gradients, in every form there is."""

import keras
import numpy as np
import pytest
from keras import ops

from bigan.networks.plain import plain
from bigan.networks.strided import StridedConvolution
from bigan.runtime import compilation, strides

pytestmark = pytest.mark.jax

CASES = [(5, 8, 8, 3, 4), (5, 8, 6, 7, 4), (5, 6, 6, 5, 2), (3, 4, 4, 2, 6), (9, 10, 10, 4, 3), (5, 7, 5, 3, 4)]


def written_out(x, kernel):
    """Every product by itself."""
    p, (batch, height, width, _) = kernel.shape[0] // 2, x.shape
    result = np.zeros((batch, -(-height // 2), -(-width // 2), kernel.shape[3]))
    for i, j, a, b in np.ndindex(*result.shape[1:3], *kernel.shape[:2]):
        row, column = 2 * i + a - p, 2 * j + b - p
        if 0 <= row < height and 0 <= column < width:
            result[:, i, j] += x[:, row, column] @ kernel[a, b]
    return result


def drawn(k, height, width, inputs, outputs):
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, height, width, inputs)), rng.normal(size=(k, k, inputs, outputs))


@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_convolution(case, squares, monkeypatch):
    monkeypatch.setattr(strides, "_by_squares", lambda channels, p, dtype: squares and p % 2 == 0)
    x, kernel = drawn(*case)
    found = strides.convolve(ops.convert_to_tensor(x, "float32"), ops.convert_to_tensor(kernel, "float32"))
    np.testing.assert_allclose(ops.convert_to_numpy(found), written_out(x, kernel), atol=1e-4)


@pytest.mark.parametrize("case", CASES[:-1])
def test_the_transpose_is_the_convolutions_adjoint(case):
    x, kernel = drawn(*case)
    forward = written_out(x, kernel)
    y = np.random.default_rng(1).normal(size=forward.shape)
    found = strides.transpose(ops.convert_to_tensor(y, "float32"), ops.convert_to_tensor(kernel, "float32"))
    back = ops.convert_to_numpy(found)
    assert back.shape == x.shape
    for basis in range(20):  # <K e, y> = <e, K' y> for single pixels e, so each pixel is checked by itself
        e = np.zeros_like(x)
        place = np.unravel_index(np.random.default_rng(basis).integers(x.size), x.shape)
        e[place] = 1
        assert back[place] == pytest.approx((written_out(e, kernel) * y).sum(), abs=1e-4)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the other backends have one form")
@pytest.mark.parametrize("squares", [False, True])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("case", CASES[:-1])
def test_gradients_are_those_of_the_padded_form(case, transposed, squares, monkeypatch):
    import tensorflow as tf

    x, kernel = drawn(*case)
    if transposed:
        x = np.random.default_rng(1).normal(size=(2, case[1] // 2, case[2] // 2, case[4]))
    x, kernel = tf.constant(x), tf.constant(kernel)
    monkeypatch.setattr(strides, "_by_squares", lambda channels, p, dtype: squares and p % 2 == 0)
    monkeypatch.setattr(strides, "FEW", 100 if squares else 0)
    found = []
    for fast in (True, False):
        monkeypatch.setattr(compilation, "on_tensorflows_cpu", lambda fast=fast: fast)
        with tf.GradientTape() as tape:
            tape.watch((x, kernel))
            value = tf.reduce_sum(tf.sin((strides.transpose if transposed else strides.convolve)(x, kernel)))
        found.append(tape.gradient(value, (x, kernel)))
    for ours, reference in zip(*found, strict=True):
        np.testing.assert_allclose(ours, reference, atol=1e-10)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the other backends have one form")
@pytest.mark.parametrize("inputs", [3, 6])
def test_gradients_in_bfloat16_are_those_of_float32_rounded(inputs):
    import tensorflow as tf

    x, kernel = (tf.constant(array, tf.float32) for array in drawn(5, 8, 8, inputs, 4))
    found = []
    for dtype in (tf.bfloat16, tf.float32):
        with tf.GradientTape() as tape:
            tape.watch((x, kernel))
            result = strides._padded(tf.cast(x, dtype), tf.cast(kernel, dtype))
            value = tf.reduce_sum(tf.sin(tf.cast(result, tf.float32) / 10))
        found.append(tape.gradient(value, (x, kernel)))
    for ours, reference in zip(*found, strict=True):
        assert np.linalg.norm(ours - reference) <= 0.02 * np.linalg.norm(reference)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the other backends have one form")
@pytest.mark.parametrize("inputs", [3, 6])
def test_gradients_of_gradients(monkeypatch, inputs):
    """As R1 takes them: of the squared gradient at the images, for the kernel."""
    import tensorflow as tf

    x, kernel = (tf.constant(array) for array in drawn(5, 8, 8, inputs, 4))
    found = []
    for fast in (True, False):
        monkeypatch.setattr(compilation, "on_tensorflows_cpu", lambda fast=fast: fast)
        with tf.GradientTape() as outer:
            outer.watch(kernel)
            with tf.GradientTape() as inner:
                inner.watch(x)
                value = tf.reduce_sum(tf.sin(strides.convolve(x, kernel)))
            penalty = tf.reduce_sum(tf.square(inner.gradient(value, x)))
        found.append(outer.gradient(penalty, kernel))
    np.testing.assert_allclose(*found, rtol=1e-9)


DOUBLED = [(3, 4, 4, 5, 3), (3, 5, 6, 2, 4), (5, 4, 3, 3, 2), (1, 3, 3, 2, 2)]


@pytest.mark.parametrize("case", DOUBLED)
def test_a_convolution_of_doubled_pixels(case):
    x, kernel = drawn(*case)
    large, p = x.repeat(2, axis=1).repeat(2, axis=2), kernel.shape[0] // 2
    padded = np.pad(large, [(0, 0), (p, p), (p, p), (0, 0)])
    patches = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[:2], (1, 2))
    found = strides.doubled(ops.convert_to_tensor(x, "float32"), ops.convert_to_tensor(kernel, "float32"))
    np.testing.assert_allclose(
        ops.convert_to_numpy(found), np.einsum("bhwcij,ijco->bhwo", patches, kernel), rtol=1e-4, atol=1e-4
    )


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the other backends have one form")
@pytest.mark.parametrize("case", DOUBLED)
def test_gradients_where_pixels_are_doubled(case, monkeypatch):
    """Of the transpose those of the form that doubles pixels, and of its squared gradient too."""
    import tensorflow as tf

    x, kernel = (tf.constant(array) for array in drawn(*case))
    found = []
    for fast in (True, False):
        monkeypatch.setattr(compilation, "on_tensorflows_cpu", lambda fast=fast: fast)
        with tf.GradientTape() as outer:
            outer.watch((x, kernel))
            with tf.GradientTape() as inner:
                inner.watch((x, kernel))
                value = tf.reduce_sum(tf.sin(strides.doubled(x, kernel)))
            first = inner.gradient(value, (x, kernel))
            penalty = tf.reduce_sum(tf.square(first[0]))
        found.append((*first, outer.gradient(penalty, kernel)))
    for ours, reference in zip(*found, strict=True):
        np.testing.assert_allclose(ours, reference, rtol=1e-6, atol=1e-8)


def test_a_network_in_layers_of_kerass_own():
    x = keras.Input((8, 8, 3))
    h = StridedConvolution(4, 5, use_bias=False, name="linear1")(x)
    network = keras.Model(x, StridedConvolution(2, 3, activation="relu", name="linear2")(h))
    same = plain(network)
    kinds = {layer.name: type(layer) for layer in same.layers}
    assert kinds["pad_linear1"] is keras.layers.ZeroPadding2D and kinds["linear2"] is keras.layers.Conv2D
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(same.predict(images, verbose=0), network.predict(images, verbose=0), atol=1e-5)
    assert plain(same) is same
