"""Where the processes of one run meet: a thread beside process 0 that hands their messages around and watches them.

Every process sends a sign of life now and then. One that ends, freezes, or stays behind when a step is due ends all of
them: the hub tells everybody which one it was.
"""

from __future__ import annotations

import selectors
import signal
import socket
import threading
import time

from bigan.runtime.processes import TICK
from bigan.runtime.wire import Wire
from bigan.types import Json

JOIN = 60.0  # seconds: within which all processes must have come
SILENT = 30.0  # seconds without a sign of life after which a process counts as frozen
STEP = 40.0  # seconds within which a training step must come, at least; ten times the longest one so far, if more
GRACE = 30.0  # seconds within which all must end after one has ended in good order
SETTLE = 1.0  # seconds in which further failures may come in: the first one told need not be the cause
ORDERLY = (0, 128 + signal.SIGTERM, 128 + signal.SIGINT)
RESUMES = "all processes end; the same command resumes"


class Hub(threading.Thread):
    """Serves `count` processes until all have ended.

    Args:
        listener: a listening socket.
        count: processes.
    """

    def __init__(self, listener: socket.socket, count: int) -> None:
        super().__init__(daemon=True)
        self.listener, self.count = listener, count
        self.members: dict[int, Wire] = {}
        self.heard: dict[int, float] = {}
        self.ended: dict[int, int] = {}
        self.values: dict[int, Json] = {}
        self.failures: list[tuple[int, float, str]] = []  # how little it explains, when, the line
        self.due: float | None = None  # seconds from the last exchange to the next
        self.last = self.begun = time.monotonic()
        self.last_end = self.ticked = 0.0
        self.longest = 0.0
        self.failed = ""

    def run(self) -> None:
        """Accepts, hands around, watches."""
        with selectors.DefaultSelector() as selector, self.listener:
            selector.register(self.listener, selectors.EVENT_READ)
            while not self.failed and (self.failures or len(self.ended) < self.count):
                for key, _ in selector.select(0.2):
                    if key.fileobj is self.listener:
                        connection, _ = self.listener.accept()
                        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                        wire = Wire(connection)
                        selector.register(wire, selectors.EVENT_READ, None)
                    else:
                        self._read(selector, key.fileobj)  # type: ignore[arg-type]
                self._watch(time.monotonic())
        if self.failed:
            for _, wire in sorted(self.members.items(), reverse=True):  # process 0 ends this thread when it hears of it
                wire.send(fail=self.failed)

    def _read(self, selector: selectors.BaseSelector, wire: Wire) -> None:
        messages = wire.receive()
        index = next((i for i, member in self.members.items() if member is wire), None)
        for message in messages or []:
            if index is None:
                index = self._join(wire, message)
                if index is None:
                    messages = None
                    break
            else:
                self._hear(index, message)
        if messages is None:
            selector.unregister(wire)
            if index is None:
                wire.close()
            elif index not in self.ended:
                self._fail(0, f"process {index} of {self.count} is gone")

    def _join(self, wire: Wire, hello: dict[str, Json]) -> int | None:
        index, count = hello.get("process", -1), hello.get("processes")
        if count != self.count:
            line = f"`processes`: process 0 was started with {self.count}, process {index} with {count}"
        elif index in self.members:
            line = f"`process`: two processes were started as number {index}"
        else:
            self.members[index], self.heard[index] = wire, time.monotonic()
            if len(self.members) == self.count:
                for member in self.members.values():
                    member.send(go=True)
            return index
        wire.send(fail=line)
        if len(self.members) < self.count:
            self._fail(0, line)
        return None

    def _hear(self, index: int, message: dict[str, Json]) -> None:
        now = time.monotonic()
        self.heard[index] = now
        if "gather" in message:
            self.values[index] = message["gather"]
            if len(self.values) == self.count:
                if self.due is not None:
                    self.longest = max(self.longest, now - self.last)
                self.last, self.due = now, message["within"]
                everything = [self.values[i] for i in range(self.count)]
                self.values = {}
                for wire in self.members.values():
                    wire.send(all=everything)
        elif "frozen" in message:
            self._fail(1, f"process {index} of {self.count} does not respond")
        elif "ended" in message:
            status = int(message["ended"])
            self.ended[index] = status
            self.last_end = now
            if status < 0:
                name = signal.Signals(-status).name
                # What JAX does when it loses sight of another process.
                self._fail(3 if name == "SIGABRT" else 0, f"process {index} of {self.count} was ended by {name}")
            elif status not in ORDERLY:
                self._fail(2, f"process {index} of {self.count} has failed; its own lines say why")

    def _watch(self, now: float) -> None:
        if now - self.ticked > TICK:
            self.ticked = now
            for wire in self.members.values():
                wire.send(tick=True)
        missing = [i for i in range(self.count) if i not in self.members]
        if missing and now - self.begun > JOIN:
            who = ", ".join(map(str, missing))
            self._fail(0, f"of {self.count} processes, number {who} did not come within {JOIN:.0f} seconds")
        for index, heard in self.heard.items():
            if index not in self.ended and now - heard > SILENT:
                self._fail(1, f"process {index} of {self.count} does not respond")
        if self.due is not None and now - self.last > max(self.due, 10 * self.longest):
            behind = [i for i in range(self.count) if i not in self.values]
            who = f"process {behind[0]} of {self.count} hangs" if self.values else "training hangs"
            self._fail(1, f"{who}: no step for {now - self.last:.0f} seconds")
        if self.ended and len(self.ended) < self.count and now - self.last_end > GRACE:
            index = next(iter(self.ended))
            self._fail(1, f"process {index} of {self.count} has ended before the others")
        if self.failures and now - self.failures[0][1] > SETTLE:
            self.failed = f"{min(self.failures)[2]}; {RESUMES}"

    def _fail(self, weakness: int, line: str) -> None:
        self.failures.append((weakness, time.monotonic(), line))
