"""Runs in processes of their own, one core each, beside other invocations that share the folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bigan.config import Config
from bigan.errors import UserError
from bigan.runtime import files
from bigan.training.run_directory import TAKEN, RunDir
from bigan.training.signals import Interruption

PAUSE = 0.3  # seconds between looks at the workers
REPORT = 60.0  # seconds between lines of progress


@dataclass(frozen=True)
class Job:
    """One run to train.

    Args:
        name: what it is called in messages.
        config: what to train.
        place: the run directory.
    """

    name: str
    config: Config
    place: Path

    @property
    def done(self) -> bool:
        """Whether the run is complete, at this length."""
        run = RunDir(self.place)
        return run.complete() and run.read_config()[0].epochs == self.config.epochs


@dataclass(frozen=True)
class Worker:
    """A process that trains, the core that it has (and the lock on it), and where its output goes."""

    job: Job
    process: subprocess.Popen
    lock: IO[str] | None
    log: Path


class Workers:
    """Trains jobs, several at a time.

    Args:
        folder: shared by all jobs; `logs/` in it takes what the processes print.
        count: processes at a time.
        plugins: modules of the user's, for the processes to import.

    Raises:
        UserError: for more processes than there are cores.
    """

    def __init__(self, folder: Path, count: int, plugins: Sequence[str] = ()) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if count > cores:
            raise UserError(f"`workers` must be at most {cores}, the cores that there are. Received: {count}")
        self.folder, self.count, self.plugins = folder, count, plugins
        self.failures: list[str] = []
        self._waiting: list[Job] = []
        self._running: list[Worker] = []
        self._told: set[str] = set()

    def train(self, jobs: Sequence[Job], finished: Callable[[], object]) -> None:
        """Trains what is not complete; jobs that another process is training are waited for.

        Args:
            jobs: in the order in which they begin.
            finished: called whenever one has become complete.

        Raises:
            KeyboardInterrupt: on Ctrl-C or SIGTERM, after all processes have saved their state and ended.
        """
        self._waiting, reported = list(jobs), time.monotonic()
        with Interruption() as interrupted:
            try:
                while (self._waiting or self._running) and not interrupted.happened:
                    for worker in [w for w in self._running if w.process.poll() is not None]:
                        self._ended(worker, finished)
                    self._begin(finished)
                    if time.monotonic() - reported > REPORT:
                        self._report()
                        reported = time.monotonic()
                    time.sleep(PAUSE)
                if interrupted.happened:
                    self._say("interrupted; the same command goes on")
                    self._stop()
            finally:
                self._stop()  # when a second signal came, or something was wrong here: they end at once
        if interrupted.happened:
            interrupted.end()

    def _begin(self, finished: Callable[[], object]) -> None:
        for job in list(self._waiting):
            if files.held(job.place):
                if job.name not in self._told:
                    self._say(f"{job.name}: another process is at it; looked at again later")
                    self._told.add(job.name)
            elif job.done:
                self._waiting.remove(job)
                self._say(f"{job.name}: complete")
                finished()
            elif len(self._running) < self.count and (worker := self._started(job)):
                self._waiting.remove(job)
                self._running.append(worker)
                self._say(f"{job.name}: training, see {worker.log}")

    def _started(self, job: Job) -> Worker | None:
        core, lock = self._core()
        if core is None:
            return None
        log = self.folder / "logs" / f"{job.place.name}.log"
        with files.writable(log):
            log.parent.mkdir(parents=True, exist_ok=True)
            output = open(log, "a")  # noqa: SIM115 (closed below)
        command = [sys.executable, "-m", f"{__package__}.train", *_flags(job.config), f"--workdir={job.place}"]
        command += [f"--plugins={','.join(self.plugins)}"] if self.plugins else []
        pin = (lambda: os.sched_setaffinity(0, {core})) if lock else None
        with output:
            # In a group of its own: Ctrl-C comes to this process alone, which passes it on once.
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=pin, process_group=0
            )
        return Worker(job, process, lock, log)

    def _core(self) -> tuple[int | None, IO[str] | None]:
        """A core that no worker of any invocation in this folder has, and the lock on it; (None, None) if none is free.

        Where processes cannot be bound to cores, they are not: (-1, None).
        """
        if not hasattr(os, "sched_getaffinity"):
            return -1, None
        for core in sorted(os.sched_getaffinity(0)):
            path = self.folder / "logs" / f".core-{platform.node()}-{core}"
            with files.writable(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                lock = open(path, "w")  # noqa: SIM115 (held while the worker lives)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return core, lock
            except BlockingIOError:
                lock.close()
        return None, None

    def _ended(self, worker: Worker, finished: Callable[[], object]) -> None:
        self._running.remove(worker)
        if worker.lock:
            worker.lock.close()
        status, job = worker.process.returncode, worker.job
        if status == 0:
            self._say(f"{job.name}: complete, {RunDir(job.place).results()['training_seconds']:.0f} s of training")
            finished()
            return
        last = _last_line(worker.log)
        if TAKEN in last:  # it was faster; looked at again
            self._waiting.append(job)
            return
        how = f"ended by signal {-status}" if status < 0 else last.removeprefix("error: ") or f"status {status}"
        self.failures.append(f"{job.name}: {how}")
        self._say(f"{job.name}: FAILED, {how} ({worker.log})")

    def _report(self) -> None:
        at = []
        for worker in self._running:
            with contextlib.suppress(UserError):
                row = (RunDir(worker.job.place).read_metrics() or [{"epoch": 0}])[-1]
                at.append(f"{worker.job.name}: epoch {row['epoch']:.0f}/{worker.job.config.epochs}")
        self._say("; ".join([*at, f"{len(self._waiting)} waiting"]))

    def _stop(self) -> None:
        """Asks all processes to save their state and end, and waits until they have."""
        for worker in self._running:
            with contextlib.suppress(ProcessLookupError):
                worker.process.send_signal(signal.SIGTERM)
        while self._running:
            worker = self._running[-1]
            worker.process.wait()
            if worker.lock:
                worker.lock.close()
            self._running.pop()

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


def _flags(config: Config) -> list[str]:
    """The configuration as flags of scripts.train, every field of it."""
    return [f"--{name}={str(value).lower() if type(value) is bool else value}" for name, value in vars(config).items()]


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else ""
