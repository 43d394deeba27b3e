"""The networks of a Keras method as PyTorch modules with the same weights, as one would write them in PyTorch.

Convolutions take their padding as an argument, transposed ones theirs and the output's; nothing is padded or cropped by
a layer of its own. Feature maps are `(batch, channels, height, width)`, in either memory format.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import torch
from keras import layers
from torch import nn
from torch.nn import functional

from bigan.errors import UserError
from bigan.networks.strided import DoublingConvolution, StridedConvolution, StridedTranspose
from bigan.runtime import strides

SKIPPED = (layers.InputLayer, layers.ZeroPadding2D, layers.Identity)
Function = Callable[..., torch.Tensor]


class Network(nn.Module):
    """One functional Keras network.

    Args:
        network: of the layers that the package's families are made of.
        channels_last: memory format of feature maps.

    Raises:
        UserError: if it has an operation that is not translated.
    """

    def __init__(self, network: keras.Model, channels_last: bool) -> None:
        super().__init__()
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.places = [_place(tensor) for tensor in network.inputs]
        self.result = _place(network.outputs[0])
        self.plan: list[tuple[tuple[int, int], list[tuple[int, int]], Function]] = []
        self.modules_of = nn.ModuleDict()
        for operation in network.operations:
            if isinstance(operation, SKIPPED):
                continue  # padding is its convolution's argument
            given = operation.input if isinstance(operation.input, list) else [operation.input]
            function = self._translated(operation, given)
            outputs = operation.output if isinstance(operation.output, list) else [operation.output]
            sources = [_place(_behind(tensor)) for tensor in given]
            for index, output in enumerate(outputs):
                self.plan.append((_place(output), sources, _part(function, index, len(outputs))))

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Of tensors in the network's order; images are `(batch, channels, height, width)`."""
        values = dict(zip(self.places, inputs, strict=True))
        for place, sources, function in self.plan:
            values[place] = function(*(values[source] for source in sources))
        return values[self.result]

    def _kept(self, name: str, module: nn.Module) -> nn.Module:
        self.modules_of[name.replace(".", "_")] = module
        return module

    def _translated(self, item: Any, given: list[keras.KerasTensor]) -> Function:
        """An operation's function of torch tensors."""
        spatial = len(given[0].shape) == 4
        match item:
            case StridedTranspose():
                pad = item.kernel_size[0] // 2
                made = nn.ConvTranspose2d(*_channels(item, -1, -2), item.kernel_size, 2, pad, 1, bias=False)
                return self._kept(item.name, _weighted(made, item, (3, 2, 0, 1)))
            case layers.Conv2D():
                pad = _padding(item, given[0])
                made = nn.Conv2d(*_channels(item, -2, -1), item.kernel_size, item.strides, pad, bias=False)
                convolution = self._kept(item.name, _weighted(made, item, (3, 2, 0, 1)))
                if isinstance(item, DoublingConvolution):
                    return lambda h: convolution(functional.interpolate(h, scale_factor=float(strides.STRIDE)))
                return convolution
            case layers.Dense():
                return self._kept(item.name, _weighted(nn.Linear(*item.kernel.shape, bias=False), item, (1, 0)))
            case layers.BatchNormalization():
                kind = nn.BatchNorm2d if spatial else nn.BatchNorm1d
                width = int(given[0].shape[-1])
                return self._kept(item.name, kind(width, item.epsilon, 1 - item.momentum, affine=bool(item.scale)))
            case layers.LeakyReLU():
                return lambda h: functional.leaky_relu(h, item.negative_slope)
            case layers.ReLU():
                return functional.relu
            case layers.Activation():
                return {"sigmoid": torch.sigmoid}[item.activation.__name__]
            case layers.Rescaling():
                return lambda h: h * item.scale + item.offset
            case layers.Add():
                return lambda *terms: sum(terms[1:], terms[0])
            case layers.Concatenate():
                return lambda *parts: torch.cat(parts, 1)
            case layers.MaxPooling2D():
                return lambda h: functional.max_pool2d(h, item.pool_size, item.strides)
            case layers.Flatten():
                return (lambda h: h.permute(0, 2, 3, 1).flatten(1)) if spatial else (lambda h: h.flatten(1))
            case layers.Reshape():
                return self._reshaped(item.target_shape)
        match type(item).__name__:
            case "Pad":
                (before, after), keywords = item.pad_width[1], item._inbound_nodes[0].arguments.kwargs
                value = keywords["constant_values"] or 0.0
                return lambda h: functional.pad(h, [before, after, before, after], value=value)
            case "Split":
                return lambda h: torch.chunk(h, item.indices_or_sections, 1)
        raise UserError(f"`networks`: the peer has no {type(item).__name__}, which {item.name!r} is")

    def _reshaped(self, shape: tuple[int, ...]) -> Function:
        if len(shape) != 3:
            return lambda h: h.reshape(-1, *shape)
        return lambda h: h.reshape(-1, *shape).permute(0, 3, 1, 2).contiguous(memory_format=self.format)


def _place(tensor: keras.KerasTensor) -> tuple[int, int]:
    history = tensor._keras_history
    return id(history.operation), history.tensor_index


def _part(function: Function, index: int, count: int) -> Function:
    return function if count == 1 else lambda *given: function(*given)[index]


def _behind(tensor: keras.KerasTensor) -> keras.KerasTensor:
    before = tensor._keras_history.operation
    return before.input if isinstance(before, layers.ZeroPadding2D | layers.Identity) else tensor


def _padding(item: layers.Conv2D, given: keras.KerasTensor) -> int:
    before = given._keras_history.operation
    if isinstance(before, layers.ZeroPadding2D):
        return before.padding[0][0]
    return item.kernel_size[0] // 2 if isinstance(item, StridedConvolution) or item.padding == "same" else 0


def _channels(item: layers.Conv2D, inputs: int, outputs: int) -> tuple[int, int]:
    return int(item.kernel.shape[inputs]), int(item.kernel.shape[outputs])


def _weighted(made: nn.Module, item: layers.Layer, order: tuple[int, ...]) -> nn.Module:
    kernel = np.asarray(keras.ops.convert_to_numpy(item.kernel), np.float32).transpose(order)
    made.weight.data = torch.from_numpy(np.ascontiguousarray(kernel))
    return made
