"""Which processes train one run together: told by the user, or read from what the cluster's launcher has set."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from bigan.errors import UserError
from bigan.runtime import backend

AUTO = "auto"


@dataclass(frozen=True)
class Place:
    """One process's place among those of a run.

    Args:
        host, port: where process 0 is met.
        count: processes in all.
        index: of this one, from 0 on.
    """

    host: str
    port: int
    count: int
    index: int


def place(coordinator: str, processes: int | None, process: int | None) -> Place | None:
    """This process's place, or None if it trains alone.

    Args:
        coordinator: HOST:PORT, a free port of the host of process 0; 'auto' to read what is not given from the
            environment that SLURM, Open MPI, Kubernetes or a cloud's launcher sets, as `jax.distributed` reads it; ''
            for a process that trains alone.
        processes, process: how many there are, and which one this is.

    Raises:
        UserError: naming what is missing, or does not fit.
    """
    if not coordinator:
        for name, value in (("processes", processes), ("process", process)):
            if value is not None:
                raise UserError(f"`{name}` is for several processes, which need `coordinator` too. Received: {value}")
        return None
    address: str | None = coordinator
    if coordinator == AUTO:
        address, processes, process = _environment(processes, process)
    for name, value in (("processes", processes), ("process", process)):
        if value is None:
            raise UserError(f"`{name}` is needed with `coordinator={coordinator}`, and the environment tells none")
    assert processes is not None and process is not None
    if processes < 1:
        raise UserError(f"`processes` must be at least 1. Received: {processes}")
    if not 0 <= process < processes:
        raise UserError(f"`process` must be one of 0 to {processes - 1}. Received: {process}")
    if processes == 1:
        return None
    host, _, port = str(address or "").rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UserError(f"`coordinator` must be HOST:PORT or {AUTO}. Received: {address!r}")
    return Place(host.strip("[]"), int(port), processes, process)


def _environment(processes: int | None, process: int | None) -> tuple[str | None, int | None, int | None]:
    """What `jax.distributed.initialize` would take from the environment."""
    try:
        with backend.silent_libraries():
            from jax._src.clusters import ClusterEnv
    except ImportError as error:
        raise UserError(f"`coordinator={AUTO}` needs JAX, the extra 'jax': {error}") from error
    try:
        found = ClusterEnv.auto_detect_unset_distributed_params(
            os.environ.get("JAX_COORDINATOR_ADDRESS"), processes, process, None, None, 60
        )
    except Exception as error:  # whatever a launcher's environment lacks
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(f"`coordinator={AUTO}`: cannot read the environment ({why})") from error
    return found[0], found[1], found[2]


def free_port() -> int:
    """A port of this host that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])
