"""The other ways to get an encoder (section 5.3.1), each a small module on `bigan`'s parts, under one interface.

Importing this package adds them to the list of methods.
"""

from __future__ import annotations

from bigan.registry import METHODS

for _name, _place in {
    "gan": "baselines.gan:GAN",
    "latent_regressor": "baselines.latent_regressor:LatentRegressor",
    "joint_latent_regressor": "baselines.latent_regressor:JointLatentRegressor",
    "autoencoder_l2": "baselines.autoencoder:AutoencoderL2",
    "autoencoder_l1": "baselines.autoencoder:AutoencoderL1",
}.items():
    METHODS.add(_name, _place)
