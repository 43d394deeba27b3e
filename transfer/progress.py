"""Lines on standard error: how far a long loop is, and how long it will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
SECONDS = 10  # between two lines, at least


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
            print(f"{about} {done:,}/{count:,}  {left:.0f} s left", file=sys.stderr, flush=True)
