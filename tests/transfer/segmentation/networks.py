"""What the tests of segmentation share: convolutions without padding, and pictures with masks."""

import io

import keras
import numpy as np
from keras import layers
from PIL import Image

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.models.method import create
from bigan.networks import DCGAN
from transfer.datasets.masks import Masked


class Unpadded(DCGAN):
    """E of two convolutions without padding: 16 px -> 7 -> 3 cells at stride 4."""

    def encoder(self, output_stddev=None):
        x = layers.Input(self.spec.shape)
        h = layers.LeakyReLU(0.2, name="conv1")(layers.Conv2D(6, 3, strides=2, name="linear1")(x))
        h = layers.LeakyReLU(0.2, name="conv2")(layers.Conv2D(8, 3, strides=2, name="linear2")(h))
        return keras.Model(x, layers.Dense(4)(layers.Flatten()(h)))


def unpadded():
    config = Config(networks="tests.transfer.segmentation.networks:Unpadded", width=4, latent_dim=4)
    made = create(config, Spec((16, 16, 3)))
    rng = np.random.default_rng(0)
    for variable in made.encoder.trainable_variables:
        variable.assign(rng.normal(0, 0.3, variable.shape))
    return made


def masked(count, seed=0):
    """Pictures of several sizes with a red (class 3) and a blue (class 15) rectangle on dark, void between them."""
    rng = np.random.default_rng(seed)
    encoded, masks = [], []
    for i in range(count):
        height, width = 48 + i % 5, 64 - i % 7
        pixels = rng.integers(0, 60, (height, width, 3), np.uint8)
        mask = np.zeros((height, width), np.uint8)
        for label, channel, left in ((3, 0, 0), (15, 2, width // 2)):
            top, start = rng.integers(0, 12), left + rng.integers(0, 6)
            area = slice(top, top + 30), slice(start, start + 24)
            pixels[area][..., channel] += 180
            mask[area] = label
        mask[:, width // 2 - 1 : width // 2 + 1] = 255
        encoded.append(_bytes(pixels, "JPEG"))
        masks.append(_bytes(mask, "PNG"))
    return Masked(encoded, masks, [f"{i}.jpg" for i in range(count)])


def _bytes(pixels, kind):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()
