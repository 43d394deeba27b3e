"""What it means that two runs are the same."""

import json

import numpy as np

from bigan.training.run_directory import RunDir, read_arrays
from bigan.training.trainer import TIMING


def same_run(a, b):
    """Weights, optimizer, metrics and figures are bit for bit the same, timing aside."""
    one, two = (read_arrays(RunDir(path).snapshot) for path in (a, b))
    notes = [json.loads(str(arrays.pop("notes"))) for arrays in (one, two)]
    for note in notes:
        del note["seconds"]
        note["rows"] = [{k: v for k, v in row.items() if k not in TIMING} for row in note["rows"]]
    assert notes[0] == notes[1]
    assert one.keys() == two.keys()
    for name in one:
        assert np.array_equal(one[name], two[name]), name
    tables = [[{k: v for k, v in row.items() if k not in TIMING} for row in RunDir(p).read_metrics()] for p in (a, b)]
    assert tables[0] == tables[1]
    assert RunDir(a).results()["figures"] == RunDir(b).results()["figures"]
