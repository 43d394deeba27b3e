"""scripts.benchmark from a user's command line, and the measurement of a store's input."""

import pytest

from tests.processes import run
from tests.scripts.commands import command, fail

pytestmark = pytest.mark.slow


def test_what_the_benchmark_refuses(no_backend, tmp_path):
    assert "--out must be a .md or .json file" in fail("benchmark", f"--out={tmp_path / 'a.txt'}", **no_backend)
    assert "in a folder that exists" in fail("benchmark", f"--out={tmp_path / 'no' / 'a.md'}", **no_backend)
    assert "--steps" in fail("benchmark", "--steps=0", **no_backend)
    assert "--profile is of our step alone" in fail("benchmark", "--profile", "--peer=torch", **no_backend)
    assert "whose operations are counted" in fail("benchmark", "--preset=tiny32_thesis", "--method=gan")
    assert "(default: mnist)" in command("benchmark", "--help", **no_backend).stdout


def test_a_stores_input_alone():
    done = run("scripts.store_input", "--images=1000")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("crops/s") == 6
