"""Alarms: whether E's outputs use their dimensions, tell examples apart, and stay of one size.

All of it is measured on E's linear output, before it is squashed onto the latent's support.
"""

from __future__ import annotations

import numpy as np

RANK = 0.25  # of the dimensions: with less, outputs have collapsed onto a few directions
VARYING = 0.01  # of the outputs' mean square: with less, outputs hardly depend on the example
RUNAWAY = 3.0  # times the median output's root mean square: one that exceeds it has run away


def rank(outputs: np.ndarray) -> float:
    """RankMe (Garrido et al. 2023): exp of the entropy of the singular values' shares, from 1 to the dimension.

    Args:
        outputs: `(n, d)`, not centred; 0 if all are 0.
    """
    values = np.linalg.svd(np.asarray(outputs, np.float64), compute_uv=False)
    values = values[values > 0]
    if not len(values):
        return 0.0
    shares = values / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def examine(outputs: np.ndarray) -> tuple[dict[str, float], list[str]]:
    """Figures of a network's outputs, and what is wrong with them.

    Args:
        outputs: `(n, d)` of n examples.

    Returns:
        'output_rank' (RankMe), 'output_mean' (the largest absolute mean of an output), 'output_deviation' (the median
        output's standard deviation), 'output_largest' (the largest absolute number of all), 'output_runaway' (the
        largest root mean square of an output over the median one's); and one line for each threshold that is passed.
    """
    z = np.asarray(outputs, np.float64)
    mean, deviation, size = z.mean(axis=0), z.std(axis=0), np.sqrt((z**2).mean(axis=0))
    figures = {
        "output_rank": rank(z),
        "output_mean": float(abs(mean).max()),
        "output_deviation": float(np.median(deviation)),
        "output_largest": float(abs(z).max()),
        "output_runaway": float(size.max() / max(np.median(size), 1e-12)),
    }
    lines, most = [], min(z.shape)
    if figures["output_rank"] < RANK * most:
        lines.append(f"E's outputs have a rank of {figures['output_rank']:.1f}, below a quarter of {most}")
    if (deviation**2).sum() <= VARYING * (size**2).sum():
        lines.append("E's outputs hardly vary between examples, by less than 1 % of their mean square")
    if figures["output_runaway"] > RUNAWAY:
        lines.append(f"one of E's outputs has run away, to {figures['output_runaway']:.1f} times the median one's size")
    return figures, lines
