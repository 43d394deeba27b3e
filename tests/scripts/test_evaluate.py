"""scripts.evaluate from a user's command line."""

import csv
import json

import pytest

from bigan.training.run_directory import RunDir
from tests.scripts.commands import fail, succeed

pytestmark = pytest.mark.slow


@pytest.mark.xdist_group("runs")
def test_runs_side_by_side(runs, no_backend, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.is_file()}
    names = ("bigan", "gan")
    flags = (f"--run={','.join(str(runs / name) for name in names)}", f"--out={tmp_path / 'out'}")
    done = succeed("evaluate", *flags, "--compared_samples=200", "--logistic_examples=0")
    table = (tmp_path / "out" / "table.md").read_text()
    assert table in done.stdout and table.startswith("| figure | raw input | bigan | gan |")
    with open(tmp_path / "out" / "table.csv") as file:
        rows = {(row["run"], row["figure"]): float(row["value"]) for row in csv.DictReader(file)}
    for name in names:  # what training said is measured again, and what it left out beside it
        then = RunDir(runs / name).results()["figures"]
        for figure in ("knn_hidden", "nearest_sample"):
            assert rows[name, figure] == pytest.approx(then[figure], rel=1e-3)
        assert 0 <= rows[name, "sample_coverage"] <= 1 and (name, "logistic_hidden") not in rows
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [one["name"] for one in found] == list(names)
    assert len({one["protocol"]["sample_features"] for one in found}) == 1
    assert before == {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.is_file()}

    assert "--run is needed" in fail("evaluate", **no_backend)
    assert "no checkpoint '7'" in fail("evaluate", flags[0], "--checkpoint=7", **no_backend)
    assert "--compared_samples must be at least 0" in fail("evaluate", flags[0], "--compared_samples=-1", **no_backend)
