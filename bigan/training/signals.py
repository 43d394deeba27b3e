"""SIGTERM and Ctrl-C that wait until nothing would be lost."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from bigan.runtime import processes


class Terminated(KeyboardInterrupt):
    """SIGTERM, as Ctrl-C is KeyboardInterrupt."""


class Interruption:
    """SIGTERM and Ctrl-C while it is entered (in the main thread).

    They are noted, and the run ends when it is safe to, by `end`; when they come again, it ends at once. Where several
    processes train, a signal to one counts when all have heard of it, by `agree`.
    """

    def __init__(self) -> None:
        self.number = self._noted = 0
        self._saved: dict[int, signal.Handlers | Callable | int | None] = {}

    def __enter__(self) -> Interruption:
        def note(number: int, frame: FrameType | None) -> None:
            if self._noted:
                self.number = number
                self.end()
            self._noted = number
            if processes.count() == 1:
                self.number = number

        try:
            self._saved = {n: signal.signal(n, note) for n in (signal.SIGTERM, signal.SIGINT)}
        except ValueError:  # not the main thread: signals are somebody else's
            self._saved = {}
        return self

    @property
    def happened(self) -> bool:
        """Whether a signal came."""
        return self.number > 0

    def agree(self, within: float | None) -> None:
        """Makes a signal that came to any process count in all of them; all must call it, after the same step.

        Args:
            within: seconds to the next step, see `processes.gather`.
        """
        if processes.count() > 1:
            self.number = max(self.number, *processes.gather(self._noted, within))

    def end(self) -> NoReturn:
        """Raises what the signal that came stands for."""
        raise Terminated if self.number == signal.SIGTERM else KeyboardInterrupt

    def __exit__(self, *error: object) -> None:
        for number, handler in self._saved.items():
            signal.signal(number, handler)
