"""Checkpoints and snapshots: names and shapes must agree, and damage is named."""

import json

import numpy as np
import pytest

import bigan
from bigan.errors import UserError
from bigan.models.method import create
from bigan.runtime import files
from bigan.training import checkpoint
from bigan.training.run import Run
from bigan.training.run_directory import RunDir, read_arrays
from bigan.training.train import train

pytestmark = pytest.mark.slow


def test_checkpoints_of_another_shape_or_damaged_are_named(copy, tiny):
    run = Run(RunDir(copy))
    path = run.directory.checkpoint()
    arrays = read_arrays(path)
    wide = create(tiny.replace(width=17), run.spec)
    with pytest.raises(
        UserError, match=r"4\.npz: encoder/00/linear1/kernel must have shape \(36, 17\). Received: \(36, 16"
    ):
        checkpoint.assign_weights(wide, arrays, path)
    with pytest.raises(UserError, match="written by another method"):
        checkpoint.assign_weights(wide, {k: v for k, v in arrays.items() if "generator" not in k}, path)
    path.write_bytes(path.read_bytes()[:-4000])
    with pytest.raises(UserError, match=r"4\.npz: cannot be read, it is damaged"):
        bigan.load(copy)


def test_a_damaged_snapshot_or_result_is_named(copy, tiny, data):
    snapshot, results = RunDir(copy).snapshot, copy / "results.json"
    whole = json.loads(results.read_text())
    texts = '{"complete": true}', json.dumps(whole | {"figures": None}), json.dumps(whole)[:-9]
    for damaged in (*(text.encode() for text in texts), b"\xff"):
        results.write_bytes(damaged)
        with pytest.raises(UserError, match=r"results\.json: is damaged .*; remove it"):
            train(tiny, copy, progress=False, **data)
    results.unlink()
    for notes in ("{}", "no JSON"):
        files.write_arrays(snapshot, read_arrays(snapshot) | {"notes": np.array(notes)})
        with pytest.raises(UserError, match=r"state\.npz: is not a snapshot of a run"):
            train(tiny, copy, progress=False, **data)
