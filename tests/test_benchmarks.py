"""Benchmarks count what they should, run, and measure something."""

import numpy as np
import pytest

from benchmarks import flops, loops, outputs, pipeline
from bigan import presets
from bigan.data import store
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.imports import resolve


@pytest.mark.parametrize("variant", ["thesis", "released"])
def test_two_ways_to_count_the_mnist_step_agree(variant):
    config = presets.mnist().replace(variant=variant)
    model = resolve(config.method, "build_networks").create(config, Spec((28, 28, 1)))
    counted = sum(row["MFLOP"] for row in flops.step(model)) * config.batch_size
    listed = sum(2e-6 * m * k * n * times for _, (_, m, k, n), times in loops.products(config))
    assert counted == pytest.approx(listed, rel=1e-4)


def test_convolutions_are_counted():
    config = presets.imagenette64()
    rows = flops.step(resolve(config.method, "build_networks").create(config, Spec((64, 64, 3))))
    one = {(row["network"], row["layer"]): row for row in rows}
    assert one["encoder", "linear1"]["MFLOP an example"] == pytest.approx(2e-6 * 16 * 16 * 11 * 11 * 3 * 96, abs=1e-3)
    assert one["encoder", "linear2b"]["MFLOP an example"] == pytest.approx(2e-6 * 8 * 8 * 25 * 48 * 128, abs=1e-3)
    assert one["generator", "output"]["MFLOP an example"] == pytest.approx(2e-6 * 32 * 32 * 25 * 64 * 3, abs=1e-3)
    passes = {name: tuple(list(one["discriminator", name].values())[3:6]) for name in ("linear1", "linear2", "linear3")}
    assert passes == {"linear1": (2, 2, 1), "linear2": (2, 2, 3), "linear3": (2, 2, 4)}
    assert one["encoder", "linear1"]["input gradients"] == 0 and one["encoder", "linear4b"]["input gradients"] == 1


def test_the_pipeline_benchmark_runs_on_a_synthetic_store(tmp_path):
    pipeline.synthetic(tmp_path, 60, 36)
    assert store.load(str(tmp_path), 32).train.images.shape == (60, 32, 32, 3)
    config = presets.tiny32().replace(width=4, batch_size=8, data_dir=str(tmp_path))
    result = pipeline.run(config, rounds=1, steps=2)
    rates = {row["what"]: row["images/s"] for row in result["times"]}
    assert list(rates) == ["step alone", "input alone", "both", "floor: counted operations"]
    assert all(rate > 0 for rate in rates.values()) and rates["input alone"] > 100
    with pytest.raises(UserError, match="does not train on a store"):
        pipeline.run(presets.digits(), 1, 1)


def test_outputs_are_described(whole, data):
    model = whole().model
    row = outputs.describe(model, data["test_images"])
    features = model.features(data["test_images"], "output")
    spread = np.sort(features.std(0))
    assert row["standard deviation"] == (
        f"{spread[3]:.1f}, {spread[2]:.1f}, {spread[1]:.1f}; median {np.median(spread):.1f}"
    )
    assert row["furthest mean"] == f"{abs(features.mean(0)).max():.1f}"
    z = model.latent.draw(outputs.DRAWS, 0)
    low, high = (np.concatenate([np.full((len(z), 1), v, np.float32), z[:, 1:]], 1) for v in (-0.5, 0.5))
    moved = (model.generate(high, raw=False) - model.generate(low, raw=False)).reshape(len(z), -1)
    assert outputs.sensitivity(model, z)[0] == pytest.approx(np.linalg.norm(moved, axis=1).mean(), rel=1e-5)
