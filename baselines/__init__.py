"""The other ways to get an encoder (section 5.3.1), each a small module on `bigan`'s parts, under one interface."""

from __future__ import annotations

from bigan.errors import UserError

METHODS = {
    "bigan": "bigan.model:BiGAN",
    "gan": "baselines.gan:GAN",
    "latent_regressor": "baselines.latent_regressor:LatentRegressor",
    "joint_latent_regressor": "baselines.latent_regressor:JointLatentRegressor",
    "autoencoder_l2": "baselines.autoencoder:AutoencoderL2",
    "autoencoder_l1": "baselines.autoencoder:AutoencoderL1",
}


def importable_name(method: str, flag: str = "--method") -> str:
    """A method's short name as the importable name that runs record; 'module:Class' passes through.

    Raises:
        UserError: naming `flag`, for an unknown short name; the line lists the known ones.
    """
    if ":" in method:
        return method
    if method not in METHODS:
        raise UserError(f"{flag} must be one of {', '.join(METHODS)}, or 'module:Class'. Received: {method!r}")
    return METHODS[method]
