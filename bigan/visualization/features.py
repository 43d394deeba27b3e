"""What a method has learned to see: filters (Figure 5.3), nearest neighbours (Figure 5.5), a map of its features."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bigan.data.dataset import Examples
from bigan.errors import UserError
from bigan.streams import Stream, generator
from bigan.visualization import pictures

if TYPE_CHECKING:
    import keras

    from bigan.models.method import Method

PROJECTED = 4096  # dimensions of the random projection: those of AlexNet's fc6, set at random in Figure 5.5
GALLERY = 50_000  # training images searched for neighbours, at most
FEWEST = 10  # images in a map


def filters(model: Method, count: int) -> dict[str, np.ndarray]:
    """The first layer's kernels of networks that see images, and the last one's of those that make them, as images.

    Returns:
        By role, `(at most count, height, width, channels)` float32.

    Raises:
        UserError: if none are pictures.
    """
    found = {}
    for role, network in model.networks.items():
        makes = tuple(network.output_shape[1:]) == model.image_shape
        sees = tuple(network.inputs[0].shape[1:]) in (model.spec.shape, model.image_shape)
        kernels = _kernels(network, makes) if makes or sees else None
        if kernels is not None and pictures.is_picture(kernels.shape[1:]):
            found[role] = kernels[:count]
    if not found:
        raise UserError(f"`what=filters`: none of {type(model).__name__}'s networks has filters that are pictures")
    return found


def _kernels(network: keras.Model, last: bool) -> np.ndarray | None:
    """The kernels of a network's first or last linear layer, `(n, height, width, channels)`; None if it has none."""
    from keras import layers, ops

    linear = [layer for layer in network.layers if hasattr(layer, "kernel")]
    if not linear:
        return None
    layer = linear[-1 if last else 0]
    kernel = np.asarray(ops.convert_to_numpy(layer.kernel), np.float32)
    # Dense layers see, or make, whole images; convolutions are (h, w, in, out), transposed ones (h, w, out, in).
    if kernel.ndim != 2:
        makes = last and not isinstance(layer, layers.Conv2DTranspose)
        return np.moveaxis(kernel, -2 if makes else -1, 0)
    shape = tuple(network.output_shape[1:] if last else network.inputs[0].shape[1:])
    return (kernel if last else kernel.T).reshape(-1, *shape)


def neighbors(
    model: Method, gallery: Examples, queries: np.ndarray, layer: str, k: int, seed: int
) -> dict[str, np.ndarray]:
    """Each query's `k` nearest training images by cosine distance in a random projection of a layer's features.

    Up to `PROJECTED` features are compared as they are: a projection would only add noise.

    Args:
        model: its representation network gives the features.
        gallery: images to search, at most `GALLERY` of them, chosen at random.
        queries: `(n, *spec.shape)` raw images.
        layer: as in `Method.features`.
        k: neighbours of each.
        seed: of the projection and the choice.

    Returns:
        'queries' `(n, ...)`, 'neighbors' `(n, k, ...)`, 'distances' `(n, k)`, 'index' `(n, k)` into the gallery.
    """
    from sklearn.neighbors import NearestNeighbors

    draw = generator(seed, Stream.GALLERY)
    if k > len(gallery):
        raise UserError(f"{k} neighbours are asked for, and there are {len(gallery)} images")
    index = np.sort(draw.permutation(len(gallery))[:GALLERY])
    images = gallery.images[index]
    a, b = model.features(queries, layer), model.features(images, layer)
    if a.shape[1] > PROJECTED:
        projection = draw.normal(size=(a.shape[1], PROJECTED)).astype(np.float32)
        a, b = a @ projection, b @ projection
    distances, places = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute").fit(b).kneighbors(a)
    return {
        "queries": queries,
        "neighbors": images[places.ravel()].reshape(*places.shape, *images.shape[1:]),
        "distances": distances,
        "index": index[places],
    }


def feature_map(model: Method, images: np.ndarray, layer: str, seed: int) -> dict[str, np.ndarray]:
    """t-SNE of a layer's features in two dimensions: 'images' and their places 'points', `(n, 2)` in [0, 1].

    Raises:
        UserError: on fewer than `FEWEST` images.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if len(images) < FEWEST:
        raise UserError(f"a map needs {FEWEST} images at least. Received: {len(images)}")
    features = model.features(images, layer)
    features = PCA(min(50, *features.shape), random_state=seed).fit_transform(features)
    perplexity = min(30, (len(images) - 1) / 3)
    points = TSNE(init="pca", perplexity=perplexity, random_state=seed).fit_transform(features)
    points -= points.min(axis=0)
    return {"images": images, "points": points / np.maximum(points.max(axis=0), 1e-12)}


def write_filters(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """One block for each network, each filter scaled to its own largest weight, zero in grey."""
    scaled = [
        np.rint(127.5 + 127.5 * k / np.maximum(np.abs(k).max(axis=(1, 2, 3), keepdims=True), 1e-12)).astype(np.uint8)
        for k in arrays.values()
    ]
    pictures.write_png(path, pictures.stacked([pictures.grid(k, 16 if len(k) > 16 else None) for k in scaled]))


def write_neighbors(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """A row for each query: itself, a gap, its neighbours from the nearest on."""
    rows = arrays["neighbors"]
    gap = np.full_like(rows[:, :1], 255)
    lines = np.concatenate([arrays["queries"][:, None], gap, rows], axis=1)
    pictures.write_png(path, pictures.grid(lines.reshape(-1, *rows.shape[2:]), lines.shape[1]))


def write_feature_map(path: Path, arrays: dict[str, np.ndarray], edge: int = 1600) -> None:
    """Thumbnails at their places; where they overlap, later ones lie on top."""
    images = arrays["images"]
    h, w, c = images.shape[1:]
    canvas = np.full((max(edge, 2 * h), max(edge, 2 * w), c), 255, np.uint8)
    places = np.rint(arrays["points"] * (canvas.shape[1] - w, canvas.shape[0] - h)).astype(int)
    for image, (x, y) in zip(images, places, strict=True):
        canvas[y : y + h, x : x + w] = image
    pictures.write_png(path, canvas)
