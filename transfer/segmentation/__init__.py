"""A class for every pixel: fully convolutional networks on transferred convolutions."""
