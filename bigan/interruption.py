"""SIGTERM and Ctrl-C that wait until nothing would be lost."""

from __future__ import annotations

import signal
from typing import Any


class Interruption:
    """SIGTERM and Ctrl-C while it is entered (in the main thread).

    They are noted, and the run ends when it is safe to; when they come again, it ends at once.
    """

    def __init__(self) -> None:
        self.happened = False
        self._saved: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        def note(number: int, frame: Any) -> None:
            if self.happened:
                raise KeyboardInterrupt
            self.happened = True

        try:
            self._saved = {n: signal.signal(n, note) for n in (signal.SIGTERM, signal.SIGINT)}
        except ValueError:  # not the main thread: signals are somebody else's
            self._saved = {}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._saved.items():
            signal.signal(number, handler)
