"""Processes that start with TensorFlow and Keras imported, which takes most of the time of a short command.

`run` is `subprocess.run` for `python -m MODULE`: a server, started once for each process of tests, imports the
libraries, nothing of ours, and forks for each command. What must start afresh is run by `subprocess` itself: whatever
depends on when a backend is imported, on another backend, or on signals.
"""

import functools
import json
import os
import resource
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.processes import ROOT


@functools.cache
def _server():
    return subprocess.Popen(
        [sys.executable, "-m", "tests.preloaded"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"KERAS_BACKEND": "tensorflow"},
    )


def run(module, *arguments, limit=0):
    """What became of `python -m MODULE ARGUMENTS` in the repository's root.

    Args:
        module: dotted name.
        arguments: of the command.
        limit: bytes beyond which no file may grow; 0: none.
    """
    server = _server()
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        request = {"module": module, "arguments": arguments, "limit": limit, "out": str(out), "err": str(err)}
        request["environment"] = dict(os.environ) | {"KERAS_BACKEND": "tensorflow"}
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        status = int(server.stdout.readline())
        return subprocess.CompletedProcess([module, *arguments], status, out.read_text(), err.read_text())


def _serve():
    """Forks for each request and tells its status; in a fork, returns the request, to be run by it."""
    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    while line := sys.stdin.readline():
        if not os.fork():
            return json.loads(line)
        print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
    return None


def _become(request):
    """Turns this process into that of the command."""
    for name, number in (("out", 1), ("err", 2)):
        file = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    if request["limit"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["limit"],) * 2)
    sys.argv = [request["module"], *request["arguments"]]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    if (request := _serve()) is not None:
        _become(request)
