"""The encoder as a plain Keras model that loads without this package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
from keras import layers

from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.networks.plain import plain
from bigan.runtime import backend, files


def write_encoder(
    path: Path,
    network: keras.Model,
    spec: Spec,
    value_range: tuple[float, float],
    squash: Callable[[keras.KerasTensor], keras.KerasTensor] | None = None,
) -> None:
    """Writes a plain `.keras` model: raw x in, layers of Keras's own only.

    Args:
        path: of the file; must end in `.keras`.
        network: scaled x -> what is to be exported.
        spec: shape and raw value range of x.
        value_range: of x inside the network.
        squash: what follows the network, in layers of Keras's own.

    Raises:
        UserError: if the name does not end so, or the file cannot be written.
    """
    if path.suffix != ".keras":
        raise UserError(f"the exported encoder's name must end in .keras. Received: {path}")
    scale, offset = spec.affine(value_range)
    x = layers.Input(network.inputs[0].shape[1:], dtype=spec.dtype, name="images")
    h = plain(network)(layers.Rescaling(scale, offset, name="scale")(x))
    model = keras.Model(x, squash(h) if squash else h, name="encoder")
    with files.replacing(path) as aside, backend.silent_libraries():  # Keras on JAX imports TensorFlow here
        model.save(aside)
