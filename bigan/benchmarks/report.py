"""What benchmarks share: the machine they ran on, and Markdown of their results."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path

from bigan.evaluation.tables import Table
from bigan.types import Json


def machine() -> dict[str, Json]:
    """Processor, cores, load and the libraries' versions."""
    import keras

    backend, cpuinfo = keras.backend.backend(), Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.is_file() else []
    return {
        "cpu": [*names, os.uname().machine][0],
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "devices": ", ".join(keras.distribution.list_devices()),
        "keras": keras.__version__,
        backend: importlib.import_module(backend).__version__,
    }


def markdown(result: dict[str, Json]) -> str:
    """The result as a line of single values and a table for each list of rows."""
    lines = "; ".join(f"{name}: {value}" for name, value in result.items() if not isinstance(value, list))
    tables = [rows for rows in result.values() if isinstance(rows, list)]
    return "\n\n".join(
        [lines, *(Table(list(rows[0]), [list(row.values()) for row in rows]).markdown() for rows in tables)]
    )
