"""Runs scripts as a user does, in processes of their own."""

from tests.processes import run

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
    """What became of `python -m scripts.SCRIPT FLAGS`; no file may grow beyond `limit` bytes, if there is one."""
    return run(f"scripts.{script}", *flags, limit=limit, **{"KERAS_BACKEND": "tensorflow"} | environment)


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
