"""Vectors from NumPy files."""

import numpy as np
import pytest

from bigan.data import sources
from bigan.errors import UserError


def test_vectors(tmp_path):
    x = np.random.default_rng(0).normal(size=(10, 3))
    np.save(tmp_path / "a.npy", x)
    loaded = sources.load("vectors", str(tmp_path / "a.npy"))
    assert loaded.train.images.dtype == np.float32 and np.allclose(loaded.spec.low, x.min(0))
    np.savez(tmp_path / "b.npz", x=x, y=np.arange(10), x_test=x[:2], y_test=np.arange(2))
    loaded = sources.load("vectors", str(tmp_path / "b.npz"), "-3,3")
    assert loaded.spec.low == -3 and len(loaded.test) == 2 and loaded.train.labels.tolist() == list(range(10))
    bad = x.copy()
    bad[4, 1] = np.inf
    for name, arrays, message in [
        ("c", {"x": bad}, "row 4 has NaN, infinity or more"),
        ("d", {"z": x}, "expected an array 'x'. Received: z"),
        ("e", {"x": x, "y": np.arange(9)}, "y must be 10 integers"),
        ("f", {"x": x[0]}, r"x must have shape \(n, k\)"),
        ("g", {"x": x, "x_test": x[:, :2]}, "x_test must have 3 columns"),
    ]:
        np.savez(tmp_path / f"{name}.npz", **arrays)
        with pytest.raises(UserError, match=f"{name}.npz: .*{message}|{name}.npz.*{message}"):
            sources.load("vectors", str(tmp_path / f"{name}.npz"))
    for scaling in ("3", "a,b", "2,1", "0,inf"):
        with pytest.raises(UserError, match="`scaling`"):
            sources.load("vectors", str(tmp_path / "a.npy"), scaling)
    (tmp_path / "h.npy").write_bytes(b"no array")
    with pytest.raises(UserError, match="h.npy: cannot be read"):
        sources.load("vectors", str(tmp_path / "h.npy"))
    np.savez_compressed(tmp_path / "i.npz", x=np.random.default_rng(0).normal(size=(100, 30)))
    content = bytearray((tmp_path / "i.npz").read_bytes())
    content[60:90] = b"\xff" * 30
    (tmp_path / "i.npz").write_bytes(content)
    with pytest.raises(UserError, match="i.npz: cannot be read"):
        sources.load("vectors", str(tmp_path / "i.npz"))
