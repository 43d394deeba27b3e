"""Memory: what would not fit is refused, and what was freed is kept."""

import os
import platform
import subprocess
import sys

import pytest

from bigan.errors import UserError
from bigan.runtime import memory
from tests.processes import ROOT


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="malloc of another kind")
@pytest.mark.parametrize(
    "environment, kept",
    [({}, True), ({"MALLOC_MMAP_MAX_": "65536"}, False), ({"GLIBC_TUNABLES": "glibc.malloc.check=0"}, False)],
)
def test_freed_memory_is_used_again_unless_the_user_sets_malloc(environment, kept):
    code = """if True:
        import resource
        from bigan.runtime import memory
        memory.keep_freed()
        def pages_cleared():
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            block = bytearray(100 * 2**20)
            block[:: resource.getpagesize()] = block[:: resource.getpagesize()]
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        first = pages_cleared()
        print(first, pages_cleared())
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")} | environment
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True)
    first, second = map(int, done.stdout.split())
    assert (second < first / 10) == kept


@pytest.fixture
def limits(tmp_path, monkeypatch):
    """Files that stand in for those in which a container's limits are told."""
    limit, used = tmp_path / "limit", tmp_path / "used"
    monkeypatch.setattr(memory, "LIMITS", (str(limit),))
    monkeypatch.setattr(memory, "USED", (str(used),))
    return limit, used


def test_what_is_available_is_the_least_of_what_the_system_tells(limits):
    limit, used = limits
    whole = memory.available()
    limit.write_text("3000000")
    used.write_text("1000000")
    assert memory.available() == 2_000_000
    used.write_text("4000000")
    assert memory.available() == 0
    limit.write_text("max")  # no limit
    assert whole is None or abs(memory.available() - whole) < 2**31


def test_what_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 3_000_000_000)
    memory.need(3_000_000_000, "a picture")
    with pytest.raises(UserError) as raised:
        memory.need(1_234_500_000_000, "a picture", "pass a smaller `num`")
    assert str(raised.value) == (
        "a picture would take 1,234.5 GB of memory, and 3.0 GB are available; pass a smaller `num`"
    )
    with pytest.raises(UserError, match="3.0 GB are available$"):
        memory.need(4_000_000_000, "a picture")
    monkeypatch.setattr(memory, "available", lambda: None)  # where the system does not tell, nothing is refused
    memory.need(10**18, "a picture")
