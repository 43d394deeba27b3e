"""Runs commands, and functions of `tests.worker`, in processes of their own.

Importing TensorFlow takes most of the time of a short command. So a server, started once for each process of tests,
imports TensorFlow and Keras, nothing of ours, and forks for each command that needs no environment of its own. What
must start afresh is run by `subprocess` itself: what depends on when a backend is imported, on another backend, or on
signals.
"""

import functools
import gc
import json
import os
import resource
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(module, *arguments, limit=0, **environment):
    """What became of `python -m MODULE ARGUMENTS` in the repository's root, as of `subprocess.run`.

    Args:
        module: dotted name.
        arguments: of the command.
        limit: bytes beyond which no file may grow; 0: none. Not for commands that start afresh.
        environment: variables beside those of this process.
    """
    arguments = [str(argument) for argument in arguments]
    variables = os.environ | environment
    if environment.keys() <= {"KERAS_BACKEND"} and variables["KERAS_BACKEND"] == "tensorflow":
        return _forked(module, arguments, variables, limit)
    assert not limit
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=variables)


def run_worker(*arguments, expect=0, **environment):
    """`python -m tests.worker ARGUMENTS`, which must end with the status `expect`."""
    done = run("tests.worker", *arguments, **environment)
    assert done.returncode == expect, done.stderr
    return done


@functools.cache
def _server():
    command = [sys.executable, "-m", "tests.processes"]
    variables = os.environ | {"KERAS_BACKEND": "tensorflow"}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=variables,
    )


def _forked(module, arguments, environment, limit):
    server = _server()
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        request = {"module": module, "arguments": arguments, "limit": limit, "out": str(out), "err": str(err)}
        server.stdin.write(json.dumps(request | {"environment": dict(environment)}) + "\n")
        server.stdin.flush()
        status = int(server.stdout.readline())
        return subprocess.CompletedProcess([module, *arguments], status, out.read_text(), err.read_text())


def _serve():
    """Forks for each request and tells its status; in a fork, returns the request, to be run by it."""
    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    gc.collect()
    gc.freeze()  # or each fork's first full collection looks at all of TensorFlow, and so copies its memory
    while line := sys.stdin.readline():
        if not os.fork():
            return json.loads(line)
        print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
    return None


def _become(request):
    """Makes this process that of the command."""
    for name, flags, number in (
        (os.devnull, os.O_RDONLY, 0),
        (request["out"], os.O_WRONLY | os.O_CREAT, 1),
        (request["err"], os.O_WRONLY | os.O_CREAT, 2),
    ):
        file = os.open(name, flags, 0o600)
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])
    if request["limit"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["limit"], request["limit"]))
    sys.argv = [request["module"], *request["arguments"]]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    if (request := _serve()) is not None:
        _become(request)
