"""Named configurations. Each docstring states the command, its cost and the score to expect."""

from __future__ import annotations

from collections.abc import Callable

from bigan.config import Config
from bigan.errors import UserError


def digits() -> Config:
    """8 x 8 handwritten digits bundled with scikit-learn: the embedded default, nothing to download.

    Command: `make train`, or `python -m scripts.train --preset=digits --workdir=runs/digits`.
    """
    return Config(
        preset="digits", dataset="digits", width=512, latent_dim=32, epochs=400, eval_every=50, save_every=100,
        nearest_samples=10_000,
    )  # fmt: skip


def mnist() -> Config:
    """The permutation-invariant MNIST model of section 5.5.3.1: MLPs of 1024 units, d = 50, 400 epochs.

    Command: `python -m scripts.train --preset=mnist --data_dir=FOLDER_WITH_THE_IDX_FILES --workdir=runs/mnist`
    (or `--dataset=tfds:mnist`).
    """
    return Config(preset="mnist", dataset="idx")


def vectors() -> Config:
    """Any floating-point vectors, `.npy` or `.npz`, min-max scaled: the mnist model on your own data.

    Command: `python -m scripts.train --preset=vectors --data_dir=FILE.npy --workdir=runs/vectors`.
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
