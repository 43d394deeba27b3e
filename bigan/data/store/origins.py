"""What a store is made from: lists of encoded images with their names and labels, in a fixed order."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from bigan.data.sources import images, tfds
from bigan.errors import UserError
from bigan.runtime import files
from bigan.streams import fixed_order

T = TypeVar("T")


@dataclass(frozen=True)
class Item:
    """One encoded image: its name for messages, its label (-1: none), and a path or bytes."""

    name: str
    label: int
    content: Path | bytes


@dataclass(frozen=True)
class Origin:
    """Images by split.

    Args:
        name: of the dataset.
        classes: in the order of the labels.
        counts: number of images of each split.
        items: (split, first) -> the split's images from position `first` on, always in the same order.
        digest: identifies the images as far as their names and sizes tell.
        ignored: files and folders that are no images, by name.
    """

    name: str
    classes: tuple[str, ...]
    counts: dict[str, int]
    items: Callable[[str, int], Iterator[Item]]
    digest: str
    ignored: tuple[str, ...] = field(default=())


def open_origin(dataset: str, data_dir: str, splits: list[str], classes: slice, limit: int) -> Origin:
    """The dataset that `dataset` and `data_dir` name.

    Args:
        dataset: 'images' or 'tfds:NAME'.
        data_dir: a folder (see `bigan.data.sources.images`), or TFDS's own.
        splits: names of splits; those there are if empty.
        classes: which classes, by their place in the sorted list; they are numbered anew from 0.
        limit: at most that many images of each split, chosen at random, always the same ones; 0 for all.

    Raises:
        UserError: if there is no such dataset, split or class, or a class without images.
    """
    kind, _, name = dataset.partition(":")
    for split in splits:
        if not split.isidentifier():
            raise UserError(f"`splits` must be names of splits, separated by commas. Received: {split!r}")
    if kind == "tfds" and name:
        origin = _tfds(dataset, name, data_dir, splits, classes, limit)
    elif dataset != "images":
        raise UserError(f"`dataset` must be images or tfds:NAME. Received: {dataset!r}")
    elif not data_dir:
        raise UserError("`dataset=images` needs `data_dir`, the folder of images")
    else:
        with files.readable(Path(data_dir)):
            origin = _folder(Path(data_dir), splits, classes, limit)
    for split, count in origin.counts.items():
        if not count:
            raise UserError(f"`classes`: split {split!r} has no images of {', '.join(origin.classes)}")
    if "train" not in origin.counts:
        raise UserError(f"`splits`: a store needs the split 'train'. Received: {', '.join(origin.counts)}")
    return origin


def _folder(root: Path, splits: list[str], chosen: slice, limit: int) -> Origin:
    if not root.is_dir():
        raise UserError(f"`data_dir`: no such folder: {root}")
    there = [n for n in ("train", "val", "test") if (root / n).is_dir()]
    known = there or ["train"]
    for split in splits:
        if split not in known:
            raise UserError(f"`splits`: {root} has no split {split!r}; it has {', '.join(known)}")
    roots = {n: root / n if there else root for n in splits or known[:2]}
    base = root / "train" if "train" in there else next(iter(roots.values()))  # numbers the classes of all splits
    classes = images.classes_in(base, strict=True)
    kept = _choose(classes, chosen)
    numbers = {classes.index(c): i for i, c in enumerate(kept)}
    listing: dict[str, list[tuple[Path, int]]] = {}
    # A README, say, beside the folders of the splits; folders are other splits.
    ignored = [str(path) for path in sorted(root.iterdir()) if there and not path.is_dir()]
    for split, place in roots.items():
        here = images.classes_in(place, strict=True)
        if unknown := [c for c in here if c not in classes]:
            raise UserError(f"{place / unknown[0]}: there is no such class in {base}")
        if classes and not here:
            raise UserError(f"{place}: has no class folders, and {base} has; pass `splits` without {split}")
        pairs, others = images.listing(place, classes)
        pairs = [(p, numbers[label]) for p, label in pairs if label in numbers] if classes else pairs
        listing[split] = _limited(pairs, limit)
        ignored += [str(path) for path in others]
    digest = hashlib.blake2b(digest_size=16)
    for split, pairs in listing.items():
        for path, label in pairs:
            size = path.stat().st_size if path.exists() else -1
            digest.update(f"{split}\0{label}\0{size}\0".encode())
            digest.update(os.fsencode(path.relative_to(root)) + b"\n")

    def items(split: str, first: int) -> Iterator[Item]:
        for path, label in listing[split][first:]:
            yield Item(str(path), label if classes else -1, path)

    counts = {split: len(pairs) for split, pairs in listing.items()}
    return Origin("images", tuple(kept), counts, items, digest.hexdigest(), tuple(ignored))


def _tfds(dataset: str, name: str, data_dir: str, splits: list[str], chosen: slice, limit: int) -> Origin:
    builder = tfds.prepared(name, data_dir)
    known = list(builder.info.splits)
    wanted = splits or [s for s in ("train", "validation", "test") if s in known][:2]
    for split in wanted:
        if split not in known:
            raise UserError(f"`splits`: {dataset} has no split {split!r}; it has {', '.join(known)}")
    features = builder.info.features
    classes = list(getattr(features["label"], "names", [])) if "label" in features else []
    kept = _choose(classes, chosen)
    numbers = {classes.index(c): i for i, c in enumerate(kept)}
    positions: dict[str, list[int]] = {}
    for split in wanted:
        if limit or len(kept) < len(classes):
            labels = tfds.labels(builder, split) if classes else np.zeros(builder.info.splits[split].num_examples, int)
            pairs = [(i, label) for i, label in enumerate(labels) if not classes or label in numbers]
            positions[split] = [i for i, _ in _limited(pairs, limit)]
        else:
            positions[split] = list(range(builder.info.splits[split].num_examples))
    digest = hashlib.blake2b(repr((builder.info.full_name, positions, kept)).encode(), digest_size=16).hexdigest()

    def items(split: str, first: int) -> Iterator[Item]:
        places = iter(positions[split][first:])
        following = next(places, None)
        examples = enumerate(tfds.encoded(builder, split))
        while following is not None:
            i, (content, label) = next(examples)
            if i == following:
                yield Item(f"{dataset} {split} example {i}", numbers.get(label, label) if classes else -1, content)
                following = next(places, None)

    # The evaluation split is called 'val' in a store, whatever TFDS calls it.
    names = {("val" if s == "validation" else s): s for s in wanted}
    return Origin(
        dataset,
        tuple(kept),
        {n: len(positions[s]) for n, s in names.items()},
        lambda split, first: items(names[split], first),
        digest,
    )


def _choose(classes: list[str], chosen: slice) -> list[str]:
    if chosen != slice(None) and not classes:
        raise UserError("`classes`: there are no classes here")
    kept = classes[chosen]
    last = chosen.stop if chosen.stop is not None else len(classes)
    if chosen != slice(None) and (not kept or last > len(classes)):
        raise UserError(f"`classes`: there are {len(classes)} classes, 0 to {len(classes) - 1}")
    return kept


def _limited(pairs: list[T], limit: int) -> list[T]:
    if not limit or limit >= len(pairs):
        return pairs
    order = fixed_order(len(pairs))[:limit]
    return [pairs[i] for i in np.sort(order)]
