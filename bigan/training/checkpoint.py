"""A model's state as named NumPy arrays, and back. Nothing is matched by luck: names and shapes must agree."""

from __future__ import annotations

import re
from pathlib import Path

import keras
import numpy as np

from bigan.errors import UserError
from bigan.models.method import Method
from bigan.runtime import distribution


def to_numpy(variable: keras.Variable) -> np.ndarray:
    """A Keras variable's value; of a variable mirrored on several devices, that of the first."""
    value = variable.value
    return value.numpy() if hasattr(value, "numpy") else np.asarray(value)


def weights(model: Method) -> dict[str, np.ndarray]:
    """All variables of the method's networks, by 'role/number/layer/variable'."""
    return {name: to_numpy(v) for name, v in _weights(model)}


def training_state(model: Method) -> dict[str, np.ndarray]:
    """Weights, and the variables of optimizer and metrics."""
    return {name: to_numpy(v) for name, v in _everything(model)}


def learning_rate(model: Method) -> float:
    """Adam's step at the next minibatch, by this process's own copy of the count of minibatches."""
    schedule = model.optimizer._learning_rate
    if isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        return float(keras.ops.convert_to_numpy(schedule(distribution.local(model.optimizer.iterations.value))))
    return float(to_numpy(schedule))


def assign_weights(model: Method, arrays: dict[str, np.ndarray], origin: Path) -> None:
    """Sets the networks' variables from `weights`' arrays. `origin` is named in errors."""
    _assign(_weights(model), arrays, origin)


def assign_training_state(model: Method, arrays: dict[str, np.ndarray], origin: Path | str) -> None:
    """Sets what `training_state` gave; the optimizer must be built."""
    _assign(_everything(model), arrays, origin)


def assign_metrics(model: Method, arrays: dict[str, np.ndarray], origin: Path | str) -> None:
    """Sets the running means of the epoch from `training_state`'s arrays."""
    metrics = {name: array for name, array in arrays.items() if name.startswith("metrics/")}
    _assign(_named("metrics", model.metrics_variables), metrics, origin)


def _weights(model: Method) -> list[tuple[str, keras.Variable]]:
    return [pair for role, network in model.networks.items() for pair in _named(role, network.variables)]


def _everything(model: Method) -> list[tuple[str, keras.Variable]]:
    return [
        *_weights(model),
        *_named("optimizer", model.optimizer.variables),
        *_named("metrics", model.metrics_variables),
    ]


def _named(group: str, variables: list[keras.Variable]) -> list[tuple[str, keras.Variable]]:
    # Keras numbers layers without a name of their own through the whole process ('dense_7'): such numbers go, and the
    # place in the list, which the network alone determines, tells apart what is left.
    return [(f"{group}/{i:02d}/{re.sub(r'_[0-9]+(?=[/_]|$)', '', v.path)}", v) for i, v in enumerate(variables)]


def _assign(pairs: list[tuple[str, keras.Variable]], arrays: dict[str, np.ndarray], origin: Path | str) -> None:
    names = [name for name, _ in pairs]
    missing, extra = sorted(set(names) - set(arrays)), sorted(set(arrays) - set(names))
    if missing or extra:
        what = f"has no {missing[0]!r}" if missing else f"has {extra[0]!r}, which the model lacks"
        raise UserError(f"{origin}: {what}; it was written by another method, network or version")
    for name, variable in pairs:
        if tuple(variable.shape) != arrays[name].shape:
            raise UserError(f"{origin}: {name} must have shape {tuple(variable.shape)}. Received: {arrays[name].shape}")
    for name, variable in pairs:
        distribution.assign(variable, arrays[name])
