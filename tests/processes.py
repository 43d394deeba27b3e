"""Runs commands, and functions of `tests.worker`, in processes of their own.

Importing TensorFlow takes most of the time of a short command. So one server for all processes of tests imports
TensorFlow and Keras, nothing of ours, when the first command is asked for, and forks for each one that needs no
environment of its own. What must start afresh is run by `subprocess` itself: what depends on when a backend is
imported, or on another backend.
"""

import contextlib
import gc
import json
import os
import resource
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
SERVER = "BIGAN_TEST_SERVER"  # the environment's variable that has the socket's path


class Forked:
    """A command in a fork of the server.

    Args:
        module: dotted name.
        arguments: of the command.
        environment: all of its variables.
        limit: bytes beyond which no file may grow; 0: none.
    """

    def __init__(self, module, arguments, environment, limit=0):
        self.arguments = [module, *map(str, arguments)]
        self._folder = tempfile.TemporaryDirectory()
        self._out, self._err = (Path(self._folder.name, name) for name in ("out", "err"))
        self._wire = socket.socket(socket.AF_UNIX)
        self._wire.connect(os.environ[SERVER])
        self._lines = self._wire.makefile("r")
        request = {"arguments": self.arguments, "environment": dict(environment), "limit": limit}
        request |= {"out": str(self._out), "err": str(self._err)}
        self._wire.sendall((json.dumps(request) + "\n").encode())
        self.pid = int(self._lines.readline())
        self._status = None

    @property
    def errors(self):
        """What it has written on standard error so far."""
        return self._err.read_text() if self._err.exists() else ""

    def poll(self):
        """Its status, if it has ended."""
        if self._status is None and select.select([self._wire], [], [], 0)[0]:
            self.wait()
        return self._status

    def wait(self):
        """Its status, once it has ended."""
        if self._status is None:
            self._status = int(self._lines.readline())
            self._wire.close()
        return self._status

    def kill_when(self, condition, number=signal.SIGKILL):
        """Sends a signal as soon as `condition()` is true; its status."""
        while not condition():
            assert self.poll() is None, self.errors
            time.sleep(0.002)
        os.kill(self.pid, number)
        return self.wait()

    def done(self):
        """What became of it, as of `subprocess.run`."""
        status = self.wait()
        return subprocess.CompletedProcess(self.arguments, status, self._out.read_text(), self.errors)


def import_tensorflow():
    """Has it run graphs as they are: tests run each a few times, which is not worth optimizing it."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def start(module, *arguments):
    """Starts `python -m MODULE ARGUMENTS` in the repository's root, on TensorFlow."""
    return Forked(module, arguments, os.environ | {"KERAS_BACKEND": "tensorflow"})


def run(module, *arguments, limit=0, **environment):
    """What became of `python -m MODULE ARGUMENTS` in the repository's root, as of `subprocess.run`.

    Args:
        module: dotted name.
        arguments: of the command.
        limit: bytes beyond which no file may grow; 0: none. Not for commands that start afresh.
        environment: variables beside those of this process.
    """
    variables = os.environ | environment
    if environment.keys() <= {"KERAS_BACKEND"} and variables["KERAS_BACKEND"] == "tensorflow":
        return Forked(module, arguments, variables, limit).done()
    assert not limit
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=variables)


def run_worker(*arguments, expect=0, **environment):
    """`python -m tests.worker ARGUMENTS`, which must end with the status `expect`."""
    done = run("tests.worker", *arguments, **environment)
    assert done.returncode == expect, done.stderr
    return done


@contextlib.contextmanager
def server():
    """The server, for this process and those that it starts."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "socket")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(64)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.processes", str(listener.fileno())],
            cwd=ROOT,
            stdin=subprocess.PIPE,  # at whose end it ends
            stderr=subprocess.DEVNULL,
            env=os.environ | {"KERAS_BACKEND": "tensorflow"},
            pass_fds=[listener.fileno()],
        )
        listener.close()
        os.environ[SERVER] = path
        yield
        del os.environ[SERVER]
        process.stdin.close()
        process.wait()


def _serve(listener):
    """Forks for each request and tells the fork's process number, then its status; in the fork, returns the request."""
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if "keras" not in sys.modules:
            import_tensorflow()
            import keras  # noqa: F401

            gc.collect()
            gc.freeze()  # or each fork's first full collection looks at all of TensorFlow, and so copies its memory
        if os.fork():
            connection.close()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            continue
        listener.close()
        request = json.loads(connection.makefile("r").readline())
        child = os.fork()
        if not child:
            connection.close()
            return request
        connection.sendall(f"{child}\n".encode())
        connection.sendall(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n".encode())
        os._exit(0)
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
    sys.argv = request["arguments"]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    if (asked := _serve(socket.socket(fileno=int(sys.argv[1])))) is not None:
        _become(asked)
