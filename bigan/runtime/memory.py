"""Memory: what there is, refusals of what would not fit, and how malloc keeps what was freed."""

from __future__ import annotations

import ctypes
import os
import platform
from pathlib import Path

from bigan.errors import UserError

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # parameters of glibc's mallopt(3)
KEPT = 2**30  # bytes
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
USED = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")


def available() -> int | None:
    """Bytes that this process can still get, as far as the system tells; None where it does not."""
    found = []
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * 1024)
    for limit, used in zip(LIMITS, USED, strict=True):  # a container's
        try:
            found.append(int(Path(limit).read_text()) - int(Path(used).read_text()))
        except (OSError, ValueError):
            continue
    return max(0, min(found)) if found else None


def need(size: int, what: str, hint: str = "") -> None:
    """Refuses what would need more memory than there is, before the system kills the process for it.

    Args:
        size: bytes.
        what: that takes them, as the subject of a sentence.
        hint: what to do.

    Raises:
        UserError: naming the bytes needed and those available.
    """
    there = available()
    if there is not None and size > there:
        raise UserError(
            f"{what} would take {size / 1e9:,.1f} GB of memory, and {there / 1e9:,.1f} GB are available"
            + (f"; {hint}" if hint else "")
        )


def keep_freed() -> None:
    """Lets glibc's malloc keep freed memory for the next step, instead of giving it back to the system at once.

    TensorFlow asks for blocks of megabytes at each step: for every result of a kernel, or for all that XLA compiled
    together. By default each is mapped anew and its pages are cleared one by one, which took half the time of a step of
    convolutions, and a third of the MNIST model's.
    It holds for the rest of the process, which then keeps, apart from 1 GiB at most at the heap's end, what lies free
    between live blocks. Does nothing without glibc, or where the environment sets the same of malloc
    (MALLOC_MMAP_MAX_, MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_, or glibc.malloc in GLIBC_TUNABLES).
    """
    if platform.libc_ver()[0] != "glibc" or "glibc.malloc." in os.environ.get("GLIBC_TUNABLES", ""):
        return
    if not {"MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"} & os.environ.keys():
        libc = ctypes.CDLL(None)
        # A higher threshold for mappings would not do: threads' own heaps are too small for such blocks and map them.
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT)
