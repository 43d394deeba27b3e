"""Networks of the tests' own."""

from bigan.networks import MLP


class Unnormalized(MLP):
    """MLPs without batch normalization: what a minibatch's parts give then adds up to what the whole gives."""

    def _normalize(self, name, h, affine=False):
        return h
