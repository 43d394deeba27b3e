"""Sources of data: each is one module here and one line of the list in `bigan.registry`."""

from __future__ import annotations

from typing import cast

from bigan.data.dataset import Dataset
from bigan.data.sources.source import Source as Source
from bigan.errors import UserError
from bigan.registry import SOURCES


def load(dataset: str, data_dir: str = "", scaling: str = "minmax", crop: int = 0) -> Dataset:
    """The dataset called `dataset`.

    Args:
        dataset: digits | idx | tfds:NAME | images | vectors | store, or another source's short or importable name.
        data_dir: its place, where it needs one.
        scaling: of vectors, 'minmax' or 'LOW,HIGH'.
        crop: edge of the square crops to take of its images; 0 for whole ones.

    Raises:
        UserError: if there is no such dataset, or its files are missing or damaged (the line names the file).
    """
    source, name, argument = _find(dataset)
    if bool(argument) != bool(source.argument_is):
        expected = f"{name}:{source.argument_is}" if source.argument_is else name
        raise UserError(f"`dataset` must be {expected}. Received: {dataset!r}")
    if scaling != "minmax" and not source.takes_scaling:
        raise UserError(
            f"`scaling` is for datasets of vectors, not for {dataset}, whose bytes have one. Received: {scaling!r}"
        )
    if source.place and not data_dir:
        raise UserError(f"`dataset={dataset}` needs `data_dir`, {source.place}")
    loaded = source(data_dir, argument, scaling).load()
    if not isinstance(loaded, Dataset):
        raise UserError(f"`dataset={dataset}`: its load() must return a Dataset. Received: {type(loaded).__name__}")
    return loaded.cropped(crop)


def takes_scaling(dataset: str) -> bool:
    """Whether a dataset's examples are floating-point vectors, which `scaling` maps to the networks' range."""
    return _find(dataset)[0].takes_scaling


def _find(dataset: str) -> tuple[type[Source], str, str]:
    """A dataset's source, that source's name, and what follows it."""
    kind, _, argument = dataset.partition(":")
    # A source may be called as its module is: then its importable name begins with its short one.
    short = kind in SOURCES and SOURCES.place(kind) != dataset
    name, argument = (kind, argument) if short else (dataset, "")
    return cast(type[Source], SOURCES.resolve(name)), name, argument
