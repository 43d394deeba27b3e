"""The objectives of section 5.2, on the discriminator's logits.

With s = logit of D: -log D = softplus(-s) and -log(1 - D) = softplus(s). Each of the two expectations carries the
weight 1/2 in both losses, as in the released code. `x` and `z` below are minibatches; logits are `(batch, 1)`.
With `hinge`, the same scores s without a probability, as in BigBiGAN (Donahue and Simonyan 2019): D descends
max(0, 1 - s) on real pairs and max(0, 1 + s) on generated ones, E descends s and G descends -s.
"""

from __future__ import annotations

import keras
from keras import ops

from bigan.runtime.differentiation import gradients, once_for_two
from bigan.types import Tensor


def discriminator_loss(real: Tensor, generated: Tensor, hinge: bool = False) -> Tensor:
    """-V / 2 (equation 5.3): what D descends. Logits on real and on generated pairs -> scalar."""
    if hinge:
        return 0.5 * (ops.mean(ops.relu(1.0 - real)) + ops.mean(ops.relu(1.0 + generated)))
    return 0.5 * (ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(generated)))


def encoder_loss(real: Tensor, hinge: bool = False) -> Tensor:
    """-E_x[log(1 - D(x, E(x)))], E's term of the inverse objective (section 5.5.2), unweighted scalar."""
    return ops.mean(real if hinge else ops.softplus(real))


def generator_loss(generated: Tensor, hinge: bool = False) -> Tensor:
    """-E_z[log D(G(z), z)], G's term of the inverse objective (section 5.5.2), unweighted scalar."""
    return ops.mean(-generated if hinge else ops.softplus(-generated))


def apply_frozen(network: keras.Model, inputs: Tensor, training: bool) -> Tensor:
    """`network(inputs)` through which gradients reach `inputs` but not the network's weights.

    This lets one scalar loss hold terms that move different networks: the terms of E and G see D through it. The
    layer states that the call would update (batch-norm averages) are left as they are.
    """
    weights = [ops.stop_gradient(ops.convert_to_tensor(v)) for v in network.trainable_variables]
    outputs, _ = network.stateless_call(weights, network.non_trainable_variables, inputs, training=training)
    return outputs


def judged(network: keras.Model, inputs: list[Tensor], training: bool) -> tuple[list[Tensor], list[Tensor]]:
    """D's scores of `inputs` for its own loss, and for those of E and G; of one forward pass.

    Gradients of the first reach the network's weights but not `inputs`, those of the second `inputs` but not the
    weights, as through `apply_frozen`. The network's states are updated once.

    Args:
        network: D.
        inputs: what it is applied to, each `(batch, ...)`.
        training: whether batch normalization uses the minibatch's own statistics.
    """

    def function(weights: list[Tensor], tensors: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        given = tensors if len(tensors) > 1 else tensors[0]
        outputs, states = network.stateless_call(weights, network.non_trainable_variables, given, training=training)
        return scores(outputs), states

    weights = [ops.convert_to_tensor(variable) for variable in network.trainable_variables]
    own, passed, states = once_for_two(function, weights, inputs)
    if training:
        for variable, state in zip(network.non_trainable_variables, states, strict=True):
            variable.assign(state)
    return own, passed


def gradient_penalty(network: keras.Model, inputs: list[Tensor], training: bool) -> Tensor:
    """R1 (Mescheder et al. 2018): half the squared norm of the score's gradient at `inputs`, mean over the minibatch.

    It moves the network alone.

    Args:
        network: D, without normalization: TensorFlow's moments hold the mean fixed in the variance, which is right for
            first derivatives alone. Its scores, if there are several, are added up.
        inputs: what it is applied to, each `(batch, ...)`.
    """
    weights = [ops.convert_to_tensor(v) for v in network.trainable_variables]

    def total(*tensors: Tensor) -> Tensor:
        outputs, _ = network.stateless_call(weights, network.non_trainable_variables, list(tensors), training=training)
        return sum(ops.sum(score) for score in scores(outputs))

    found = gradients(total, *(ops.stop_gradient(tensor) for tensor in inputs))
    exact = keras.config.floatx()  # not bfloat16
    squares = [ops.sum(ops.square(ops.cast(gradient, exact))) for gradient in found]
    return 0.5 * sum(squares) / ops.cast(ops.shape(inputs[0])[0], exact)


def scores(outputs: Tensor | list[Tensor]) -> list[Tensor]:
    """D's scores as a list, `(batch, 1)` each: one, or that of the pair and those of x and z."""
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]
