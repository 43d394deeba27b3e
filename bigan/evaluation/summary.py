"""What figures say, in words."""

from __future__ import annotations

import math


def beside_raw_input(figures: dict[str, float], raw: dict[str, float], count: int) -> list[str]:
    """One line: whether 1-NN on E's layers is better than on the input. Level: within its binomial 95 % interval.

    Args:
        figures, raw: by name; without 'knn_hidden' there is no line.
        count: examples that they were measured on.
    """
    names = [name for name in ("knn_hidden", "knn_output") if name in figures]
    if not names or "knn_hidden" not in raw:
        return []
    level = raw["knn_hidden"]
    interval = 1.96 * math.sqrt(level * (100 - level) / count)
    words = []
    for name in names:
        gap = figures[name] - level
        words.append(f"{name} {'level' if abs(gap) <= interval else 'above' if gap > 0 else 'below'} ({gap:+.2f})")
    return [f"1-NN beside raw input: {', '.join(words)}; level: within {interval:.2f}, a 95 % interval"]
