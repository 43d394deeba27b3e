"""Evaluates encoders on a task, column by column, but for what is evaluated already: `transfer.run(...)`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from bigan.errors import UserError
from bigan.runtime.sharing import share
from transfer import encoders as kinds
from transfer.encoders.encoder import Encoder
from transfer.progress import say, silent
from transfer.results import Results
from transfer.task import Task
from transfer.tasks import TASKS


def run(
    encoders: str | Path | Encoder | Sequence[str | Path | Encoder],
    task: str | Task = "knn",
    layer: str | Sequence[str] = (),
    out: str | Path | None = None,
    *,
    checkpoint: str = "last",
    dataset: str = "",
    data_dir: str = "",
    device: str = "",
    input_range: tuple[float, float] = (0.0, 255.0),
    resize: int = 0,
    progress: bool = True,
    **options: Any,
) -> Results:
    """Evaluates encoders on a task and writes results.json, table.md, table.csv and plots.

    The same call again, in the same folder, computes only what is missing; made in several processes at once, on any
    machines that share the folder, it shares the encoders' columns among them.

    Args:
        encoders: one or more: run directories, `.keras` files and 'random', see `encoders.listed`; or objects of the
            caller's own, whose features are kept for further calls.
        task: a short name of `TASKS`, an importable 'module:Class', or a task with its options.
        layer: the columns to evaluate: layers, or what the task varies; the task's own choice if there are none.
        out: folder for the results; the first encoder's folder /transfer/TASK if not given.
        checkpoint, dataset, data_dir, device, input_range, resize: of encoders that are given by name.
        progress: whether to say on standard error what is evaluated, and how far it is.
        options: fields of the task's `Options`.

    Returns:
        The results: `.entries`, `.table()`, `.numbers()`.

    Raises:
        UserError: if anything given cannot be used; it is refused before anything is computed.
    """
    if not isinstance(task, str | Task):
        raise UserError(f"`task` must be a name or an instance of a task. Received: {task!r}")
    chosen = task if isinstance(task, Task) and not options else make(task, options)
    given = [encoders] if isinstance(encoders, str | Path | Encoder) else encoders
    own = [one for one in given if isinstance(one, Encoder)]
    places = [str(one) for one in given if not isinstance(one, Encoder)]
    if places or not own:
        everyone = [*kinds.listed(places, checkpoint, dataset, data_dir, device, input_range, resize), *own]
    else:
        everyone = own
    _check_names(everyone)
    results = Results(chosen, _folder(chosen, everyone[0], out))
    plan = _plan(chosen, everyone, [layer] if isinstance(layer, str) else layer)

    def evaluate(cell: tuple[Encoder, str]) -> None:
        for other in everyone:
            if other is not cell[0] and other not in own:
                other.release()
        with silent(not progress):
            _evaluate(results, *cell)

    cells = [(encoder, column) for encoder, columns in plan for column in columns]
    share(
        [(f"{chosen.name}: {encoder.name}, {column}", (encoder, column)) for encoder, column in cells],
        evaluate,
        progress,
    )
    results.write([(encoder.name, column) for encoder, column in cells])
    return results


def make(task: str | Task, options: dict[str, Any]) -> Task:
    """The task of that name, with these options.

    Raises:
        UserError: if there is no such task, it has no such option, or a value cannot be used.
    """
    if isinstance(task, Task):
        raise UserError(f"`task`: {task.name} has its options already. Received: {', '.join(options)}")
    kind = cast(type[Task], TASKS.resolve(task))
    known = [field.name for field in dataclasses.fields(kind.Options)]
    unknown = [name for name in options if name not in known]
    if unknown:
        raise UserError(f"`task={task}` has the options {', '.join(known)}. Received: {unknown[0]!r}")
    return kind(kind.Options(**options))


def _check_names(encoders: list[Encoder]) -> None:
    names = [encoder.name for encoder in encoders]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UserError(f"two encoders are called {twice[0]!r}; tables could not tell them apart")


def _folder(task: Task, first: Encoder, out: str | Path | None) -> Path | None:
    """Where the results lie; None for nowhere."""
    return Path(out) if out else first.folder and first.folder / "transfer" / task.name.replace(":", ".")


def _plan(task: Task, encoders: list[Encoder], layer: Sequence[str]) -> list[tuple[Encoder, list[str]]]:
    """Each encoder's columns. What cannot be evaluated is refused here, data first: a backend is started only then."""
    for encoder in encoders:
        task.check_data(encoder)
    plan = [(encoder, list(dict.fromkeys(layer)) or task.columns(encoder)) for encoder in encoders]
    for encoder, columns in plan:
        for column in columns:
            try:
                task.check(encoder, column)
            except UserError as error:
                raise UserError(f"{encoder.name}: {error}" if len(encoders) > 1 else str(error)) from error
    return plan


def _evaluate(results: Results, encoder: Encoder, column: str) -> None:
    task = results.task
    key = {"task": task.name, "layer": column, **task.key(encoder, column)}
    if results.done(encoder.name, key):
        return
    with results.turn(encoder.name, column, key):
        if results.done(encoder.name, key):  # by another, a moment ago
            return
        say(f"{task.name}: {encoder.name}, {column}")
        task.kept = results.place(encoder.name, column, key)
        results.add(encoder.name, column, key, task.evaluate(encoder, column))
