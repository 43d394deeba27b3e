"""Named configurations. Each docstring states the command, its cost and the score to expect."""

from __future__ import annotations

from collections.abc import Callable

from bigan.config import Config
from bigan.errors import UserError


def digits() -> Config:
    """8 x 8 handwritten digits bundled with scikit-learn: the embedded default, nothing to download.

    Command: `make train`, or `python -m scripts.train --preset=digits --workdir=runs/digits`.
    Cost: a minute on 2 CPU cores. Score to expect: reconstruction 2.0 of 3.0 shuffled (untrained: 3.4 of 3.4),
    knn_output 95 %. With 1,437 training images 1-NN on raw pixels (99.2 %) stays ahead; what is learned is to
    generate and to invert.
    """
    return Config(
        preset="digits", dataset="digits", width=512, latent_dim=32, epochs=400, eval_every=50, save_every=100,
        nearest_samples=10_000,
    )  # fmt: skip


def mnist() -> Config:
    """The permutation-invariant MNIST model of section 5.5.3.1: MLPs of 1024 units, d = 50, 400 epochs.

    Command: `python -m scripts.train --preset=mnist --data_dir=FOLDER_WITH_THE_IDX_FILES --workdir=runs/mnist`
    (or `--dataset=tfds:mnist`). Cost: 10 s (JAX) or 16 s (TensorFlow) an epoch on 2 CPU cores.
    Score to expect: the thesis reports knn_hidden 97.39 % after 400 epochs; after 50, see docs/results.md.
    """
    return Config(preset="mnist", dataset="idx")


def vectors() -> Config:
    """Any floating-point vectors, `.npy` or `.npz`, min-max scaled: the mnist model on your own data.

    Command: `python -m scripts.train --preset=vectors --data_dir=FILE.npy --workdir=runs/vectors`.
    Cost: at least 6,000 vectors of 64 columns a second on 2 CPU cores. Score to expect: it depends on the data;
    a reconstruction well below reconstruction_shuffled says that something was learned.
    """
    return Config(preset="vectors", dataset="vectors", width=512, epochs=200)


PRESETS: dict[str, Callable[[], Config]] = {"digits": digits, "mnist": mnist, "vectors": vectors}


def get(name: str) -> Config:
    """The preset called `name`.

    Raises:
        UserError: if there is none; the line lists those that there are.
    """
    if name not in PRESETS:
        raise UserError(f"--preset must be one of {', '.join(PRESETS)}. Received: {name!r}")
    return PRESETS[name]()
