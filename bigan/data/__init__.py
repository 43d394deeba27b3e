"""Data: sources of raw examples, their splits, and minibatches that are a function of (seed, epoch, step) alone.

Nothing here imports TensorFlow, except the TFDS source when it is used.
"""
