"""How far a figure would move on other test examples: the bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from bigan.streams import Stream, generator
from bigan.types import Json

FEW = 200  # draws, of figures that take their time


def resamples(count: int, draws: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Sets of test examples drawn with replacement, `(count,)` indices each."""
    numbers = generator(seed, Stream.BOOTSTRAP)
    return (numbers.integers(0, count, count) for _ in range(draws))


def bootstrap(
    statistic: Callable[[np.ndarray], float], count: int, seed: int = 0, draws: int = 1000, level: float = 0.95
) -> tuple[float, float]:
    """The interval of a statistic over resampled test examples, by percentiles.

    Args:
        statistic: of `(count,)` indices of examples.
        count: number of test examples.
        seed: of the draws.
        draws: resampled sets.
        level: part of them inside the interval.

    Returns:
        (low, high).
    """
    values = [statistic(index) for index in resamples(count, draws, seed)]
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def intervals(figures: Callable[[np.ndarray], dict[str, float]], count: int) -> dict[str, list[float]]:
    """95 % intervals of several figures, by name; draws in which one is NaN do not count for it.

    Args:
        figures: of `(count,)` indices of test examples.
        count: number of test examples.
    """
    draws = [figures(index) for index in resamples(count, FEW)]
    ends = {name: np.nanquantile([draw[name] for draw in draws], [0.025, 0.975]) for name in draws[0]}
    return {name: [round(float(end), 2) for end in pair] for name, pair in ends.items()}


def accuracy(correct: np.ndarray) -> dict[str, Json]:
    """'accuracy' in percent of a vector of booleans, and its 95 % 'interval' over test examples."""
    correct = np.asarray(correct, float)
    low, high = bootstrap(lambda index: 100 * correct[index].mean(), len(correct))
    return {"accuracy": 100 * float(correct.mean()), "interval": [round(low, 2), round(high, 2)]}
