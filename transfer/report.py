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

MEASURES = {"voc_classification": "mean average precision (%)"}
ABOUT = ("evaluation", "training_examples", "classifier", "resolution", "iterations", "crops", "classes")


class Report:
    """The results in one folder.

    Args:
        folder: made if missing, once there is something to write.
        task: name of the task.
    """

    def __init__(self, folder: Path, task: str) -> None:
        self.folder, self.task = folder, task
        self.path = folder / "results.json"
        self._known: dict[str, Any] = {}
        if self.path.is_file():
            try:
                document = json.loads(self.path.read_text())
                self._known = {json.dumps(e["key"], sort_keys=True): e for e in document["entries"]}
                other = document["task"]
                _ = [(e["layer"], e["result"]["evaluation_examples"]) for e in self._known.values()]
            except (ValueError, KeyError, TypeError) as error:
                raise UserError(
                    f"{self.path}: holds no (or damaged) results of scripts.transfer; remove it, or use another --out"
                ) from error
            if other != task:
                raise UserError(f"--out: {folder} holds results of --task={other}. Received: {task}")
        self.entries: list[dict[str, Any]] = []

    def done(self, run: str, key: dict[str, Any]) -> bool:
        """Whether there is an entry with this key; it then belongs to this report, under the name `run`."""
        entry = self._known.get(json.dumps(key, sort_keys=True))
        if entry is not None:
            self.entries.append(entry | {"run": run})
        return entry is not None

    def add(self, run: str, layer: str, key: dict[str, Any], result: dict[str, Any]) -> None:
        """Adds an entry and writes the JSON; what was there from other calls is kept beside it."""
        entry = {"run": run, "layer": layer, "key": key, "result": result}
        self.entries.append(entry)
        self._known[json.dumps(key, sort_keys=True)] = entry
        files.write_json(self.path, {"task": self.task, "entries": list(self._known.values())})

    def write(self) -> None:
        """Writes table.md, table.csv, plot.png and, of trained classifiers, losses.png of this call's entries."""
        runs = list(dict.fromkeys(e["run"] for e in self.entries))
        series = {run: [point for e in self.entries if e["run"] == run for point in _points(e)] for run in runs}
        columns = list(dict.fromkeys(name for points in series.values() for name, *_ in points))
        lines = ["| run | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
        measure = MEASURES.get(self.task, "accuracy (%)")
        rows = [["run", "column", measure.removesuffix(" (%)").replace(" ", "_"), "low", "high"]]
        for run, points in series.items():
            cells = {name: f"{value:.2f} [{low:.2f}, {high:.2f}]" for name, value, low, high in points}
            lines.append(f"| {run} | " + " | ".join(cells.get(name, "-") for name in columns) + " |")
            rows += [[run, name, repr(value), repr(low), repr(high)] for name, value, low, high in points]
        protocol = self.entries[0]["result"]
        about = ", ".join(f"{k}: {v}" for k, v in protocol.items() if k in ABOUT)
        spread = "mean and standard deviation over draws" if self.task == "low_shot" else "95 % bootstrap interval"
        lines += ["", f"{self.task}, {measure}, {spread} in brackets; {about}.", ""]
        files.write_text(self.folder / "table.md", "\n".join(lines))
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(rows)
        files.write_text(self.folder / "table.csv", buffer.getvalue())
        self._plot(series, columns)
        if any("loss_curve" in entry["result"] for entry in self.entries):
            self._plot_losses()

    def _plot_losses(self) -> None:
        """Training losses, so that one sees whether a training was cut off in mid-descent."""
        figure = pictures.new_figure(7, 3.8)
        axis = figure.subplots()
        for entry in self.entries:
            iterations, losses = zip(*entry["result"]["loss_curve"], strict=True)
            axis.plot(iterations, losses, label=f"{entry['run']}, {entry['layer']}", linewidth=1)
        axis.set_xlabel("iteration")
        axis.set_ylabel("training loss")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=6, ncols=2)
        pictures.write_figure(self.folder / "losses.png", figure)

    def _plot(self, series: dict[str, list[tuple[str, float, float, float]]], columns: list[str]) -> None:
        figure = pictures.new_figure(max(5, 1.1 * len(columns)), 3.8)
        axis = figure.subplots()
        for i, (run, points) in enumerate(series.items()):
            x = [columns.index(name) + 0.06 * (i - (len(series) - 1) / 2) for name, *_ in points]
            y = [value for _, value, _, _ in points]
            # The bootstrap's interval of an average precision may lie above its value: repeated positives raise it.
            errors = [[max(0.0, v - low) for _, v, low, _ in points], [max(0.0, high - v) for _, v, _, high in points]]
            axis.errorbar(x, y, yerr=errors, label=run, marker="o", linestyle="-" if len(points) > 1 else "", capsize=2)
        axis.set_xticks(range(len(columns)), columns, rotation=30 if len(columns) > 4 else 0)
        axis.set_ylabel(MEASURES.get(self.task, "accuracy (%)"))
        axis.set_title(self.task)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
        pictures.write_figure(self.folder / "plot.png", figure)


def _points(entry: dict[str, Any]) -> list[tuple[str, float, float, float]]:
    """Column, value, low and high of each figure of an entry."""
    result, layer = entry["result"], entry["layer"]
    if "curve" in result:
        return [
            (f"{layer}, {r['shots']}", r["accuracy"], r["accuracy"] - r["deviation"], r["accuracy"] + r["deviation"])
            for r in result["curve"]
        ]
    if "mean_ap" in result:
        return [(f"{layer}, {kind}", ap, *result["intervals"][kind]) for kind, ap in result["mean_ap"].items()]
    return [(layer, result["accuracy"], *result["interval"])]
