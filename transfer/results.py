"""Results of a transfer task over encoders and columns: kept as they come, and written as a table and plots.

An entry is a dictionary with 'run' (the encoder's name), 'layer' (the column), 'result' (from the task's `evaluate`)
and 'key', which says all that the result depends on: an entry with the same key need not be computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bigan.errors import UserError
from bigan.evaluation import tables
from bigan.evaluation.tables import Cell, Table
from bigan.runtime import files
from bigan.types import Json
from transfer import plots
from transfer.plots import Curve, Panel
from transfer.task import Point, Result, Task

Entry = dict[str, Any]
TURNS = ".turns"  # the folder of locks: who evaluates what now


class Results:
    """The results of one task, in one folder.

    Args:
        task: which has made them, or will.
        folder: made if missing, once there is something to write; None for nowhere.

    Raises:
        UserError: if the folder holds results of another task, or damaged ones.
    """

    def __init__(self, task: Task, folder: Path | None) -> None:
        self.task, self.folder = task, folder
        self.entries: list[Entry] = []  # of this call
        self.written: list[str] = []  # names of the files in the folder
        self._known: dict[str, Entry] = {}  # of this call, those before, and others that share the folder
        self._read()

    def done(self, name: str, key: dict[str, Json]) -> bool:
        """Whether there is an entry with this key; it then belongs to this call, under the encoder's name of now.

        One whose folder was removed counts as none.
        """
        if _text(key) not in self._known:
            self._read()
        entry = self._known.get(_text(key))
        if entry is None or not self._whole(entry):
            return False
        self.entries.append(entry | {"run": name})
        return True

    def _whole(self, entry: Entry) -> bool:
        """Whether what the entry says was kept beside it is still there."""
        kept = entry["result"].get("kept")
        return not kept or self.folder is None or (self.folder / str(kept)).is_dir()

    @contextlib.contextmanager
    def turn(self, name: str, column: str, key: dict[str, Json]) -> Iterator[None]:
        """Holds one entry for this process, which evaluates it.

        Raises:
            TakenError: if another process does.
        """
        place = self.place(name, column, key)
        if self.folder is None or place is None:
            yield
            return
        try:
            with files.exclusive(self.folder / TURNS / place.name, f"{place}: another process evaluates it"):
                files.sweep(place)  # what a killed one left aside
                yield
        except BaseException:
            with contextlib.suppress(OSError):  # not empty: others are here, or were
                (self.folder / TURNS).rmdir()
                self.folder.rmdir()
            raise

    def place(self, name: str, column: str, key: dict[str, Json]) -> Path | None:
        """The folder of what an entry's evaluation keeps beside it, each key its own; not made. None for nowhere."""
        if self.folder is None:
            return None
        readable = re.sub(r"[^\w.,-]+", "_", f"{name}-{column}").strip("_")
        return self.folder / f"{readable}-{hashlib.blake2b(_text(key).encode(), digest_size=4).hexdigest()}"

    def add(self, name: str, column: str, key: dict[str, Json], result: Result) -> None:
        """Adds an entry and writes results.json; what was there from other calls is kept beside it."""
        # As they will be read again: tuples become lists, NumPy's numbers Python's.
        try:
            text = json.dumps(
                {"run": name, "layer": column, "key": key, "result": result}, default=_plain, allow_nan=False
            )
            entry = json.loads(text)
            _checked(self.task, entry)
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"`task={self.task.name}`: what evaluate() gave for {name}, {column} is no result of finite numbers "
                f"({type(error).__name__}: {error})"
            ) from error
        self.entries.append(entry)
        self._known[_text(key)] = entry
        if self.folder is not None:
            with files.exclusive(self.folder / TURNS, f"{self.folder}: another process writes its results", wait=True):
                self._read()
                document = {"task": self.task.name, "entries": list(self._known.values())}
                files.write_json(self.folder / "results.json", document)

    def _read(self) -> None:
        """Takes in what other processes have written."""
        if self.folder is not None and (self.folder / "results.json").is_file():
            self._known = _read(self.folder / "results.json", self.task) | self._known

    def kept(self) -> list[Path]:
        """The folders of what this call's entries have kept beside them."""
        names = [entry["result"].get("kept") for entry in self.entries]
        return [self.folder / name for name in names if self.folder is not None and name]

    def series(self) -> dict[str, list[Point]]:
        """The numbers of this call's entries, by encoder."""
        series: dict[str, list[Point]] = {}
        for entry in self.entries:
            series.setdefault(entry["run"], []).extend(self.task.points(entry["layer"], entry["result"]))
        return series

    def table(self) -> Table:
        """This call's numbers, a row for each encoder, with the intervals around them in brackets."""
        series, task = self.series(), self.task
        columns = list(dict.fromkeys(point.column for points in series.values() for point in points))
        rows = []
        for name, points in series.items():
            cells = {p.column: f"{p.value:.2f} [{p.low:.2f}, {p.high:.2f}]" for p in points}
            rows.append([name, *(cells.get(column, "-") for column in columns)])
        protocol = self.entries[0]["result"]
        about = ", ".join(f"{name}: {protocol[name]}" for name in task.caption if name in protocol)
        caption = f"{task.name}, {task.measure}, {task.spread} in brackets" + (f"; {about}." if about else ".")
        return Table(["run", *columns], rows, caption)

    def numbers(self) -> Table:
        """The same numbers unrounded, one in each row."""
        measure = self.task.measure.partition(" (")[0].replace(" ", "_")
        rows: list[list[Cell]] = [[name, *point] for name, points in self.series().items() for point in points]
        return Table(["run", "column", measure, "low", "high"], rows)

    def write(self, order: list[tuple[str, str]]) -> None:
        """Writes the table, the plot and, of a task that trains, losses.png.

        Args:
            order: of this call's entries: encoders' names and columns.
        """
        self.entries.sort(key=lambda entry: order.index((entry["run"], entry["layer"])))
        if self.folder is None:
            return
        tables.write(self.folder, self.table(), self.numbers())
        plots.write_points(self.folder / "plot.png", self.series(), self.task.name, self.task.measure)
        self.written = ["results.json", "table.md", "table.csv", "plot.png"]
        curves = [(entry, self.task.curve(entry["result"])) for entry in self.entries]
        if any(points for _, points in curves):  # so that one sees whether a training was cut off in mid-descent
            lines = [Curve(points, f"{e['run']}, {e['layer']}") for e, points in curves if points]
            panel = Panel(x="iteration", y="training loss", curves=lines)
            plots.write_curves(self.folder / "losses.png", [panel], width=7, columns=4)
            self.written.append("losses.png")


def _read(path: Path, task: Task) -> dict[str, Entry]:
    with files.readable(path):
        content = path.read_bytes()
    try:
        document = json.loads(content)
        other, entries = document["task"], {_text(entry["key"]): entry for entry in document["entries"]}
        if other == task.name:
            for entry in entries.values():
                _checked(task, entry)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{path}: holds no (or damaged) results of a transfer task; remove it, or use another `out`"
        ) from error
    if other != task.name:
        raise UserError(f"`out`: {path.parent} holds results of `task={other}`. Received: {task.name}")
    return entries


def _checked(task: Task, entry: Entry) -> None:
    """Raises what Python raises unless the task can read the entry's result as numbers."""
    for point in task.points(entry["layer"], entry["result"]):
        _ = [f"{number:.2f}" for number in (point.value, point.low, point.high)]
    task.curve(entry["result"])


def _plain(value: Any) -> Json:
    """NumPy's numbers and arrays for JSON."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no JSON")


def _text(key: dict[str, Json]) -> str:
    return json.dumps(key, sort_keys=True)
