"""Any image dataset of TensorFlow Datasets, prepared beforehand or downloaded."""

from __future__ import annotations

import difflib
import urllib.error
import urllib.request
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from bigan.data.dataset import Dataset, Examples
from bigan.data.sources.source import Source
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.runtime import backend

if TYPE_CHECKING:
    from tensorflow_datasets.core import DatasetBuilder


class Tfds(Source):
    """'tfds:NAME', NAME as TFDS spells it: split `train` and, if there is one, `test` or `validation`, in memory.

    `data_dir` is TFDS's own data folder; its default if empty.
    """

    argument_is = "NAME"

    def load(self) -> Dataset:
        """Downloads and prepares the dataset if need be, and reads it.

        Raises:
            UserError: as `prepared` does, or if images differ in size.
        """
        name = self.argument
        builder = prepared(name, self.data_dir)
        features, splits = builder.info.features, list(builder.info.splits)
        train = _read(builder, "train", name)
        second = next((s for s in ("test", "validation") if s in splits), None)
        test = _read(builder, second, name) if second else None
        classes = tuple(features["label"].names) if "label" in features and hasattr(features["label"], "names") else ()
        return Dataset(f"tfds:{name}", train, test, Spec(train.images.shape[1:]), classes)


def prepared(name: str, data_dir: str = "") -> DatasetBuilder:
    """The builder of the TFDS dataset `name`, prepared, after a download if need be.

    Raises:
        UserError: if the dataset is unknown, has no images, or is neither prepared nor can be downloaded.
    """
    tfds = _tfds()
    place = data_dir or "its default folder"
    try:
        builder = tfds.builder(name, data_dir=data_dir or None)
    except Exception as error:
        if type(error).__name__ not in ("DatasetNotFoundError", "ValueError", "ModuleNotFoundError", "ImportError"):
            raise
        why = f" ({_line(error)})"
        if type(error).__name__ == "DatasetNotFoundError":  # whose own message lists all datasets
            near = difflib.get_close_matches(name, tfds.list_builders())
            why = f"; near it: {', '.join(near)}" if near else ""
        raise UserError(f"`dataset=tfds:{name}`: TFDS has no such dataset{why}") from error
    features = builder.info.features
    if features is None or "image" not in features:
        raise UserError(f"`dataset=tfds:{name}`: has no feature 'image'; only image datasets can be used")
    manual = bool(builder.MANUAL_DOWNLOAD_INSTRUCTIONS)  # such as imagenet2012's: then no network is needed
    if not (builder.data_path / "dataset_info.json").exists() and not manual and not _online(builder.info.homepage):
        raise UserError(
            f"`dataset=tfds:{name}`: not prepared in {place} and there is no network to download it; prepare it "
            "where there is one, then pass `data_dir`"
        )
    try:
        builder.download_and_prepare()
    except Exception as error:  # TFDS raises AssertionError, requests' and TensorFlow's errors, and its own
        raise UserError(
            f"`dataset=tfds:{name}`: not prepared in {place} and it could not be downloaded "
            f"({type(error).__name__}: {_line(error)}); prepare it where there is a network, then pass `data_dir`"
        ) from error
    return builder


def encoded(builder: DatasetBuilder, split: str) -> Iterator[tuple[bytes, int]]:
    """Every image of `split` as its encoded bytes, with its label (-1 without), in TFDS's order."""
    tfds = _tfds()
    dataset = builder.as_dataset(split=split, shuffle_files=False, decoders={"image": tfds.decode.SkipDecoding()})
    for example in tfds.as_numpy(dataset):
        yield bytes(example["image"]), int(example.get("label", -1))


def labels(builder: DatasetBuilder, split: str) -> list[int]:
    """The labels of `split`, in TFDS's order; nothing is decoded."""
    return [label for _, label in encoded(builder, split)]


def _read(builder: DatasetBuilder, split: str, name: str) -> Examples:
    tfds = _tfds()
    images: list[np.ndarray] = []
    numbers: list[int] = []
    for example in tfds.as_numpy(builder.as_dataset(split=split)):
        image = example["image"]
        if images and image.shape != images[0].shape:
            raise UserError(
                f"`dataset=tfds:{name}`: images differ in size ({images[0].shape} and {image.shape}), "
                "and this network needs one size; make a store of them with scripts.prepare"
            )
        images.append(image)
        if "label" in example:
            numbers.append(example["label"])
    if not images:
        raise UserError(f"`dataset=tfds:{name}`: split {split!r} is empty")
    return Examples(np.stack(images), np.array(numbers, np.int64) if numbers else None)


def _tfds() -> ModuleType:
    with backend.silent_libraries():
        import tensorflow  # noqa: F401 (what TensorFlow Datasets would import later)
        import tensorflow_datasets
    return tensorflow_datasets


def _online(homepage: str) -> bool:
    """Whether the dataset's homepage or TFDS's mirror answers at all: TFDS itself retries for minutes."""
    for url in (homepage, "https://storage.googleapis.com"):
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=5).close()
            return True
        except urllib.error.HTTPError:
            return True  # an answer, if a refusal
        except (OSError, ValueError):
            continue
    return False


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
