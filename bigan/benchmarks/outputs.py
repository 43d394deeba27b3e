"""How each of E's outputs behaves at checkpoints of a run: whether some run away, and whether G still hears them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bigan.data.crops import Images
from bigan.errors import UserError
from bigan.streams import Stream
from bigan.training.run import Run

if TYPE_CHECKING:
    from bigan.models.method import Method

LARGEST = 3
DRAWS = 1000  # of z, on which G's sensitivity is measured


def describe(model: Method, images: Images) -> dict[str, str]:
    """Statistics of E's linear outputs, before they are squashed onto the latent's support.

    Args:
        model: a method with an encoder and a generator.
        images: `(n, *spec.shape)` raw images.

    Returns:
        Of the `LARGEST` outputs with the largest standard deviation, largest first, and of the median output: 'standard
        deviation', 'mean' (the median of its absolute values), 'G moves by' (the mean 2-norm by which G's image changes
        when that latent goes from -0.5 to 0.5), and the share of the variance that the largest hold together.
    """
    output = model.features(images, "output")
    mean, spread = output.mean(0), output.std(0)
    top = np.argsort(-spread)[:LARGEST]
    moved = sensitivity(model, model.latent.draw(DRAWS, 0, Stream.BENCHMARK))
    return {
        "standard deviation": _row(spread[top], np.median(spread)),
        "share of the variance": f"{(spread[top] ** 2).sum() / (spread**2).sum():.2f}",
        "mean": _row(mean[top], np.median(abs(mean))),
        "furthest mean": f"{abs(mean).max():.1f}",
        "G moves by": _row(moved[top], np.median(moved)),
    }


def _row(largest: np.ndarray, median: float) -> str:
    return f"{', '.join(f'{value:.1f}' for value in largest)}; median {median:.1f}"


def sensitivity(model: Method, z: np.ndarray) -> np.ndarray:
    """`(d,)`: how far, in the mean 2-norm over `z`, G's image moves when one latent goes from -0.5 to 0.5."""
    moved = []
    for k in range(z.shape[1]):
        low, high = z.copy(), z.copy()
        low[:, k], high[:, k] = -0.5, 0.5
        difference = model.generate(high, raw=False) - model.generate(low, raw=False)
        moved.append(np.linalg.norm(difference.reshape(len(z), -1), axis=1).mean())
    return np.array(moved)


def rows(run: Run, images: Images, checkpoints: Sequence[str] = ()) -> list[dict[str, str]]:
    """`describe` of each of the checkpoints, or of all that were kept, on raw `images`.

    Raises:
        UserError: if there is no such checkpoint, or the method has no encoder or generator.
    """
    kept = sorted((path.stem for path in run.directory.checkpoints.glob("[0-9]*.npz")), key=int)
    found = []
    for epoch in checkpoints or kept:
        model = run.load(epoch)
        if not {"encoder", "generator"} <= set(model.networks):
            raise UserError(f"{type(model).__name__} lacks the encoder or the generator, and both are needed")
        found.append({"epoch": epoch} | describe(model, images))
    return found
