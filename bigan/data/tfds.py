"""Any image dataset of TensorFlow Datasets, prepared beforehand or downloaded."""

from __future__ import annotations

import urllib.error
import urllib.request

import numpy as np

from bigan.data.source import Examples, Source
from bigan.data.spec import Spec
from bigan.errors import UserError


def load(name: str, data_dir: str = "") -> Source:
    """The TFDS dataset `name`, split `train` and, if there is one, `test` or `validation`, in memory.

    Args:
        name: as TFDS spells it, e.g. 'mnist'.
        data_dir: TFDS's own data folder; its default if empty.

    Raises:
        UserError: if the dataset is unknown, has no images, or is neither prepared nor can be downloaded.
    """
    import tensorflow_datasets as tfds

    place = data_dir or "its default folder"
    try:
        builder = tfds.builder(name, data_dir=data_dir or None)
    except Exception as error:
        if type(error).__name__ not in ("DatasetNotFoundError", "ValueError", "ModuleNotFoundError", "ImportError"):
            raise
        raise UserError(f"--dataset=tfds:{name}: TFDS has no such dataset ({_line(error)})") from error
    features = builder.info.features
    if features is None or "image" not in features:
        raise UserError(f"--dataset=tfds:{name}: has no feature 'image'; only image datasets can be used")
    if not (builder.data_path / "dataset_info.json").exists() and not _online(builder.info.homepage):
        raise UserError(
            f"--dataset=tfds:{name}: not prepared in {place} and there is no network to download it; prepare it "
            "where there is one, then pass --data_dir"
        )
    try:
        builder.download_and_prepare()
        splits = list(builder.info.splits)
        train = _read(tfds, builder, "train", name)
        second = next((s for s in ("test", "validation") if s in splits), None)
        test = _read(tfds, builder, second, name) if second else None
    except UserError:
        raise
    except Exception as error:  # TFDS raises AssertionError, requests' and TensorFlow's errors, and its own
        raise UserError(
            f"--dataset=tfds:{name}: not prepared in {place} and it could not be downloaded "
            f"({type(error).__name__}: {_line(error)}); prepare it where there is a network, then pass --data_dir"
        ) from error
    classes = tuple(features["label"].names) if "label" in features and hasattr(features["label"], "names") else ()
    return Source(f"tfds:{name}", train, test, Spec(train.images.shape[1:]), classes)


def _read(tfds, builder, split: str, name: str) -> Examples:
    images: list[np.ndarray] = []
    labels: list[int] = []
    for example in tfds.as_numpy(builder.as_dataset(split=split)):
        image = example["image"]
        if images and image.shape != images[0].shape:
            raise UserError(
                f"--dataset=tfds:{name}: images differ in size ({images[0].shape} and {image.shape}), "
                "and this network needs one size"
            )
        images.append(image)
        if "label" in example:
            labels.append(example["label"])
    if not images:
        raise UserError(f"--dataset=tfds:{name}: split {split!r} is empty")
    return Examples(np.stack(images), np.array(labels, np.int64) if labels else None)


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
