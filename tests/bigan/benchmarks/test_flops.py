"""Counts of operations."""

import pytest

from bigan import presets
from bigan.benchmarks import flops, loops
from bigan.data.spec import Spec
from bigan.models.method import create


@pytest.mark.parametrize("variant", ["thesis", "released"])
def test_two_ways_to_count_the_mnist_step_agree(variant):
    config = presets.mnist().replace(variant=variant)
    model = create(config, Spec((28, 28, 1)))
    counted = sum(row["MFLOP"] for row in flops.step(model)) * config.batch_size
    listed = sum(2e-6 * m * k * n * times for _, (_, m, k, n), times in loops.products(config))
    assert counted == pytest.approx(listed, rel=1e-4)


def test_convolutions_are_counted():
    config = presets.imagenette64()
    rows = flops.step(create(config, Spec((64, 64, 3))))
    one = {(row["network"], row["layer"]): row for row in rows}
    assert one["encoder", "linear1"]["MFLOP an example"] == pytest.approx(2e-6 * 16 * 16 * 11 * 11 * 3 * 96, abs=1e-3)
    assert one["encoder", "linear2b"]["MFLOP an example"] == pytest.approx(2e-6 * 8 * 8 * 25 * 48 * 128, abs=1e-3)
    assert one["generator", "output"]["MFLOP an example"] == pytest.approx(2e-6 * 32 * 32 * 25 * 64 * 3, abs=1e-3)
    passes = {name: tuple(list(one["discriminator", name].values())[3:6]) for name in ("linear1", "linear2", "linear3")}
    assert passes == {"linear1": (2, 2, 1), "linear2": (2, 2, 3), "linear3": (2, 2, 4)}
    assert one["encoder", "linear1"]["input gradients"] == 0 and one["encoder", "linear4b"]["input gradients"] == 1


def test_a_convolution_of_doubled_pixels_counts_what_the_transpose_takes():
    rows = flops.step(create(presets.tiny32(), Spec((32, 32, 3))))
    one = {(row["network"], row["layer"]): row["MFLOP an example"] for row in rows}
    assert one["generator", "linear2"] == pytest.approx(2e-6 * 4 * 4 * 16 * 128 * 64, abs=1e-3)
    assert one["generator", "output"] == pytest.approx(2e-6 * 16 * 16 * 16 * 32 * 3, abs=1e-3)
