"""Latent distributions p(z): each is one module here and one line of the list in `bigan.registry`."""

from bigan.latents.latent import Latent as Latent
from bigan.latents.normal import Normal as Normal
from bigan.latents.normal import NormalPosterior as NormalPosterior
from bigan.latents.uniform import Uniform as Uniform
