"""Data: datasets of raw examples from any source, their splits, and minibatches that are a function of (seed, e, i).

The backend is started by `batches` alone, which hands minibatches to Keras; TensorFlow by it and by the TFDS source.
"""
