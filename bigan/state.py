"""A model's state as named NumPy arrays, and back. Nothing is matched by luck: names and shapes must agree."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from bigan.errors import UserError
from bigan.method import Method


def weights(model: Method) -> dict[str, np.ndarray]:
    """All variables of the method's networks, by 'role/layer/variable'."""
    return {name: keras.ops.convert_to_numpy(v.value) for name, v in _weights(model)}


def training_state(model: Method) -> dict[str, np.ndarray]:
    """Weights, and the variables of optimizer and metrics."""
    return {name: keras.ops.convert_to_numpy(v.value) for name, v in _everything(model)}


def assign_weights(model: Method, arrays: dict[str, np.ndarray], origin: Any) -> None:
    """Sets the networks' variables from `weights`' arrays. `origin` is named in errors."""
    _assign(_weights(model), arrays, origin)


def assign_training_state(model: Method, arrays: dict[str, np.ndarray], origin: Any) -> None:
    """Sets what `training_state` gave; the optimizer must be built."""
    _assign(_everything(model), arrays, origin)


def _weights(model: Method) -> list[tuple[str, Any]]:
    return [(f"{role}/{v.path}", v) for role, network in model.networks.items() for v in network.variables]


def _everything(model: Method) -> list[tuple[str, Any]]:
    pairs = _weights(model)
    pairs += [(f"optimizer/{i}/{v.path}", v) for i, v in enumerate(model.optimizer.variables)]
    return pairs + [(f"metrics/{i}/{v.path}", v) for i, v in enumerate(model.metrics_variables)]


def _assign(pairs: Iterable[tuple[str, Any]], arrays: dict[str, np.ndarray], origin: Any) -> None:
    pairs = list(pairs)
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), "variables of one network must have distinct paths"
    missing, extra = sorted(set(names) - set(arrays)), sorted(set(arrays) - set(names))
    if missing or extra:
        what = f"has no {missing[0]!r}" if missing else f"has {extra[0]!r}, which the model lacks"
        raise UserError(f"{origin}: {what}; it was written by another method, network or version")
    for name, variable in pairs:
        if tuple(variable.shape) != arrays[name].shape:
            raise UserError(f"{origin}: {name} must have shape {tuple(variable.shape)}. Received: {arrays[name].shape}")
    for name, variable in pairs:
        variable.assign(arrays[name])
