"""Results of a transfer task over runs and layers: kept as they come, as JSON, Markdown, CSV and a plot.

An entry is a dictionary with 'run', 'layer', 'result' (from the task's `evaluate`) and 'key', which says all that the
result depends on: an entry with the same key need not be computed again.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from bigan import files, pictures
from bigan.errors import UserError


class Report:
    """The results in one folder.

    Args:
        folder: made if missing, once there is something to write.
        task: name of the task.
    """

    def __init__(self, folder: Path, task: str) -> None:
        self.folder, self.task = folder, task
        self.path = folder / "results.json"
        self._old: dict[str, Any] = {}
        if self.path.is_file():
            try:
                document = json.loads(self.path.read_text())
                self._old = {json.dumps(e["key"], sort_keys=True): e for e in document["entries"]}
                other = document["task"]
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(f"{self.path}: is damaged ({type(error).__name__}); remove it") from error
            if other != task:
                raise UserError(f"--out: {folder} holds results of --task={other}. Received: {task}")
        self.entries: list[dict[str, Any]] = []

    def done(self, run: str, key: dict[str, Any]) -> bool:
        """Whether there is an entry with this key; it then belongs to this report, under the name `run`."""
        entry = self._old.get(json.dumps(key, sort_keys=True))
        if entry is not None:
            self.entries.append(entry | {"run": run})
        return entry is not None

    def add(self, run: str, layer: str, key: dict[str, Any], result: dict[str, Any]) -> None:
        """Adds an entry and writes the JSON; what was there from other calls is kept beside it."""
        self.entries.append({"run": run, "layer": layer, "key": key, "result": result})
        kept = {json.dumps(e["key"], sort_keys=True): e for e in [*self._old.values(), *self.entries]}
        files.write_json(self.path, {"task": self.task, "entries": list(kept.values())})

    def write(self) -> None:
        """Writes table.md, table.csv and plot.png of this call's entries."""
        runs = list(dict.fromkeys(e["run"] for e in self.entries))
        series = {run: [point for e in self.entries if e["run"] == run for point in _points(e)] for run in runs}
        columns = list(dict.fromkeys(name for points in series.values() for name, *_ in points))
        lines = ["| run | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
        rows = [["run", "column", "accuracy", "low", "high"]]
        for run, points in series.items():
            cells = {name: f"{value:.2f} [{low:.2f}, {high:.2f}]" for name, value, low, high in points}
            lines.append(f"| {run} | " + " | ".join(cells.get(name, "-") for name in columns) + " |")
            rows += [[run, name, repr(value), repr(low), repr(high)] for name, value, low, high in points]
        protocol = self.entries[0]["result"]
        about = ", ".join(
            f"{k}: {v}" for k, v in protocol.items() if k in ("evaluation", "training_examples", "classifier")
        )
        spread = "mean and standard deviation over draws" if self.task == "low_shot" else "95 % bootstrap interval"
        lines += ["", f"{self.task}, accuracy (%), {spread} in brackets; {about}.", ""]
        files.write_text(self.folder / "table.md", "\n".join(lines))
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(rows)
        files.write_text(self.folder / "table.csv", buffer.getvalue())
        self._plot(series, columns)

    def _plot(self, series: dict[str, list[tuple[str, float, float, float]]], columns: list[str]) -> None:
        figure = pictures.new_figure(max(5, 1.1 * len(columns)), 3.8)
        axis = figure.subplots()
        for i, (run, points) in enumerate(series.items()):
            x = [columns.index(name) + 0.06 * (i - (len(series) - 1) / 2) for name, *_ in points]
            y = [value for _, value, _, _ in points]
            errors = [[v - low for _, v, low, _ in points], [high - v for _, v, _, high in points]]
            axis.errorbar(x, y, yerr=errors, label=run, marker="o", linestyle="-" if len(points) > 1 else "", capsize=2)
        axis.set_xticks(range(len(columns)), columns, rotation=30 if len(columns) > 4 else 0)
        axis.set_ylabel("accuracy (%)")
        axis.set_title(self.task)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
        pictures.write_figure(self.folder / "plot.png", figure)


def _points(entry: dict[str, Any]) -> list[tuple[str, float, float, float]]:
    """Column, accuracy, low and high of each figure of an entry."""
    result, layer = entry["result"], entry["layer"]
    if "curve" in result:
        return [
            (f"{layer}, {r['shots']}", r["accuracy"], r["accuracy"] - r["deviation"], r["accuracy"] + r["deviation"])
            for r in result["curve"]
        ]
    return [(layer, result["accuracy"], *result["interval"])]
