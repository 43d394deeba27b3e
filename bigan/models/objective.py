"""The objectives of section 5.2, on the discriminator's logits.

With s = logit of D: -log D = softplus(-s) and -log(1 - D) = softplus(s). Each of the two expectations carries the
weight 1/2 in both losses, as in the released code. `x` and `z` below are minibatches; logits are `(batch, 1)`.
"""

from __future__ import annotations

import keras
from keras import ops

from bigan.types import Tensor


def discriminator_loss(real: Tensor, generated: Tensor) -> Tensor:
    """-V / 2 (equation 5.3): what D descends. Logits on real and on generated pairs -> scalar."""
    return 0.5 * (ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(generated)))


def encoder_loss(real: Tensor) -> Tensor:
    """-E_x[log(1 - D(x, E(x)))], E's term of the inverse objective (section 5.5.2), unweighted scalar."""
    return ops.mean(ops.softplus(real))


def generator_loss(generated: Tensor) -> Tensor:
    """-E_z[log D(G(z), z)], G's term of the inverse objective (section 5.5.2), unweighted scalar."""
    return ops.mean(ops.softplus(-generated))


def apply_frozen(network: keras.Model, inputs: Tensor, training: bool) -> Tensor:
    """`network(inputs)` through which gradients reach `inputs` but not the network's weights.

    This lets one scalar loss hold terms that move different networks: the terms of E and G see D through it. The
    layer states that the call would update (batch-norm averages) are left as they are.
    """
    weights = [ops.stop_gradient(ops.convert_to_tensor(v)) for v in network.trainable_variables]
    outputs, _ = network.stateless_call(weights, network.non_trainable_variables, inputs, training=training)
    return outputs
