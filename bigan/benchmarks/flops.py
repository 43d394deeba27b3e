"""Floating-point operations of BiGAN's simultaneous step, counted layer by layer: what no implementation can save."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import keras
from keras import layers

from bigan.models.method import Method
from bigan.networks.strided import DoublingConvolution
from bigan.types import Json


def linear_layers(network: keras.Model) -> Iterator[tuple[str, int, int]]:
    """Name, multiplications for one example, and depth (1 for what sees the input) of each dense or convolution."""
    depth = 0
    for layer in network.layers:
        if not isinstance(layer, layers.Conv2D | layers.Conv2DTranspose | layers.Dense):
            continue
        if not layer.name.startswith("latent") and not layer.name.endswith(tuple("bcdefgh")):
            depth += 1  # z's matrices, and AlexNet's further groups, lie beside a layer
        yield layer.name, multiplications(layer), depth


def multiplications(layer: layers.Layer) -> int:
    """Of a dense layer or a convolution, for one example."""
    if isinstance(layer, DoublingConvolution):  # as a transpose, by a kernel of an edge more
        edges = (edge + 1 for edge in layer.kernel_size)
        return prod(layer.input.shape[1:3]) * prod(edges) * prod(layer.kernel.shape[2:])
    positions = layer.input.shape[1:3] if isinstance(layer, layers.Conv2DTranspose) else layer.output.shape[1:-1]
    return prod(positions) * prod(layer.kernel.shape)


def step(model: Method) -> list[dict[str, Json]]:
    """One row a layer: multiply-adds of one example, passes forward, of weight gradients and of input gradients.

    E and G run forward and back once. D runs forward on two pairs; its own loss goes back through both, E's through the
    real pair down to where z enters, G's through the generated pair down to x.
    """
    rows = []
    for role, network in model.networks.items():
        for name, multiplications, depth in linear_layers(network):
            forward = 2 if role == "discriminator" else 1
            if role != "discriminator":
                back = int(depth > 1 and not name.startswith("latent"))
            elif name.startswith("latent"):
                back = 1
            else:
                back = 2 * (depth > 1) + (depth > 2) + 1
            rows.append(
                {
                    "network": role,
                    "layer": name,
                    "MFLOP an example": round(2e-6 * multiplications, 3),
                    "forward": forward,
                    "weight gradients": forward,
                    "input gradients": back,
                    "MFLOP": round(2e-6 * multiplications * (2 * forward + back), 3),
                }
            )
    return rows
