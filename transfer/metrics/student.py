"""Intervals of means by Student's t."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from scipy.special import stdtrit

from bigan.types import Json


class Mean(NamedTuple):
    """A mean and how far its interval reaches to either side; NaN of a single value, which tells of no spread."""

    value: float
    half: float

    def text(self, digits: int = 2, sign: str = "") -> str:
        """'mean ± half', or the mean alone; with `sign` '+', of positive means too."""
        alone = f"{self.value:{sign}.{digits}f}"
        return alone if math.isnan(self.half) else f"{alone} ± {self.half:.{digits}f}"

    def json(self) -> dict[str, Json]:
        """Mean and interval, ready for JSON; no interval is null."""
        known = not math.isnan(self.half)
        return {"mean": self.value, "interval": [self.value - self.half, self.value + self.half] if known else None}


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Mean:
    """The mean of independent values and its t-interval, mean ± t(n - 1) s / sqrt(n).

    Args:
        values: at least one.
        confidence: of the interval, in (0, 1).
    """
    count, mean = len(values), statistics.mean(values)
    if count == 1:
        return Mean(mean, math.nan)
    t = float(stdtrit(count - 1, (1 + confidence) / 2))
    return Mean(mean, t * statistics.stdev(values) / math.sqrt(count))
