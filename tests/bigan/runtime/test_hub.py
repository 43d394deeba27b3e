"""Where processes meet: who is refused, and which one is blamed when it ends, freezes or stays behind."""

import socket
import time

import pytest

from bigan.errors import UserError
from bigan.runtime import cluster, hub, processes
from bigan.runtime.wire import Wire


@pytest.fixture
def centre():
    listener = socket.create_server(("127.0.0.1", 0))
    made = hub.Hub(listener, 2)
    made.port = listener.getsockname()[1]
    made.start()
    yield made
    made.failed = made.failed or "over"


def join(centre, index, count=2):
    wire = Wire(socket.create_connection(("127.0.0.1", centre.port), timeout=20))
    wire.send(process=index, processes=count)
    return wire


def until(wire, name):
    """The first message called `name`; signs of life go by."""
    while messages := wire.receive():
        for message in messages:
            if name in message:
                return message[name]
    return None


def both(centre):
    wires = [join(centre, index) for index in range(2)]
    assert [until(wire, "go") for wire in wires] == [True, True]
    return wires


def test_values_are_handed_around_in_order(centre):
    wires = both(centre)
    for value in ("a", "b"):
        for index in (1, 0):
            wires[index].send(gather=f"{value}{index}", within=None)
        assert [until(wire, "all") for wire in wires] == [[f"{value}0", f"{value}1"]] * 2


def test_numbers_that_do_not_fit_together(centre):
    one = join(centre, 0)
    assert "two processes were started as number 0" in until(join(centre, 0), "fail")
    assert "two processes were started as number 0" in until(one, "fail")


def test_another_count(centre):
    assert "process 0 was started with 2, process 1 with 3" in until(join(centre, 1, 3), "fail")


def test_one_that_does_not_come(centre, monkeypatch):
    monkeypatch.setattr(hub, "JOIN", 0.5)
    assert "of 2 processes, number 1 did not come" in until(join(centre, 0), "fail")


def test_one_that_is_gone(centre):
    wires = both(centre)
    wires[1].close()
    line = "process 1 of 2 is gone; all processes end; the same command resumes"
    assert until(wires[0], "fail") == line


def test_the_cause_is_blamed_not_what_follows_from_it(centre):
    wires = both(centre)
    wires[0].send(ended=-6)  # JAX aborts when another process is gone
    wires[1].send(ended=-9)
    assert "process 1 of 2 was ended by SIGKILL" in until(wires[0], "fail")


def test_one_that_stays_behind(centre, monkeypatch):
    wires = both(centre)
    for wire in wires:
        wire.send(gather=0, within=0.5)
    assert until(wires[0], "all") == [0, 0]
    wires[0].send(gather=0, within=0.5)
    assert "process 1 of 2 hangs: no step for" in until(wires[0], "fail")


def test_one_that_is_silent(centre, monkeypatch):
    monkeypatch.setattr(hub, "SILENT", 1.5)
    wires = both(centre)
    for _ in range(20):
        wires[0].send(tick=True)
        time.sleep(0.2)
    assert "process 1 of 2 does not respond" in until(wires[0], "fail")


def test_one_that_ends_before_the_others(centre, monkeypatch):
    monkeypatch.setattr(hub, "GRACE", 0.5)
    wires = both(centre)
    wires[1].send(ended=0)
    assert "process 1 of 2 has ended before the others" in until(wires[0], "fail")


def test_processes_that_differ(monkeypatch):
    monkeypatch.setattr(processes, "gather", lambda mine: [mine, mine | {"`seed`": 4}])
    with pytest.raises(UserError, match="`seed` differs between processes: 3 in process 0, 4 in process 1"):
        processes.agree({"`seed`": 3, "`data_dir`: the data": "x"})


@pytest.mark.parametrize(
    "given, line",
    [
        (("", 2, None), "`processes` is for several processes, which need `coordinator` too"),
        (("host:1234", None, 0), "`processes` is needed"),
        (("host:1234", 2, 2), "`process` must be one of 0 to 1. Received: 2"),
        (("host", 2, 0), "`coordinator` must be HOST:PORT or auto. Received: 'host'"),
        (("host:99999", 2, 0), "`coordinator` must be HOST:PORT"),
    ],
)
def test_places_that_cannot_be(given, line):
    with pytest.raises(UserError, match=line):
        cluster.place(*given)


def test_a_process_alone_needs_no_place():
    assert cluster.place("", None, None) is None and cluster.place("host:1", 1, 0) is None


@pytest.mark.slow
def test_what_slurm_sets_is_read(monkeypatch):
    for name, value in {
        "JOB_ID": "7000",
        "STEP_NODELIST": "node[3-4]",
        "NTASKS": "8",
        "PROCID": "5",
        "LOCALID": "1",
    }.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    monkeypatch.setenv("SLURM_STEP_NUM_NODES", "2")
    found = cluster.place("auto", None, None)
    assert (found.host, found.count, found.index) == ("node3", 8, 5)
