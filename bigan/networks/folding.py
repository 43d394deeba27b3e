"""Batch normalization merged into the layer before it, as for supervised transfer (section 5.5.3.2)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from bigan.networks.plain import plain
from bigan.types import Tensor

LINEAR = (layers.Dense, layers.Conv2D)


def merged(network: keras.Model) -> keras.Model:
    """The same function, as at evaluation, without the batch normalizations that follow a dense layer or convolution.

    Every dense layer and convolution gets a bias, zero if no normalization follows. With BN's statistics m, v, scale g
    and shift b, kernel' = kernel * g / sqrt(v + eps) and bias' = b - m * g / sqrt(v + eps). Through a concatenation
    (AlexNet's groups) every part gets its share.

    Args:
        network: a functional model; left as it is.

    Returns:
        A functional model of layers of the same names, float32 weights of its own.
    """
    network = plain(network)
    folded: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # linear layer -> (factor, shift) of its channels
    dropped: set[str] = set()
    for norm in network.layers:
        if isinstance(norm, layers.BatchNormalization):
            before = _linear_before(norm.input)
            if before is None:
                continue
            factor, shift = _affine(norm)
            ends = np.cumsum([layer.kernel.shape[-1] for layer in before])
            pieces = zip(before, np.split(factor, ends[:-1]), np.split(shift, ends[:-1]), strict=True)
            folded |= {layer.name: (f, s) for layer, f, s in pieces}
            dropped.add(norm.name)

    def clone(layer: layers.Layer) -> layers.Layer:
        config = layer.get_config()
        if isinstance(layer, LINEAR):
            config["use_bias"] = True
        return type(layer).from_config(config)

    def call(layer: layers.Layer, *arguments: Tensor, **keywords: Any) -> Tensor:
        return arguments[0] if layer.name in dropped else layer(*arguments, **keywords)

    result = keras.models.clone_model(network, clone_function=clone, call_function=call)
    for layer in result.layers:
        if not layer.weights:
            continue
        weights = [_array(v) for v in network.get_layer(layer.name).weights]
        if isinstance(layer, LINEAR):
            factor, shift = folded.get(layer.name, (np.ones(1), np.zeros(1)))
            bias = weights[1] if len(weights) > 1 else np.zeros(weights[0].shape[-1])
            weights = [weights[0] * factor, bias * factor + shift]
        layer.set_weights(weights)
    return result


def _linear_before(tensor: keras.KerasTensor) -> list[layers.Layer] | None:
    """The linear layers whose outputs, side by side, are `tensor`; None if it is anything else or used twice."""
    operation = tensor._keras_history.operation
    if len(operation._inbound_nodes) != 1 or len(operation._outbound_nodes) != 1:
        return None
    if isinstance(operation, LINEAR) and operation.activation is keras.activations.linear:
        return [operation]
    if isinstance(operation, layers.Concatenate):
        parts = [_linear_before(part) for part in operation.input]
        return None if any(part is None for part in parts) else [layer for part in parts for layer in part or []]
    return None


def _affine(norm: layers.BatchNormalization) -> tuple[np.ndarray, np.ndarray]:
    mean, variance = _array(norm.moving_mean), _array(norm.moving_variance)
    scale = _array(norm.gamma) if norm.scale else 1.0
    factor = scale / np.sqrt(variance + norm.epsilon)
    return factor, (_array(norm.beta) if norm.center else 0.0) - mean * factor


def _array(variable: keras.Variable) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(variable), np.float64)
