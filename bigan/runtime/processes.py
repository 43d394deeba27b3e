"""The other processes of a run, as one that trains sees them: how many there are, which one it is, and what they say.

A run that one process trains has nobody to talk to: every function here then returns at once.
"""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Iterator

from bigan.errors import UserError
from bigan.runtime.wire import Wire
from bigan.types import Json

PLACE, LINK, OUTPUT, HOST = "BIGAN_PLACE", "BIGAN_LINK", "BIGAN_OUTPUT", "BIGAN_HOST"
TICK = 2.0  # seconds between signs of life
VERDICT = 90.0  # seconds within which the guard knows who has failed


def guarded() -> bool:
    """Whether a guard has started this process, as one of several."""
    return PLACE in os.environ


def index() -> int:
    """Which process this is, from 0 on."""
    return int(os.environ[PLACE].split("/")[0]) if guarded() else 0


def count() -> int:
    """How many processes train this run."""
    return int(os.environ[PLACE].split("/")[1]) if guarded() else 1


def host() -> str:
    """The host of process 0."""
    return os.environ[HOST]


def first() -> bool:
    """Whether this is process 0, which alone writes."""
    return index() == 0


def connect() -> None:
    """Begins to give signs of life, in a process that a guard has started; Python's output goes to the user's again.

    What native libraries write stays with the guard, which shows it if they fail.
    """
    if guarded():
        _link()


def gather(value: Json, within: float | None = None) -> list[Json]:
    """Every process's value, by process; waits until all have called.

    Args:
        value: JSON.
        within: seconds within which the next call must come from everybody, or the run counts as hanging; None: in
            its own time.
    """
    return _link().gather(value, within) if count() > 1 else [value]


def wait() -> None:
    """Waits until all processes are here."""
    gather(None)


def agree(what: dict[str, Json]) -> None:
    """Refuses processes that differ.

    Args:
        what: by name, what must be the same in all of them.

    Raises:
        UserError: naming what differs, in every process.
    """
    first, *others = gather(what)
    for number, theirs in enumerate(others, start=1):
        for name, value in first.items():
            if theirs.get(name) != value:
                raise UserError(
                    f"{name} differs between processes: {value} in process 0, {theirs.get(name)} in process {number}"
                )


class _Link:
    """The connection to the guard; a thread of its own reads it, and gives signs of life."""

    def __init__(self) -> None:
        output, errors = (int(number) for number in os.environ[OUTPUT].split(","))
        sys.stdout = os.fdopen(output, "w", buffering=1)
        sys.stderr = os.fdopen(errors, "w", buffering=1)
        connection = socket.socket(fileno=int(os.environ[LINK]))
        connection.settimeout(TICK)
        self.wire, self.lock = Wire(connection), threading.Lock()
        self.answers: queue.SimpleQueue[list[Json]] = queue.SimpleQueue()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                messages = self.wire.receive()
                if messages is None:
                    os._exit(1)  # the guard is gone; nobody would end this process
                for message in messages:
                    self.answers.put(message["all"])
            with self.lock:
                self.wire.send(tick=True)

    def gather(self, value: Json, within: float | None) -> list[Json]:
        with self.lock:
            self.wire.send(gather=value, within=within)
        return self.answers.get()


@functools.cache
def _link() -> _Link:
    return _Link()


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Holds back errors of steps that several processes make together, until the guard says whose fault they are.

    When a process is lost, the backend of every other one raises something; the guard, which knows better, then ends
    them. Without a verdict the error is raised after all.
    """
    try:
        yield
    except (UserError, KeyboardInterrupt):
        raise
    except Exception as error:
        if count() > 1 and type(error).__name__ in ("JaxRuntimeError", "XlaRuntimeError"):
            time.sleep(VERDICT)
        raise
