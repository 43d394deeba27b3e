"""Lines on standard error: how far a long loop is, and how long it will take."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
SECONDS = 10  # between two lines, at least
_SILENT = ContextVar("silent", default=False)


def say(line: str) -> None:
    """Writes a line, unless `silent` is around it."""
    if not _SILENT.get():
        print(line, file=sys.stderr, flush=True)


@contextlib.contextmanager
def silent(really: bool = True) -> Iterator[None]:
    """What is called inside says nothing, if `really`."""
    before = _SILENT.set(really or _SILENT.get())
    try:
        yield
    finally:
        _SILENT.reset(before)


def counted(items: Iterable[Item], count: int, about: str) -> Iterator[Item]:
    """The items, as they come.

    Args:
        items: to be worked on by the caller, one after the other.
        count: how many they are.
        about: what lines begin with.
    """
    begun = said = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - said > SECONDS or (done == count and said > begun):
            said, left = now, (now - begun) * (count - done) / done
            say(f"{about} {done:,}/{count:,}  {left:.0f} s left")
