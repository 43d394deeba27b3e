"""A run directory: everything a run is, on disk.

config.json        the resolved configuration, the data's spec and fingerprint, format and package versions
metrics.csv        one row per epoch
snapshot/state.npz what resuming needs, one file, replaced after every epoch
checkpoints/N.npz  weights with re-estimated batch-norm statistics; 0 is the untrained network; best.npz
results.json       the figures with their protocol; its "complete" says that the run is finished
samples/ reconstructions/ curves.png tensorboard/
"""

from __future__ import annotations

import contextlib
import csv
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bigan.config import Config
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.evaluation.tables import Table
from bigan.runtime import files
from bigan.types import Json
from bigan.version import __version__

FORMAT = 2
TAKEN = "another process is training in"  # what is said of a run that is held
MOVED = {"bigan.model:BiGAN": "bigan.models:BiGAN"}  # what runs of format 1 call it -> what it is called now
RESULTS = {"complete", "epoch", "epochs", "figures", "untrained", "raw", "protocol"}
TOP, FOLDERS = (  # what training writes
    ("config.json", "metrics.csv", "results.json", "curves.png"),
    ("snapshot", "checkpoints", "samples", "reconstructions"),
)


class RunDir:
    """Paths, reading and writing of one run directory. Creates nothing until something is written."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.snapshot = self.path / "snapshot" / "state.npz"
        self.checkpoints = self.path / "checkpoints"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the run directory for this process, see `files.exclusive`."""
        with files.exclusive(self.path, f"`workdir`: {TAKEN} {self.path}"):
            files.sweep(self.path, TOP)  # what killed writers of this run left aside; dumps may be being written here
            for folder in FOLDERS:
                files.sweep(self.path / folder)
            yield

    def exists(self) -> bool:
        """Whether a run has begun here."""
        return (self.path / "config.json").is_file()

    def write_config(
        self, config: Config, spec: Spec, fingerprint: str, about: dict[str, Json], parameters: dict[str, int]
    ) -> None:
        """Records what the run is.

        Args:
            config: its configuration.
            spec, fingerprint: of its data.
            about: what else is known of the data.
            parameters: how many numbers each network holds, by role.
        """
        data = {"spec": spec.to_dict(), "fingerprint": fingerprint, **about}
        document = {"format": FORMAT, "version": __version__, "config": config.to_dict(), "data": data}
        document["parameters"] = parameters
        files.write_json(self.path / "config.json", document)

    def read_config(self) -> tuple[Config, Spec, dict[str, Json]]:
        """(configuration, spec, the data's record).

        Raises:
            UserError: if there is no run here, or one of a newer format.
        """
        path = self.path / "config.json"
        if not path.is_file():
            raise UserError(f"no run in {self.path}: it has no config.json")
        try:
            with files.readable(path):
                document = json.loads(path.read_text())
            number = int(document["format"])
            if number > FORMAT:
                raise UserError(
                    f"{path}: format {number} is newer than {FORMAT}, the newest this version ({__version__}) reads; "
                    f"upgrade to {document.get('version', 'a newer version')} or later"
                )
            data = document["data"]
            return _config(path, document["config"]), Spec.from_dict(data["spec"]), data
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{path}: is not a run's configuration ({error!r}); restore it, or begin a new run"
            ) from error

    def read_snapshot(self) -> tuple[dict[str, np.ndarray], dict[str, Json]]:
        """(arrays of the training state, notes), see `trainer.Trainer`.

        Raises:
            UserError: naming the file, if it is damaged.
        """
        arrays = read_arrays(self.snapshot)
        try:
            return arrays, _notes(arrays.pop("notes"))
        except (KeyError, ValueError, TypeError) as error:
            raise UserError(
                f"{self.snapshot}: is not a snapshot of a run ({error!r}); restore it, or begin a new run"
            ) from None

    def write_metrics(self, rows: list[dict[str, Json]]) -> None:
        """Rewrites metrics.csv; columns are those of all rows, missing figures stay empty."""
        columns = list(dict.fromkeys(name for row in rows for name in row))
        table = Table(columns, [[row.get(name, "") for name in columns] for row in rows])
        files.write_text(self.path / "metrics.csv", table.csv())

    def read_metrics(self) -> list[dict[str, float]]:
        """metrics.csv as rows of numbers, without the empty cells.

        Raises:
            UserError: naming the file, if it is damaged.
        """
        path = self.path / "metrics.csv"
        if not path.is_file():
            return []
        try:
            with files.readable(path), open(path, newline="") as file:
                return [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]
        except (ValueError, TypeError) as error:
            raise UserError(f"{path}: is damaged ({error})") from error

    def results(self) -> dict[str, Json]:
        """results.json, or {} before the first evaluation.

        Raises:
            UserError: naming the file, if it is damaged.
        """
        path = self.path / "results.json"
        if not path.is_file():
            return {}
        try:
            with files.readable(path):
                results = json.loads(path.read_text())
            for name in RESULTS:
                results[name]
            for name in ("figures", "untrained", "raw"):
                {key: float(value) for key, value in results[name].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{path}: is damaged ({error!r}); remove it, and the same training command makes it anew"
            ) from None
        return dict(results)

    def complete(self) -> bool:
        """Whether training has finished."""
        return bool(self.results().get("complete"))

    def checkpoint(self, which: str = "last") -> Path:
        """The file of a checkpoint: 'last', 'best', or an epoch's number.

        Raises:
            UserError: if there is no such checkpoint; the line lists the checkpoints there are.
        """
        numbers = self._numbers()
        path = self.checkpoints / f"{numbers[-1] if which == 'last' and numbers else which}.npz"
        if not path.is_file():
            have = [str(n) for n in numbers] + (["best"] if (self.checkpoints / "best.npz").is_file() else [])
            raise UserError(f"no checkpoint {which!r} in {self.path}; there are: {', '.join(have) or 'none yet'}")
        return path

    def latest_checkpoint(self) -> int:
        """The last checkpoint's epoch; -1 if there is none."""
        return max(self._numbers(), default=-1)

    def _numbers(self) -> list[int]:
        return sorted(int(p.stem) for p in self.checkpoints.glob("*.npz") if p.stem.isdigit())

    def prune(self, keep: int) -> None:
        """Removes all but the untrained, the best and the last `keep` checkpoints."""
        for number in self._numbers()[1:-keep]:
            (self.checkpoints / f"{number}.npz").unlink()


def _notes(text: np.ndarray) -> dict[str, Json]:
    notes = json.loads(str(text))
    for name in ("epoch", "step", "epochs", "rows", "best", "raw", "untrained", "seconds"):
        notes[name]
    return notes


def _config(path: Path, values: dict[str, Json]) -> Config:
    try:
        return Config.from_dict(values | {"method": MOVED.get(values["method"], values["method"])})
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a `.npz`.

    Raises:
        UserError: naming the file, if it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as loaded:
            return {name: loaded[name] for name in loaded.files}
    except PermissionError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: cannot be read, it is damaged ({error})") from error
