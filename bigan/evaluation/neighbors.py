"""Exact nearest neighbours, found block by block: as float64 arithmetic on the differences finds them."""

from __future__ import annotations

import numpy as np


def nearest(queries: np.ndarray, references: np.ndarray, k: int = 1, block: int = 1 << 23) -> np.ndarray:
    """Indices of each query's `k` nearest references, Euclidean, nearest first. Ties go to the lower index.

    Distances are first bounded in float32 by matrix products; references that rounding cannot tell from the k nearest
    are compared again in float64.

    Args:
        queries: `(n, ...)`.
        references: `(m, ...)`, with k <= m.
        k: how many.
        block: distances at a time; memory beside the inputs is some 30 bytes for each.

    Returns:
        `(n, k)` int64.
    """
    flat = np.ascontiguousarray(references.reshape(len(references), -1))
    if not 1 <= k <= len(flat):
        raise ValueError(f"k must be in 1..{len(flat)}, the number of references. Received: {k}")
    # Equal references always tie: each is looked at once, and stands for all of its kind afterwards.
    rows_of_bytes = flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1])))[:, 0]
    _, first, kinds = np.unique(rows_of_bytes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    first, repeated = first[order], len(first) < len(flat)
    kept = flat[first] if repeated else flat
    b = np.asarray(kept, np.float32)
    center = b.mean(axis=0)
    b = b - center  # distances stay, magnitudes and with them rounding errors shrink
    squares = np.einsum("ij,ij->i", b, b)
    rows, wanted = max(1, block // len(b)), min(k, len(b))
    found = []
    for start in range(0, len(queries), rows):
        part = queries[start : start + rows].reshape(-1, flat.shape[1])
        found.append(_rows(part, kept, b, center, squares, wanted))
    index, distance = (np.concatenate(parts) for parts in zip(*found, strict=True))
    if not repeated or k == 1:
        return first[index]
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    members = np.split(np.argsort(place[kinds], kind="stable"), np.cumsum(np.bincount(place[kinds]))[:-1])
    return np.stack([_expand(i, d, members, k) for i, d in zip(index, distance, strict=True)])


def vote(neighbors: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The class that most of each row's neighbours have; of several such, that of the nearest among their members.

    Args:
        neighbors: `(n, k)` indices into `labels`, nearest first.
        labels: `(m,)` integers.

    Returns:
        `(n,)` labels.
    """
    classes, votes = np.unique(labels, return_inverse=True)
    votes = votes[neighbors]
    counts = np.stack([(votes == c).sum(axis=1) for c in range(len(classes))], axis=1)
    leading = np.take_along_axis(counts, votes, axis=1) == counts.max(axis=1)[:, None]
    return classes[votes[np.arange(len(votes)), leading.argmax(axis=1)]]


def _rows(
    queries: np.ndarray, references: np.ndarray, b: np.ndarray, center: np.ndarray, squares_b: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """`nearest` for few queries: indices and squared distances, `(n, k)`; `b` is `references - center` in float32."""
    a = np.asarray(queries, np.float32) - center
    squares_a = np.einsum("ij,ij->i", a, a)
    # |computed - true squared distance| <= slack / 2: d + 4 roundings of sums whose terms add up to (|a| + |b|)^2.
    slack = 2 * (a.shape[1] + 4) * np.finfo(np.float32).eps * (np.sqrt(squares_a) + np.sqrt(squares_b.max())) ** 2
    near = squares_b - 2 * (a @ b.T)
    near += squares_a[:, None]
    bound = near.min(axis=1) if k == 1 else np.partition(near, k - 1, axis=1)[:, k - 1]
    row, column = np.nonzero(near <= (bound + slack)[:, None])
    distance = np.empty(len(row))
    for i in range(0, len(row), 16384):
        pair = slice(i, i + 16384)
        difference = queries[row[pair]].astype(np.float64) - references[column[pair]]
        distance[pair] = np.einsum("ij,ij->i", difference, difference)
    order = np.lexsort((column, distance, row))
    rank = np.arange(len(order)) - np.searchsorted(row[order], row[order])
    order = order[rank < k]
    return column[order].reshape(-1, k), distance[order].reshape(-1, k)


def _expand(index: np.ndarray, distance: np.ndarray, members: list[np.ndarray], k: int) -> np.ndarray:
    """One row's k nearest, from its nearest kinds of references with all of their members."""
    all_of = [members[i][:k] for i in index]
    each = np.concatenate(all_of)
    far = np.repeat(distance, [len(m) for m in all_of])
    return each[np.lexsort((each, far))[:k]]
