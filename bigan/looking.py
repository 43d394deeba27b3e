"""What a method can be seen doing: samples, reconstructions, interpolations, as arrays and as PNG grids."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bigan import pictures
from bigan.data.source import Examples
from bigan.streams import LOOK

if TYPE_CHECKING:
    from bigan.method import Method


def chosen(examples: Examples, count: int, seed: int) -> np.ndarray:
    """`count` of the examples' images, chosen at random, the same for the same seed."""
    index = np.random.Generator(np.random.PCG64(seed)).permutation(len(examples))[:count]
    return examples.images[index]


def samples(model: Method, count: int, seed: int) -> dict[str, np.ndarray]:
    """G(z) for z drawn from the latent distribution, the same for the same seed: arrays `z`, `images`."""
    z = model.latent.draw(count, seed, LOOK, 0)
    return {"z": z, "images": model.generate(z)}


def reconstructions(model: Method, images: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays `images` (at G's resolution), `encoded` = E(x) and `reconstructions` = G(E(x))."""
    return {
        "images": model.targets(images, raw=True),
        "encoded": model.encode(images),
        "reconstructions": model.reconstruct(images),
    }


def interpolations(model: Method, images: np.ndarray, steps: int = 11) -> dict[str, np.ndarray]:
    """G on straight lines from E(x) to E(x'), for consecutive pairs of `images`.

    Returns:
        `z` and `images`, pair by pair, `steps` rows each.
    """
    encoded = model.encode(images)
    weights = np.linspace(0, 1, steps, dtype=np.float32)[None, :, None]
    lines = encoded[0:-1:2, None] * (1 - weights) + encoded[1::2, None] * weights
    z = lines.reshape(-1, encoded.shape[1])
    return {"z": z, "images": model.generate(z)}


def write_samples(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """A square grid of samples."""
    pictures.write_png(path, pictures.grid(arrays["images"]))


def write_reconstructions(path: Path, *pairs: dict[str, np.ndarray]) -> None:
    """Images with their reconstructions underneath, row by row; one block for each of `pairs`."""
    pictures.write_png(path, pictures.stacked([pictures.beside(p["images"], p["reconstructions"]) for p in pairs]))


def write_interpolations(path: Path, arrays: dict[str, np.ndarray], steps: int = 11) -> None:
    """One line of images for each pair."""
    pictures.write_png(path, pictures.grid(arrays["images"], steps))
