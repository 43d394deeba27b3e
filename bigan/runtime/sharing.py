"""Work that several invocations share over one folder: what another is at is left to it, and looked at again later."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from bigan.errors import TakenError

T = TypeVar("T")
PAUSE = 10.0  # seconds between looks at what others are at


def share(jobs: Iterable[tuple[str, T]], work: Callable[[T], object], report: bool = True) -> None:
    """Does all jobs, in turn; those that other processes hold are left to them, and come up again after the rest.

    Args:
        jobs: (name for messages, what `work` gets).
        work: does a job, or finds it done; raises TakenError if another process is at it.
        report: whether to say on standard error who is at what.
    """
    waiting, told = list(jobs), set()
    while waiting:
        left = []
        for name, job in waiting:
            try:
                work(job)
            except TakenError as error:
                left.append((name, job))
                if report and (name, error.holder) not in told:
                    told.add((name, error.holder))
                    print(f"{name}: left to {error.holder}, which is at it", file=sys.stderr, flush=True)
        if len(left) == len(waiting):
            time.sleep(PAUSE)
        waiting = left
