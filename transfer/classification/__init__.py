"""Tasks that train a classifier on an encoder's convolutions."""
