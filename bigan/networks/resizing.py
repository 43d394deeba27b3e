"""Antialiased downsampling as two matrix products: the same on every backend and device, and differentiable."""

from __future__ import annotations

import functools

import numpy as np
from keras import ops

from bigan.types import Tensor


@functools.cache
def matrix(before: int, after: int) -> np.ndarray:
    """`(after, before)` float32 weights of a triangle filter as wide as the scale: rows sum to 1.

    That is bilinear interpolation with antialiasing, as Pillow's `BILINEAR` and `jax.image.resize` do it.
    """
    scale = before / after
    centres = (np.arange(after) + 0.5) * scale
    distance = np.abs(np.arange(before) + 0.5 - centres[:, None]) / max(scale, 1.0)
    weights = np.maximum(0.0, 1.0 - distance)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def resize(images: Tensor, height: int, width: int) -> Tensor:
    """`(batch, h, w, c)` float images to `(batch, height, width, c)`."""
    _, h, w, _ = images.shape
    if (h, w) == (height, width):
        return images
    rows = ops.einsum("oh,bhwc->bowc", matrix(h, height), images)
    return ops.einsum("pw,bowc->bopc", matrix(w, width), rows)
