"""Runs scripts as a user does, in processes of their own."""

import os
import subprocess
import sys

from tests import preloaded
from tests.processes import ROOT

QUICK = (
    "--epochs=2",
    "--width=16",
    "--latent_dim=4",
    "--nearest_samples=64",
    "--eval_every=1",
    "--compared_samples=0",
    "--jit=off",
)


def command(script, *flags, limit=0, **environment):
    """What became of `python -m scripts.SCRIPT FLAGS`; no file may grow beyond `limit` bytes, if there is one.

    With an environment of its own it starts afresh; otherwise with TensorFlow imported already.
    """
    if not environment:
        return preloaded.run(f"scripts.{script}", *flags, limit=limit)
    return subprocess.run(
        [sys.executable, "-m", f"scripts.{script}", *flags],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"KERAS_BACKEND": "tensorflow"} | environment,
    )


def succeed(script, *flags):
    """The same, which must end well."""
    done = command(script, *flags)
    assert done.returncode == 0, done.stderr
    return done


def fail(script, *flags, **options):
    """The last line of the same, which must be an error in one line."""
    done = command(script, *flags, **options)
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    lines = done.stderr.strip().splitlines()
    assert lines[-1].startswith("error: ") and "Traceback" not in done.stderr, done.stderr
    return lines[-1]
