"""What a frozen encoder is worth: its features or convolutions, on labelled tasks, whichever method made it.

    import transfer
    results = transfer.run(["runs/mnist", "random"], task="knn", layer=["hidden"], k=5)
    print(results.table().markdown())

A task is one class (`transfer.task.Task`) in a module of its own, and one line of `transfer.tasks`. Names are imported
when first used: `import transfer` alone starts no backend.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transfer.results import Results as Results
    from transfer.runner import run as run
    from transfer.task import Options as Options
    from transfer.task import Task as Task
    from transfer.tasks import TASKS as TASKS

_HOMES = {
    "Options": "transfer.task",
    "Results": "transfer.results",
    "TASKS": "transfer.tasks",
    "Task": "transfer.task",
    "run": "transfer.runner",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'transfer' has no attribute {name!r}")
