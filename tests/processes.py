"""Runs the functions of `tests.worker` in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run_worker(*arguments, expect=0, **environment):
    """`python -m tests.worker ARGUMENTS`, which must end with the status `expect`."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.worker", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    assert done.returncode == expect, done.stderr
    return done
