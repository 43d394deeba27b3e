"""One process of a run that several train together: it starts the process that trains, and ends it when others fail.

The process that the user starts is a guard: small, without a backend, so that nothing it waits for can hang it. The
guards meet at process 0's (`bigan.runtime.hub`). Each starts the same command again as its child, which trains
(`bigan.runtime.processes` is the child's side).
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from types import FrameType
from typing import BinaryIO, NoReturn

from bigan.errors import UserError
from bigan.runtime import hub
from bigan.runtime.cluster import Place
from bigan.runtime.processes import HOST, LINK, OUTPUT, PLACE, TICK
from bigan.runtime.wire import Wire
from bigan.types import Json

TAIL = 4000  # bytes of what native libraries wrote before they failed


def run(place: Place) -> int:
    """Runs this command as one of several processes; returns its exit status.

    Raises:
        UserError: if the processes do not come together, or one of them ends, freezes or hangs.
    """
    if os.environ.setdefault("KERAS_BACKEND", "jax") != "jax":
        raise UserError(f"several processes need KERAS_BACKEND=jax. Received: {os.environ['KERAS_BACKEND']!r}")
    centre = _hub(place) if place.index == 0 else None
    wire = _join(place)
    status = _Guard(place, wire).watch()
    if centre:
        centre.join()
    return status


def _hub(place: Place) -> hub.Hub:
    try:
        family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
        listener = socket.create_server(("", place.port), family=family)
    except OSError as error:
        raise UserError(f"`coordinator`: cannot listen on port {place.port} ({error.strerror})") from error
    centre = hub.Hub(listener, place.count)
    centre.start()
    return centre


def _join(place: Place) -> Wire:
    """The connection to process 0's guard, once all processes are there."""
    begun = time.monotonic()
    host = "localhost" if place.index == 0 else place.host
    while True:
        try:
            connection = socket.create_connection((host, place.port), timeout=5)
            break
        except OSError as error:
            if time.monotonic() - begun > hub.JOIN:
                raise UserError(
                    f"`coordinator`: nobody answers at {place.host}:{place.port} within {hub.JOIN:.0f} seconds "
                    f"({error.strerror or error}); is process 0 running there?"
                ) from error
            time.sleep(0.2)
    connection.settimeout(hub.JOIN + 10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire = Wire(connection)
    wire.send(process=place.index, processes=place.count)
    try:
        answers = wire.receive()
    except TimeoutError:
        answers = None
    if not answers:
        raise UserError(f"`coordinator`: what answers at {place.host}:{place.port} is no process 0 of a run")
    if "fail" in answers[0]:
        raise UserError(str(answers[0]["fail"]))
    return wire


class _Guard:
    """Between the hub and the child.

    Args:
        place: of this process.
        wire: to the hub.
    """

    def __init__(self, place: Place, wire: Wire) -> None:
        self.place, self.wire = place, wire
        self.native: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the process)
        ours, theirs = socket.socketpair()
        output, errors = os.dup(1), os.dup(2)
        environment = os.environ | {
            PLACE: f"{place.index}/{place.count}",
            HOST: place.host,
            LINK: str(theirs.fileno()),
            OUTPUT: f"{output},{errors}",
        }
        self.child = subprocess.Popen(
            [sys.executable, *sys.orig_argv[1:]],
            env=environment,
            pass_fds=(theirs.fileno(), output, errors),
            stdout=self.native,
            stderr=self.native,
            start_new_session=True,  # Ctrl-C reaches it through this process alone
        )
        for handle in (output, errors):
            os.close(handle)
        theirs.close()
        self.link = Wire(ours)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._forward)

    def _forward(self, number: int, frame: FrameType | None) -> None:
        self.child.send_signal(number)

    def watch(self) -> int:
        """Hands messages to and fro until the child has ended; its exit status."""
        now = time.monotonic()
        heard, sent, told = now, 0.0, now + hub.SILENT  # a child is slow to begin
        linked = True
        while True:
            ready, _, _ = select.select([self.wire, self.link] if linked else [self.wire], [], [], 0.2)
            now = time.monotonic()
            if self.wire in ready:
                messages = self.wire.receive()
                heard = now
                if messages is None:
                    self._end(f"process 0 of {self.place.count} is gone; {hub.RESUMES}")
                for message in messages:
                    if "fail" in message:
                        self._end(str(message["fail"]))
                    elif "all" in message:
                        self.link.send(**message)
            if linked and self.link in ready:
                messages = self.link.receive()
                if messages is None:
                    linked = False
                told = max(told, now)
                for message in messages or []:
                    if "gather" in message:
                        self.wire.send(**message)
            if now - heard > hub.SILENT:
                self._end(f"process 0 of {self.place.count} does not respond; {hub.RESUMES}")
            status = self.child.poll()
            if status is not None:
                return self._ended(status)
            if now - sent > TICK:
                sent = now
                self.wire.send(frozen=True) if now - told > hub.SILENT else self.wire.send(tick=True)

    def _ended(self, status: int) -> int:
        """The child's own end: everybody is told, and what comes of it awaited if it was not in good order."""
        self.wire.send(ended=status)
        if status in hub.ORDERLY:
            return status
        self.wire.connection.settimeout(hub.SILENT)
        line = ""
        while not line and (messages := self._heard()):
            line = next((str(message["fail"]) for message in messages if "fail" in message), "")
        if status < 0 and (not line or line.startswith(f"process {self.place.index} ")):
            self._replay()
        if status < 0:
            raise UserError(line or f"process {self.place.index} was ended by signal {-status}")
        return status

    def _heard(self) -> list[dict[str, Json]] | None:
        try:
            return self.wire.receive()
        except TimeoutError:
            return None

    def _end(self, line: str) -> NoReturn:
        self.child.kill()
        self.child.wait()
        raise UserError(line)

    def _replay(self) -> None:
        self.native.seek(max(0, self.native.seek(0, os.SEEK_END) - TAIL))
        sys.stderr.write(self.native.read().decode(errors="replace"))
