"""The other ways to get an encoder, each a small module on `bigan`'s parts, under one interface.

Those of section 5.3.1, and what one would pick instead today. Importing this package adds them to the list of methods.
"""

from __future__ import annotations

from bigan.registry import METHODS

_PLACES = {
    "gan": "baselines.gan:GAN",
    "latent_regressor": "baselines.latent_regressor:LatentRegressor",
    "joint_latent_regressor": "baselines.latent_regressor:JointLatentRegressor",
    "autoencoder_l2": "baselines.autoencoder:AutoencoderL2",
    "autoencoder_l1": "baselines.autoencoder:AutoencoderL1",
    "denoising_autoencoder": "baselines.autoencoder:DenoisingAutoencoder",
    "simclr": "baselines.self_supervised:SimCLR",
    "vicreg": "baselines.self_supervised:VICReg",
    "imsat": "baselines.self_supervised:IMSAT",
}

for _name, _place in _PLACES.items():
    METHODS.add(_name, _place)

TABLE_5_1 = ("bigan", *list(_PLACES)[:5])  # the methods that it compares
