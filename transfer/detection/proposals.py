"""Region proposals: selective search (Uijlings et al. 2013), computed once an image, or a file of boxes.

The search is that of opencv-contrib, fast mode. Its regions are kept in a folder, one small file an image, called after
a digest of the image's file and the search's parameters; so a search that was stopped goes on, and any task on the same
images finds them. A file of boxes of one's own is an `.npz` with

    names   (n,) text: images' names, without folder and ending
    counts  (n,) integers: boxes of each
    boxes   (sum of counts, 4): left, top, right, bottom, 1-based and inclusive, image after image
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bigan.errors import UserError
from bigan.runtime import files
from bigan.streams import fixed_order
from transfer.datasets import decoding
from transfer.datasets.boxed import Boxed
from transfer.progress import counted

SEARCH = "selective search, fast, sigma 0.8, at most 2000"  # part of the cache's keys: to be changed with the search
MOST = 2000  # regions of an image
LARGEST = 1000  # pixels of an image's longer edge that are searched; VOC's have 500


def need_opencv() -> Any:
    """The module cv2.

    Raises:
        UserError: naming the extra that brings it, if it is not installed.
    """
    try:
        cv2 = importlib.import_module("cv2")
        importlib.import_module("cv2.ximgproc.segmentation")
    except ImportError as error:
        raise UserError(
            "selective search needs OpenCV with its contributed modules, the extra 'detection': "
            f"pip install opencv-contrib-python-headless ({error})"
        ) from error
    return cv2


def search(pixels: np.ndarray) -> np.ndarray:
    """Selective search: `(height, width, 3)` uint8 to `(n, 4)` int32 boxes, 1-based and inclusive, n at most `MOST`.

    Images with a longer edge than `LARGEST` are searched at that size, or it would take minutes.

    Raises:
        UserError: if OpenCV is missing.
    """
    cv2 = need_opencv()
    height, width = pixels.shape[:2]
    scale = min(1.0, LARGEST / max(height, width))
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
    segmenter = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
    segmenter.setBaseImage(np.ascontiguousarray(pixels[..., ::-1]))
    segmenter.switchToSelectiveSearchFast()
    found = np.asarray(segmenter.process(), np.int64).reshape(-1, 4)  # left, top, width, height, in an order by chance
    ends = np.concatenate([found[:, :2], found[:, :2] + found[:, 2:]], axis=1) / scale
    ends = np.rint(np.minimum(ends, [width, height, width, height])).astype(np.int64)
    ends = np.unique(ends + [1, 1, 0, 0], axis=0)
    return ends[np.sort(fixed_order(len(ends))[:MOST])].astype(np.int32)


def check_folder(path: Path) -> None:
    """Refuses a folder to keep regions in that is none, or may not be written.

    Raises:
        UserError: naming it.
    """
    if path.exists() and not path.is_dir():
        raise UserError(f"`proposals` must be an .npz of boxes, or a folder to keep regions in. Received: {path}")
    there = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not os.access(there, os.W_OK):
        raise UserError(f"`proposals`: {there} may not be written; name another folder")


def searched(images: Boxed, cache: Path | None, about: str) -> list[np.ndarray]:
    """Regions of all images, those that are not in the cache being searched on all cores.

    Args:
        images: the files.
        cache: the folder, made if missing; None: nothing is kept.
        about: what progress lines begin with.

    Raises:
        UserError: naming the file, if an image or a file of the cache is damaged; or if OpenCV is missing.
    """
    places = [cache and cache / f"{_digest(content)}.npy" for content in images.encoded]
    missing = [i for i, place in enumerate(places) if place is None or not place.is_file()]
    found: dict[int, np.ndarray] = {}
    if missing:
        need_opencv().setNumThreads(1)  # images are searched side by side instead: OpenCV lets go of Python's lock
        pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
        try:
            results = zip(missing, pool.map(functools.partial(_search, images), missing), strict=True)
            for i, regions in counted(results, len(missing), f"{about}: selective search, image"):
                place = places[i]
                if place is not None:
                    files.write(place, functools.partial(np.save, arr=regions))
                found[i] = regions
        finally:
            pool.shutdown(cancel_futures=True)
    return [found[i] if place is None or i in found else _kept(place) for i, place in enumerate(places)]


def read(path: Path, images: Boxed) -> list[np.ndarray]:
    """The regions of images from a file of boxes.

    Args:
        path: `.npz`, see above.
        images: whose boxes are wanted; the file may hold others too.

    Raises:
        UserError: naming the file, if it is missing, is no such file, lacks an image or has a box outside its image.
    """
    if not path.is_file():
        raise UserError(f"`proposals`: no such file: {path}")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names, counts, boxes = (np.asarray(arrays[key]) for key in ("names", "counts", "boxes"))
        if names.dtype.kind != "U" or counts.dtype.kind not in "iu" or boxes.dtype.kind not in "iuf":
            raise ValueError("names must be text, counts integers, boxes numbers")
        if names.shape != counts.shape or names.ndim != 1 or boxes.shape != (counts.sum(), 4) or (counts < 0).any():
            raise ValueError(f"names, counts and boxes have shapes {names.shape}, {counts.shape} and {boxes.shape}")
        if len(set(names.tolist())) < len(names):
            raise ValueError("it names an image twice")
    except (OSError, ValueError, TypeError, AttributeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"`proposals`: {path} is no file of names, counts and boxes ({error})") from error
    ends = np.cumsum(counts.astype(np.int64))
    parts = {name: boxes[end - count : end] for name, count, end in zip(names.tolist(), counts, ends, strict=True)}
    out = []
    for name, (width, height) in zip(images.stems, images.sizes, strict=True):
        if name not in parts:
            raise UserError(f"`proposals`: {path} has no boxes of image {name!r}: it is of other images")
        part = parts[name]
        good = (part[:, 0] >= 1) & (part[:, 1] >= 1) & (part[:, 2] <= width) & (part[:, 3] <= height)
        good &= (part[:, 2:] >= part[:, :2]).all(axis=1)
        if not good.all():
            wrong = tuple(part[~good][0].tolist())
            raise UserError(f"`proposals`: {path}: {wrong} lies outside image {name!r}, {width} x {height}")
        out.append(part.astype(np.float32)[:MOST])
    return out


def _search(images: Boxed, i: int) -> np.ndarray:
    return search(np.asarray(decoding.decoded(images.encoded[i], images.names[i])))


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content + SEARCH.encode(), digest_size=16).hexdigest()


def _kept(path: Path) -> np.ndarray:
    try:
        regions = np.load(path)
        if regions.ndim != 2 or regions.shape[1] != 4 or regions.dtype != np.int32:
            raise ValueError(f"boxes of shape {regions.shape}, {regions.dtype}")
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path}: is damaged; remove it, and it is made again ({error})") from error
    return regions


def digest_of(path: Path) -> str:
    """Identifies a file of boxes."""
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
