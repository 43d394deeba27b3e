"""Atomic writes: a file is either as it was or wholly new, also after a kill or a full disk."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from bigan.errors import TakenError, UserError
from bigan.types import Json


def write(path: Path, writer: Callable[[BinaryIO], object]) -> None:
    """Writes `path` through `writer(file)`: aside, flushed to the disk, then renamed.

    Raises:
        UserError: if the folder cannot be written to or the disk is full; nothing is left behind.
    """
    with replacing(path) as aside, open(aside, "wb") as file:
        writer(file)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a file aside, with the same ending, that becomes `path` if all goes well.

    Raises:
        UserError: as `write` does.
    """
    with writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".aside-{path.name}-", suffix=path.suffix)
        os.close(handle)
        aside = Path(name)
        try:
            yield aside
            _flush(aside)
            aside.chmod(0o666 & ~_umask())
            os.replace(aside, path)
        except BaseException:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise
        _flush(path.parent)


@contextlib.contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turns the errors of a read-only or full disk into one line that names `path`."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns what the system says of a folder or file that may not be read into one line that names `path`."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot read {error.filename or path}: {error.strerror or error}") from error


@contextlib.contextmanager
def exclusive(folder: Path, taken: str, wait: bool = False) -> Iterator[None]:
    """Holds `folder`, made if missing, for this process; the system lets go of it however the process ends.

    A folder that was made, or a lock in a folder of somebody else's, is not left behind when nothing comes of it.

    Args:
        folder: to hold.
        taken: what is said if another process holds it.
        wait: whether to wait for that process.

    Raises:
        TakenError: saying `taken` and by whom, if another process holds it.
        UserError: if the folder cannot be written.
    """
    new, locked = not folder.exists(), (folder / ".lock").exists()
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / ".lock", "a+")  # noqa: SIM115 (held below)
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            raise TakenError(f"{taken} ({holder}); wait for it or stop it", holder) from None
        try:
            lock.truncate(0)
            lock.write(f"{socket.gethostname()}, process {os.getpid()}")
            lock.flush()
            yield
        except BaseException:
            if not locked and (not new or [path.name for path in folder.iterdir()] == [".lock"]):
                (folder / ".lock").unlink(missing_ok=True)
                if new:
                    folder.rmdir()
            raise


def held(folder: Path) -> bool:
    """Whether a process holds `folder` by `exclusive` now.

    Looking takes the lock for an instant: who holds folders must be ready to find them taken, and to try again.
    """
    try:
        with open(folder / ".lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def sweep(folder: Path, names: Iterable[str] = ("*",)) -> None:
    """Removes what killed writers of files of these names left aside in `folder`; nobody must be writing them."""
    for aside in [aside for name in names for aside in folder.glob(f".aside-{name}-*")]:
        with contextlib.suppress(OSError):
            aside.unlink()


def write_text(path: Path, text: str) -> None:
    """Writes a text file atomically."""
    write(path, lambda file: file.write(text.encode()))


def write_json(path: Path, value: Json) -> None:
    """Writes JSON atomically, indented."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes an uncompressed `.npz` atomically."""
    write(path, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]


def write_batches(path: Path, arrays: Iterable[tuple[str, int, Iterable[np.ndarray]]]) -> None:
    """Writes an uncompressed `.npz` atomically, of arrays that need not fit into memory.

    Args:
        path: of the file.
        arrays: (name, rows, consecutive slices of so many rows together), each taken up when the one before is written.

    Raises:
        UserError: if the disk has no room for an array, before any of it is written; or as `write` does.
    """

    def writer(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, rows, batches in arrays:
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    for i, batch in enumerate(batches):
                        if i == 0:
                            check_room(path.parent, rows * batch.nbytes // max(len(batch), 1))
                            about = np.lib.format.header_data_from_array_1_0(batch)
                            about |= {"shape": (rows, *batch.shape[1:]), "fortran_order": False}
                            np.lib.format.write_array_header_1_0(entry, about)
                        entry.write(np.ascontiguousarray(batch).data)

    write(path, writer)


def check_room(folder: Path, size: int) -> None:
    """Refuses what a disk has no room for.

    Args:
        folder: that exists.
        size: bytes that would be written there.

    Raises:
        UserError: naming the bytes needed and those free.
    """
    free = shutil.disk_usage(folder).free
    if size > free:
        raise UserError(f"cannot write to {folder}: {size / 1e9:,.1f} GB are needed, and {free / 1e9:,.1f} GB are free")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
