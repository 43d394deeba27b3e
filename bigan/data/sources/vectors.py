"""Floating-point vectors from `.npy` or `.npz` files: any domain, min-max or given scaling."""

from __future__ import annotations

import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

from bigan.data.dataset import Dataset, Examples
from bigan.data.sources.source import Source
from bigan.data.spec import Spec
from bigan.errors import UserError


class Vectors(Source):
    """A `.npy` of shape (n, k), or a `.npz` with `x` and optionally `y`, `x_test`, `y_test`.

    `scaling` is 'minmax' (per feature, of the training vectors) or 'LOW,HIGH'.
    """

    place = "a .npy or .npz file"
    takes_scaling = True

    def load(self) -> Dataset:
        """Reads the file.

        Raises:
            UserError: naming the file and what is wrong with it.
        """
        path = Path(self.data_dir)
        if path.suffix not in (".npy", ".npz") or not path.is_file():
            raise UserError(f"`data_dir`: expected an existing .npy or .npz file. Received: {path}")
        try:
            loaded = np.load(path, allow_pickle=False)
            arrays = {"x": loaded} if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise UserError(f"{path}: cannot be read as NumPy arrays ({error})") from error
        if "x" not in arrays:
            raise UserError(f"{path}: expected an array 'x'. Received: {', '.join(sorted(arrays))}")
        train = _part(path, arrays, "")
        test = _part(path, arrays, "_test") if "x_test" in arrays else None
        if test is not None and test.images.shape[1:] != train.images.shape[1:]:
            raise UserError(f"{path}: x_test must have {train.images.shape[1]} columns. Received: {test.images.shape}")
        return Dataset("vectors", train, test, scaled_spec(train, self.scaling))


def scaled_spec(train: Examples, scaling: str) -> Spec:
    """The spec that maps the values of `train` to the networks' range, per feature or as given.

    Args:
        train: floating-point examples.
        scaling: 'minmax' or 'LOW,HIGH'.

    Raises:
        UserError: if `scaling` is neither.
    """
    if scaling == "minmax":
        values = np.asarray(train.images)
        low, high = values.min(axis=0).ravel(), values.max(axis=0).ravel()
        if train.images.ndim > 2:  # images of floats share one range
            low, high = low.min(), high.max()
    else:
        try:
            low, high = (float(v) for v in scaling.split(","))
        except ValueError:
            raise UserError(f"`scaling` must be 'minmax' or 'LOW,HIGH'. Received: {scaling!r}") from None
        if not -math.inf < low < high < math.inf:
            raise UserError(f"`scaling`: LOW must be below HIGH, both finite. Received: {scaling!r}")
    ends = [tuple(v.tolist()) if np.ndim(v) else float(v) for v in (low, high)]
    return Spec(train.images.shape[1:], "float32", *ends)


def checked(array: np.ndarray, name: str) -> np.ndarray:
    """`array` as float32, refused unless all its numbers are finite.

    Raises:
        UserError: naming `name` and the first row with NaN or infinity, or with numbers beyond float32.
    """
    if array.dtype.kind not in "fiu":
        raise UserError(f"{name}: expected numbers. Received: {array.dtype}")
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    bad = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
    if bad.any():
        raise UserError(
            f"{name}: row {int(np.argmax(bad))} has NaN, infinity or more than float32 holds ({int(bad.sum())} rows do)"
        )
    return array


def _part(path: Path, arrays: dict[str, np.ndarray], suffix: str) -> Examples:
    x, y = arrays[f"x{suffix}"], arrays.get(f"y{suffix}")
    if x.ndim != 2 or not x.size:
        raise UserError(f"{path}: x{suffix} must have shape (n, k). Received: {x.shape}")
    x = checked(x, f"{path}: x{suffix}")
    if y is not None and (y.shape != (len(x),) or y.dtype.kind not in "iu"):
        raise UserError(f"{path}: y{suffix} must be {len(x)} integers. Received: {y.dtype} {y.shape}")
    return Examples(x, None if y is None else y.astype(np.int64))
