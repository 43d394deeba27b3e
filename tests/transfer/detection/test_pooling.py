"""RoI pooling beside a plain loop: forward, and the gradient to the features."""

import keras
import numpy as np
import pytest

from transfer.detection.pooling import RoIPooling


def by_hand(features, regions, bins, stride, first):
    """Maxima, and where each came from (-1: an empty bin), by loops over every bin of every region."""
    n, height, width, channels = features.shape
    out = np.zeros((n, regions.shape[1], bins, bins, channels))
    origin = np.full(out.shape, -1)
    for i in range(n):
        for r, box in enumerate(regions[i]):
            ends = [int(np.floor((v - first) / stride + 0.5)) for v in box]
            left, right = (min(max(v, -1), width) for v in ends[::2])
            top, bottom = (min(max(v, -1), height) for v in ends[1::2])
            tall, wide = max(bottom - top + 1, 1), max(right - left + 1, 1)
            for a in range(bins):
                for b in range(bins):
                    rows = range(max(top + a * tall // bins, 0), min(top - (-(a + 1) * tall // bins), height))
                    columns = range(max(left + b * wide // bins, 0), min(left - (-(b + 1) * wide // bins), width))
                    for c in range(channels):
                        for y in rows:
                            for x in columns:
                                if origin[i, r, a, b, c] < 0 or features[i, y, x, c] > out[i, r, a, b, c]:
                                    out[i, r, a, b, c] = features[i, y, x, c]
                                    origin[i, r, a, b, c] = np.ravel_multi_index((i, y, x, c), features.shape)
    return out.reshape(n, regions.shape[1], -1), origin.reshape(n, regions.shape[1], -1)


def both(layer, features, regions, direction):
    """What the layer gives, and the gradient of its product with a direction: compiled, as in training."""
    if keras.backend.backend() == "jax":
        import jax

        out, slope = jax.jit(lambda f, r, d: (lambda y, back: (y, back(d)[0]))(*jax.vjp(lambda x: layer(x, r), f)))(
            features, regions, direction
        )
        return np.asarray(out), np.asarray(slope)
    import tensorflow as tf

    @tf.function
    def run(f, r, d):
        with tf.GradientTape() as tape:
            tape.watch(f)
            out = layer(f, r)
            value = tf.reduce_sum(out * d)
        return out, tf.convert_to_tensor(tape.gradient(value, f))

    return [v.numpy() for v in run(*(tf.constant(v) for v in (features, regions, direction)))]


@pytest.mark.jax
@pytest.mark.parametrize("bins, stride, first, size", [(6, 8, 3.5, (13, 17)), (3, 16, 0, (4, 9)), (2, 16, 17, (1, 5))])
def test_maxima_and_gradient_beside_brute_force(bins, stride, first, size):
    rng = np.random.default_rng(bins)
    height, width = size[0] * stride, size[1] * stride
    features = rng.permutation(np.arange(2 * size[0] * size[1] * 3)).reshape(2, *size, 3).astype(np.float32) - 100
    ends = rng.uniform(0, (width, height), (2, 40, 2, 2))
    regions = np.concatenate([ends.min(axis=2), ends.max(axis=2)], axis=-1)
    edges = [
        (0, 0, width - 1, height - 1),  # the whole image
        (0, 0, 0, 0),  # one pixel, in either corner
        (width - 1, height - 1, width - 1, height - 1),
        (0, 0, width - 1, 0),  # on the border
        (-500, -500, 5000, 5000),  # larger than the image
        (width + 900, 0, width + 950, 9),  # beside it: every bin is empty
        (3, 5, 30, 31),
        (3, 5, 30, 31),  # identical
    ]
    regions = np.concatenate([regions, np.tile(np.array(edges, float), (2, 1, 1))], axis=1).astype(np.float32)
    layer = RoIPooling(bins, stride, first)
    expected, origin = by_hand(features, regions, bins, stride, first)
    direction = rng.normal(size=expected.shape).astype(np.float32)
    found, gradient = both(layer, features, regions, direction)
    np.testing.assert_array_equal(found, expected)
    assert (found[:, -3] == 0).all() and layer.compute_output_shape(features.shape, regions.shape) == found.shape
    slope = np.zeros(features.size)
    np.add.at(slope, origin[origin >= 0], direction[origin >= 0])
    np.testing.assert_allclose(gradient.ravel(), slope, rtol=1e-4, atol=1e-4)
