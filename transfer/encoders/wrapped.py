"""A user's own Keras model under the interface of a trained method, so that every evaluation takes it."""

from __future__ import annotations

from pathlib import Path

import keras

from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.latents.uniform import Uniform
from bigan.models.method import Method


def wrap(model: keras.Model, input_range: tuple[float, float] = (0.0, 255.0)) -> Method:
    """`model` as the encoder of a method: raw uint8 images in, features of any of its layers out.

    Args:
        model: functional or sequential, one input of `(batch, height, width, channels)`, of a fixed size; for example
            one of `keras.applications` with weights.
        input_range: what 0 and 255 become before they reach the model.

    Raises:
        UserError: if the model has no graph of layers, or not one input of a fixed size.

    Example:
        >>> net = keras.applications.ResNet50(weights="mine.weights.h5", input_shape=(224, 224, 3))
        >>> transfer.run([encoders.Given(wrap(net), split, "resnet")], "linear", layer=["avg_pool"])
    """
    if isinstance(model, keras.Sequential) and model.built:
        model = keras.Model(model.inputs, model.outputs)
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) != 1 or len(model.outputs) != 1:
        raise UserError(f"{model.name}: a functional Keras model with one input and one output is needed")
    shape = tuple(inputs[0].shape[1:])
    if None in shape:
        raise UserError(f"{model.name}: its input must have a fixed size; build it with one. Received: {shape}")
    return Method(Spec(shape), Uniform(1), input_range, {"encoder": model})


def load(path: str | Path, input_range: tuple[float, float] = (0.0, 255.0)) -> Method:
    """The model in a `.keras` file, see `wrap`.

    Raises:
        UserError: if the file is missing or cannot be loaded (a model with layers of your own needs them imported).
    """
    if not Path(path).is_file():
        raise UserError(f"`run`: no such file: {path}")
    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # zipfile's, h5py's and Keras's own
        line = " ".join(str(error).split())[:200]
        raise UserError(f"{path}: cannot be loaded by Keras ({type(error).__name__}: {line})") from error
    return wrap(model, input_range)
