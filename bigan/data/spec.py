"""What one example looks like, and how its raw values map to the range the networks work in."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from bigan.types import Json


@dataclass(frozen=True)
class Spec:
    """Shape, dtype and value range of raw examples.

    Args:
        shape: of one example, e.g. `(28, 28, 1)` or `(12,)`.
        dtype: 'uint8' for images, 'float32' for vectors.
        low, high: raw values that map to the ends of the networks' range; numbers, or one per feature.
    """

    shape: tuple[int, ...]
    dtype: str = "uint8"
    low: float | tuple[float, ...] = 0.0
    high: float | tuple[float, ...] = 255.0

    @property
    def size(self) -> int:
        """Numbers in one example."""
        return math.prod(self.shape)

    def to_dict(self) -> dict[str, Json]:
        """Ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Json]) -> Spec:
        """The inverse of `to_dict`."""
        plain: dict[str, Json] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**plain)

    def affine(self, value_range: tuple[float, float]) -> tuple[float, float] | tuple[list[float], list[float]]:
        """(scale, offset) such that raw * scale + offset lies in `value_range`: numbers, or lists per feature."""
        lo, hi = value_range

        def one(low: float, high: float) -> tuple[float, float]:
            width = high - low if high > low else 1.0  # a constant feature maps to the lower end
            scale = (hi - lo) / width
            return scale, lo - low * scale

        if isinstance(self.low, tuple) and isinstance(self.high, tuple):
            pairs = [one(low, high) for low, high in zip(self.low, self.high, strict=True)]
            return [scale for scale, _ in pairs], [offset for _, offset in pairs]
        return one(float(self.low), float(self.high))  # type: ignore[arg-type]
