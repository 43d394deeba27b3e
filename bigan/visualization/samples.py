"""What a method can be seen doing: samples, reconstructions, interpolations, as arrays and as PNG grids.

Arrays come as streams: (name, rows, batches of rows), so that they can be written without being held in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bigan.data.crops import Images
from bigan.data.dataset import Examples
from bigan.streams import Stream, generator
from bigan.visualization import pictures

if TYPE_CHECKING:
    from bigan.models.method import Method

BLOCK = 5000  # rows at a time
STEPS = 11  # images of one interpolation
Streamed = tuple[str, int, Iterator[np.ndarray]]  # name, rows, consecutive slices of so many rows together


def chosen(examples: Examples, count: int, seed: int) -> np.ndarray:
    """`count` of the examples' images, chosen at random, the same for the same seed."""
    return examples.images[places(examples, count, seed)]


def places(examples: Examples, count: int, seed: int) -> np.ndarray:
    """Where those that `chosen` gives stand among the examples, `(count,)`."""
    return generator(seed, Stream.SHOWN).permutation(len(examples))[:count]


def gathered(streams: list[Streamed]) -> dict[str, np.ndarray]:
    """All arrays of some streams, by name."""
    return {name: np.concatenate(list(batches)) for name, _, batches in streams}


def sample_streams(model: Method, count: int, seed: int) -> list[Streamed]:
    """G(z) for z drawn from the latent distribution, the same for the same seed: `z` and `images`, `count` rows."""

    def latents() -> Iterator[np.ndarray]:
        for i, start in enumerate(range(0, count, BLOCK)):
            yield model.latent.draw(min(BLOCK, count - start), seed, Stream.PICTURES, i)

    return [("z", count, latents()), ("images", count, map(model.generate, latents()))]


def samples(model: Method, count: int, seed: int) -> dict[str, np.ndarray]:
    """The arrays of `sample_streams`."""
    return gathered(sample_streams(model, count, seed))


def reconstruction_streams(model: Method, images: Images) -> list[Streamed]:
    """`images` (at G's resolution), `encoded` = E(x) and `reconstructions` = G(E(x)), a row an image."""

    def each(function: Callable[[np.ndarray], np.ndarray]) -> Iterator[np.ndarray]:
        return (function(images[start : start + BLOCK]) for start in range(0, len(images), BLOCK))

    return [
        ("images", len(images), each(lambda part: model.targets(part, raw=True))),
        ("encoded", len(images), each(model.encode)),
        ("reconstructions", len(images), each(model.reconstruct)),
    ]


def reconstructions(model: Method, images: Images) -> dict[str, np.ndarray]:
    """The arrays of `reconstruction_streams`."""
    return gathered(reconstruction_streams(model, images))


def interpolation_streams(model: Method, images: Images) -> list[Streamed]:
    """G on straight lines from E(x) to E(x'), for consecutive pairs of `images`: `z` and `images`.

    Each pair has `STEPS` rows.
    """
    rows = len(images) // 2 * STEPS
    weights = np.linspace(0, 1, STEPS, dtype=np.float32)[None, :, None]

    def latents() -> Iterator[np.ndarray]:
        each = BLOCK // STEPS * 2  # images
        for start in range(0, len(images), each):
            encoded = model.encode(images[start : start + each])
            lines = encoded[0:-1:2, None] * (1 - weights) + encoded[1::2, None] * weights
            yield lines.reshape(-1, encoded.shape[1])

    return [("z", rows, latents()), ("images", rows, map(model.generate, latents()))]


def write_samples(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """A square grid of samples."""
    pictures.write_png(path, pictures.grid(arrays["images"]))


def write_reconstructions(path: Path, *pairs: dict[str, np.ndarray]) -> None:
    """Images with their reconstructions underneath, row by row; one block for each of `pairs`."""
    pictures.write_png(path, pictures.stacked([pictures.beside(p["images"], p["reconstructions"]) for p in pairs]))


def write_interpolations(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """One line of images for each pair."""
    pictures.write_png(path, pictures.grid(arrays["images"], STEPS))
