"""How samples compare with real examples: figures on two sets of features, computed block by block in float64.

Precision and recall: Kynkäänniemi et al. 2019. Density and coverage: Naeem et al. 2020. Kernel distance: Bińkowski et
al. 2018. Authenticity: Alaa et al. 2022. Features are `(n, d)` arrays; where they come from is no matter here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bigan.evaluation.neighbors import nearest

NEIGHBORS = 5  # k of the balls around examples, as Naeem et al. use it
BLOCK = 1 << 22  # distances held at a time


@dataclass(frozen=True)
class Manifold:
    """How two sets of points lie in each other's k-nearest-neighbour balls.

    Args:
        precision: part of the samples that lie in the ball of at least one real example.
        recall: part of the real examples that lie in the ball of at least one sample.
        density: how many real balls a sample lies in on average, over k; 1 where both sets are alike, may exceed it.
        coverage: part of the real examples whose ball holds at least one sample.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(real: np.ndarray, samples: np.ndarray, k: int = NEIGHBORS, block: int = BLOCK) -> Manifold:
    """Precision, recall, density and coverage. A ball reaches to its centre's k-th neighbour in its own set, exclusive.

    Args:
        real: `(n, d)` features of real examples, n > k.
        samples: `(m, d)` features of samples, m > k.
        k: neighbours that a ball reaches to.
        block: distances held at a time.
    """
    if min(len(real), len(samples)) <= k:
        raise ValueError(f"more than {k} examples of each kind are needed. Received: {len(real)} and {len(samples)}")
    real, samples = _centred(real, samples)
    real_radii, sample_radii = radii(real, k, block), radii(samples, k, block)
    balls = np.zeros(len(samples))  # real balls that each sample lies in
    recalled = covered = 0
    for part, distances in _distances(real, samples, block):
        inside = distances < real_radii[part, None]
        balls += inside.sum(axis=0)
        covered += int(inside.any(axis=1).sum())
        recalled += int((distances < sample_radii).any(axis=1).sum())
    return Manifold(float((balls > 0).mean()), recalled / len(real), float(balls.mean() / k), covered / len(real))


def radii(points: np.ndarray, k: int, block: int = BLOCK) -> np.ndarray:
    """`(n,)`: each point's squared distance to its k-th nearest other point."""
    found = []
    for part, distances in _distances(points, points, block):
        distances[np.arange(len(distances)), np.arange(part.start, part.start + len(distances))] = np.inf
        found.append(np.partition(distances, k - 1, axis=1)[:, k - 1].copy())  # a view would keep the block
    return np.concatenate(found)


def kernel_distance(real: np.ndarray, samples: np.ndarray, block: int = BLOCK) -> float:
    """The squared maximum mean discrepancy of KID: kernel (x.y / d + 1)^3, unbiased, over all pairs at once.

    It is 0 on average where both sets come from one distribution, and may then be negative.

    Args:
        real: `(n, d)`, n > 1.
        samples: `(m, d)`, m > 1.
        block: values of the kernel held at a time.
    """
    if min(len(real), len(samples)) < 2:
        raise ValueError(f"two examples of each kind are needed. Received: {len(real)} and {len(samples)}")
    a, b = np.asarray(real, np.float64), np.asarray(samples, np.float64)
    within = [(_kernels(x, x, block) - _diagonal(x)) / (len(x) * (len(x) - 1)) for x in (a, b)]
    return float(sum(within) - 2 * _kernels(a, b, block) / (len(a) * len(b)))


def authenticity(train: np.ndarray, samples: np.ndarray) -> float:
    """Percentage of samples that are no copies of training examples (AuthPct).

    A sample counts as a copy if it lies nearer to its nearest training example than that one's own nearest other
    training example does.

    Args:
        train: `(n, d)` features of training examples, n > 1.
        samples: `(m, d)` features of samples.
    """
    closest = nearest(samples, train)[:, 0]
    places, back = np.unique(closest, return_inverse=True)
    # An example's nearest is itself, or an equal one: the second is the other.
    others = nearest(train[places], train, 2)
    other = np.where(others[:, 0] == places, others[:, 1], others[:, 0])
    to_other = _apart(train[places], train[other])[back]
    return 100.0 * float(np.mean(_apart(samples, train[closest]) > to_other))


def _apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    difference = np.asarray(a, np.float64) - b
    return np.einsum("ij,ij->i", difference, difference)


def _centred(real: np.ndarray, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In float64, around the real mean: distances stay, and rounding errors shrink."""
    a, b = np.asarray(real, np.float64), np.asarray(samples, np.float64)
    center = a.mean(axis=0)
    return a - center, b - center


def _blocks(count: int, other: int, block: int) -> Iterator[slice]:
    rows = max(1, block // other)
    return (slice(start, start + rows) for start in range(0, count, rows))


def _distances(a: np.ndarray, b: np.ndarray, block: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Squared distances of consecutive rows of `a` to all of `b`."""
    squares_a, squares_b = (np.einsum("ij,ij->i", x, x) for x in (a, b))
    for part in _blocks(len(a), len(b), block):
        distances = a[part] @ b.T
        distances *= -2
        distances += squares_a[part, None]
        distances += squares_b
        yield part, np.maximum(distances, 0, out=distances)


def _kernels(a: np.ndarray, b: np.ndarray, block: int) -> float:
    """Sum of the kernel over all pairs."""
    return float(sum(_cubes(a[part] @ b.T, a.shape[1]).sum() for part in _blocks(len(a), len(b), block)))


def _diagonal(a: np.ndarray) -> float:
    return float(_cubes(np.einsum("ij,ij->i", a, a), a.shape[1]).sum())


def _cubes(products: np.ndarray, dimension: int) -> np.ndarray:
    values = products / dimension + 1
    return values * values * values  # a power of floating-point numbers is many times slower
