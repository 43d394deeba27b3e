"""Families of networks: each makes E, G and D of one configuration that fit one another.

A family is any class with the constructor and the methods of `Family`; a run records it by its importable name
(`--networks=my.module:MyFamily`). Shapes: E takes x, `(batch, *spec.shape)`; G makes and D sees images of
`(batch, *image_shape)`, smaller than x in a generalized BiGAN (section 5.2.5); latents z are `(batch, latent_dim)`.
"""

from bigan.networks.alexnet import AlexNet as AlexNet
from bigan.networks.alexnet import AlexNetDiscriminator as AlexNetDiscriminator
from bigan.networks.dcgan import DCGAN as DCGAN
from bigan.networks.family import Family as Family
from bigan.networks.mlp import MLP as MLP
