"""Gradients of gradients, and one pass for two losses that move different things: what Keras leaves out."""

from __future__ import annotations

from collections.abc import Callable

from bigan.types import Tensor


def gradients(function: Callable[..., Tensor], *inputs: Tensor) -> list[Tensor]:
    """Of the scalar `function(*inputs)` with respect to each input; they can be differentiated again.

    Args:
        function: pure: it leaves no state behind.
        inputs: tensors.
    """
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return list(jax.grad(function, argnums=tuple(range(len(inputs))))(*inputs))
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        value = function(*inputs)
    return tape.gradient(value, list(inputs), unconnected_gradients=tf.UnconnectedGradients.ZERO)


def once_for_two(
    function: Callable[[list[Tensor], list[Tensor]], tuple[list[Tensor], list[Tensor]]],
    weights: list[Tensor],
    inputs: list[Tensor],
) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """The results of `function` twice, of one pass: gradients of the first reach its weights alone, of the second its
    inputs alone.

    On JAX they are two passes, which XLA merges. On TensorFlow `function` is called once, and what it gives is
    differentiated twice, each time with respect to one of the two.

    Args:
        function: pure, of weights and inputs; gives results and states. No gradients flow through states.
        weights, inputs: what it is applied to.

    Returns:
        The results for which the inputs are constants, those for which the weights are, and the states.
    """
    import keras

    stop = keras.ops.stop_gradient
    if keras.backend.backend() != "tensorflow":
        first, states = function(weights, [stop(tensor) for tensor in inputs])
        second, _ = function([stop(tensor) for tensor in weights], inputs)
        return first, second, [stop(state) for state in states]
    import tensorflow as tf

    counts = list[int]()  # of results; the states come after them

    @tf.custom_gradient
    def both(*tensors: Tensor) -> tuple[tuple[Tensor, ...], Callable[..., list[Tensor]]]:
        own, given = list(tensors[: len(weights)]), list(tensors[len(weights) :])
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch([own, given])
            results, states = function(own, given)
        counts.append(len(results))

        def gradient(*upstream: Tensor) -> list[Tensor]:
            pairs = ((own, upstream[: len(results)]), (given, upstream[len(results) : 2 * len(results)]))
            zero = tf.UnconnectedGradients.ZERO
            found = [tape.gradient(results, to, list(above), unconnected_gradients=zero) for to, above in pairs]
            return [*found[0], *found[1]]

        return (*results, *(tf.identity(result) for result in results), *states), gradient

    given = both(*(tf.convert_to_tensor(tensor) for tensor in (*weights, *inputs)))  # not variables: they are read here
    count = counts[-1]
    return list(given[:count]), list(given[count : 2 * count]), [stop(state) for state in given[2 * count :]]
