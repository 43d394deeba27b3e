"""The benchmark of step and input."""

from types import SimpleNamespace

import pytest

from bigan import presets
from bigan.benchmarks import pipeline
from bigan.data import sources
from bigan.errors import UserError
from bigan.runtime import files


@pytest.mark.slow
def test_the_pipeline_benchmark_runs_on_a_synthetic_store(tmp_path):
    pipeline.synthetic(tmp_path, 60, 36)
    assert sources.load("store", str(tmp_path), crop=32).train.images.shape == (60, 32, 32, 3)
    config = presets.tiny32_thesis().replace(width=4, batch_size=8, data_dir=str(tmp_path))
    result = pipeline.run(config, rounds=1, steps=2)
    rates = {row["what"]: row["images/s"] for row in result["times"]}
    assert list(rates) == ["step alone", "input alone", "both", "floor: counted operations"]
    assert all(rate > 0 for rate in rates.values())
    with pytest.raises(UserError, match="does not train on a store"):
        pipeline.run(presets.digits(), 1, 1)


def test_other_methods_whose_operations_are_not_counted_are_refused():
    with pytest.raises(UserError, match="`method` must be bigan.models:BiGAN, whose operations are counted"):
        pipeline.run(presets.tiny32_thesis().replace(method="gan"), 1, 1)


def test_a_synthetic_store_too_large_for_the_machine_is_refused(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"the index of 1,000,000,000,000 images would take [\d,.]+ GB of memory"):
        pipeline.synthetic(tmp_path, 10**12, 36)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda folder: SimpleNamespace(free=10**6))
    with pytest.raises(UserError, match=r"cannot write to .*: 0.0 GB are needed, and 0.0 GB are free"):
        pipeline.synthetic(tmp_path, 1000, 36)
    assert not list(tmp_path.iterdir())
