"""Transferred convolutions, their initialization, and classifiers trained on top of them."""
