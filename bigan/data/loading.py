"""Sources by name, and sources of arrays in memory."""

from __future__ import annotations

import dataclasses

import numpy as np

from bigan.data import digits, idx, store, tfds, vectors
from bigan.data import images as folders
from bigan.data.source import Examples, Source
from bigan.data.spec import Spec
from bigan.errors import UserError

KNOWN = "digits, idx, tfds:NAME, images, vectors, store"


def load(dataset: str, data_dir: str = "", scaling: str = "minmax", crop: int = 0, flip: bool = False) -> Source:
    """The dataset called `dataset`.

    Args:
        dataset: digits | idx | tfds:NAME | images | vectors | store.
        data_dir: its place, where it needs one.
        scaling: of vectors, 'minmax' or 'LOW,HIGH'.
        crop, flip: of a store, see `bigan.data.store`.

    Raises:
        UserError: if there is no such dataset, or its files are missing or damaged (the line names the file).
    """
    kind, _, name = dataset.partition(":")
    if (crop or flip) and dataset != "store":
        raise UserError(
            f"--crop and --flip are for --dataset=store; make one of --dataset={dataset} with "
            "python -m scripts.prepare, then pass its --out as --data_dir"
        )
    if scaling != "minmax" and dataset != "vectors":
        raise UserError(
            f"--scaling is for --dataset=vectors, not for {dataset}, whose bytes have one. Received: {scaling!r}"
        )
    if kind == "tfds" and name:
        return tfds.load(name, data_dir)
    if dataset == "digits":
        return digits.load()
    loaders = {"idx": idx.load, "images": folders.load, "vectors": lambda place: vectors.load(place, scaling),
               "store": lambda place: store.load(place, crop, flip)}  # fmt: skip
    if dataset not in loaders:
        raise UserError(f"--dataset must be one of {KNOWN}. Received: {dataset!r}")
    if not data_dir:
        raise UserError(f"--dataset={dataset} needs --data_dir, the place where it lies")
    return loaders[dataset](data_dir)


def from_arrays(images, labels=None, test_images=None, test_labels=None, scaling: str = "minmax") -> Source:
    """A source of arrays in memory: uint8 images (any shape) or floating-point vectors.

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
        return Source("arrays", train, test, Spec(train.images.shape[1:]))
    return dataclasses.replace(vectors.scaled("arrays", train, scaling), test=test)


def _examples(name: str, images, labels) -> Examples:
    try:
        images = np.asarray(images)
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
    if labels is not None:
        try:
            labels = np.asarray(labels)
        except ValueError as error:
            raise UserError(f"labels must be {len(images)} integers, one per example ({error})") from error
        if labels.shape != (len(images),) or labels.dtype.kind not in "iu":
            raise UserError(
                f"labels must be {len(images)} integers, one per example. Received: {labels.dtype} {labels.shape}"
            )
        labels = labels.astype(np.int64)
    return Examples(images, labels)
