"""Where processes meet: who is refused, and which one is blamed when it ends, freezes or stays behind."""

import os
import socket
import sys
import threading
import time
from types import ModuleType
from types import SimpleNamespace as Some

import pytest

from bigan.errors import UserError
from bigan.runtime import cluster, guard, hub, processes
from bigan.runtime.wire import Wire
from bigan.training.train import train
from tests.worker import tiny_config, tiny_data


@pytest.fixture
def centre(monkeypatch):
    monkeypatch.setattr(hub, "SETTLE", 0.1)
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
    monkeypatch.setattr(hub, "SILENT", 0.8)
    wires = both(centre)
    for _ in range(12):
        wires[0].send(tick=True)
        time.sleep(0.1)
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


def test_processes_with_other_data(monkeypatch, tmp_path):
    """Before anything is written."""
    monkeypatch.setattr(processes, "gather", lambda mine: [mine | {"`data_dir`: the data": "other"}, mine])
    with pytest.raises(UserError, match=r"`data_dir`: the data differs between processes: other in process 0, \w+ in"):
        train(tiny_config(), tmp_path / "run", progress=False, **tiny_data())
    assert not (tmp_path / "run").exists()


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


@pytest.mark.slow
def test_what_kubernetes_tells_is_read(monkeypatch):
    """From a stand-in for its package, and for its service."""
    kubernetes = ModuleType("kubernetes")
    pod = Some(
        metadata=Some(
            name="train-2", labels={"job-name": "train"}, owner_references=[Some(controller=True, kind="Job")]
        ),
        spec=Some(subdomain="pods"),
    )
    job = Some(metadata=Some(name="train", labels={}), spec=Some(parallelism=4))
    kubernetes.config = Some(load_incluster_config=lambda: None)
    kubernetes.client = Some(
        CoreV1Api=lambda: Some(list_namespaced_pod=lambda **_: Some(items=[pod])),
        BatchV1Api=lambda: Some(read_namespaced_job=lambda **_: job),
        exceptions=Some(ApiException=KeyError),
    )
    monkeypatch.setitem(sys.modules, "kubernetes", kubernetes)
    from jax._src.clusters import K8sCluster

    monkeypatch.setattr(K8sCluster, "_namespace", lambda: "here")
    monkeypatch.setattr(socket, "gethostbyname", lambda name: "10.0.0.1")
    for name in [name for name in os.environ if name.startswith(("SLURM_", "OMPI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.2")
    monkeypatch.setenv("HOSTNAME", "train-2")
    with pytest.raises(UserError, match="`coordinator=auto`: cannot read the environment .*completionMode"):
        cluster.place("auto", None, None)
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "2")
    assert cluster.place("auto", None, None) == cluster.Place("train-0.pods", 55527, 4, 2)
    assert cluster.place("auto", 3, 1) == cluster.Place("train-0.pods", 55527, 3, 1)


def test_an_environment_that_tells_nothing(monkeypatch):
    monkeypatch.setattr(cluster, "_environment", lambda processes, process: (None, processes, process))
    with pytest.raises(
        UserError, match="`processes` is needed with `coordinator=auto`, and the environment tells none"
    ):
        cluster.place("auto", None, None)


def test_nobody_answers(monkeypatch):
    monkeypatch.setattr(hub, "JOIN", 0.5)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(UserError, match=r"`coordinator`: nobody answers at 127.0.0.1:\d+ within 0 seconds"):
        guard.run(cluster.Place("127.0.0.1", cluster.free_port(), 2, 1))


def test_somebody_else_answers(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            connection.sendall(b"HTTP/1.1 400 Bad Request\n")
            connection.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(UserError, match="is no process 0 of a run"):
            guard.run(cluster.Place("127.0.0.1", listener.getsockname()[1], 2, 1))


def test_another_backend_than_jax(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(UserError, match="several processes need KERAS_BACKEND=jax. Received: 'tensorflow'"):
        guard.run(cluster.Place("127.0.0.1", 1, 2, 0))
