"""BiGAN's one scalar moves the right weights by the right amount: against references in the thesis's formulas."""

import pytest

from tests import gradients
from tests.gradients import check, make, mean_log, probability, squash


@pytest.fixture(params=["thesis", "released"])
def variant(request):
    return request.param


@pytest.fixture(autouse=True)
def float64():
    with gradients.float64():
        yield


def test_bigan(variant):
    model, x, z = make("bigan", variant)
    e, g, d = model.encoder, model.generator, model.discriminator

    def discriminated():
        real = probability(d([x, squash(e(x, training=True))], training=True))
        return real, probability(d([g(z, training=True), z], training=True))

    def minus_v():
        real, generated = discriminated()
        return -0.5 * (mean_log(real) + mean_log(1 - generated))

    def minus_inverse():
        real, generated = discriminated()
        return -0.5 * (mean_log(1 - real) + mean_log(generated))

    check(model, gradients.of(model, x, z), [(d, minus_v), (e, minus_inverse), (g, minus_inverse)])
