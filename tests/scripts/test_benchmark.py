"""scripts.benchmark from a user's command line, and the measurement of a store's input."""

import subprocess
import sys

import pytest

from tests.processes import ROOT
from tests.scripts.commands import command, fail

pytestmark = pytest.mark.slow


def test_what_the_benchmark_refuses(no_backend, tmp_path):
    assert "--out must be a .md or .json file" in fail("benchmark", f"--out={tmp_path / 'a.txt'}", **no_backend)
    assert "in a folder that exists" in fail("benchmark", f"--out={tmp_path / 'no' / 'a.md'}", **no_backend)
    assert "--steps" in fail("benchmark", "--steps=0", **no_backend)
    assert "whose operations are counted" in fail("benchmark", "--preset=tiny32_thesis", "--method=gan")
    assert "(default: mnist)" in command("benchmark", "--help", **no_backend).stdout


def test_a_stores_input_alone():
    done = subprocess.run(
        [sys.executable, "-m", "scripts.store_input", "1000"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.count("crops/s") == 6
