"""Datasets of arrays in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bigan.data.dataset import Dataset, Examples
from bigan.data.sources import vectors
from bigan.data.spec import Spec
from bigan.errors import UserError


def from_arrays(
    images: ArrayLike,
    labels: ArrayLike | None = None,
    test_images: ArrayLike | None = None,
    test_labels: ArrayLike | None = None,
    scaling: str = "minmax",
) -> Dataset:
    """A dataset of arrays in memory: uint8 images (any shape) or floating-point vectors.

    Raises:
        UserError: on a dtype or shape that cannot be used, NaN, or labels that do not match.
    """
    train, test = _examples("images", images, labels), None
    if test_images is not None:
        test = _examples("test_images", test_images, test_labels)
        if test.images.shape[1:] != train.images.shape[1:] or test.images.dtype != train.images.dtype:
            raise UserError(
                f"test_images must have the training images' shape and dtype {train.images.shape[1:]} "
                f"{train.images.dtype}. Received: {test.images.shape[1:]} {test.images.dtype}"
            )
    if train.images.dtype == np.uint8:
        if scaling != "minmax":
            raise UserError(f"scaling is for floating-point vectors, not for uint8 images. Received: {scaling!r}")
        return Dataset("arrays", train, test, Spec(train.images.shape[1:]))
    return Dataset("arrays", train, test, vectors.scaled_spec(train, scaling))


def _examples(name: str, given: ArrayLike, given_labels: ArrayLike | None) -> Examples:
    try:
        images = np.asarray(given)
    except ValueError as error:  # lists of different lengths
        raise UserError(f"{name} must be one array of shape (n, ...) ({error})") from error
    if images.ndim < 2 or not len(images):
        raise UserError(f"{name} must have shape (n, ...) with n > 0. Received: {images.shape}")
    if images.dtype == np.uint8:
        images = images[..., None] if images.ndim == 3 else images  # grey images without an axis for channels
    elif images.dtype.kind != "f":
        raise UserError(f"{name} must be uint8 images or floating-point vectors. Received: {images.dtype}")
    else:
        images = vectors.checked(images, name)
    labels = None
    if given_labels is not None:
        try:
            labels = np.asarray(given_labels)
        except ValueError as error:
            raise UserError(f"labels must be {len(images)} integers, one per example ({error})") from error
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
            raise UserError(
                f"labels must be {len(images)} integers, one per example. Received: {labels.dtype} {labels.shape}"
            )
        labels = labels.astype(np.int64)
    return Examples(images, labels)
