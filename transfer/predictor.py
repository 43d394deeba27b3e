"""What a trained detector or segmenter says of a user's own images: kept in a folder by its task, used without its run.

A task writes a folder with `describe`; its predictor.json names the class that reads it:

    predictor = transfer.predictor.load("runs/tiny32/transfer/voc_detection/tiny32-all-1a2b3c4d")
    found = predictor.predict(image)  # (height, width, 3) uint8
    predictor.write("holiday.jpg", found, (width, height), Path("out"))

A kind of prediction is one class: a subclass of `Predictor`, named in its folder by its importable name. What a folder
names is imported, so load only folders that you trust.
"""

from __future__ import annotations

import abc
import json
from pathlib import Path
from typing import Any, cast

import numpy as np

from bigan.config import Config
from bigan.data.sources import images
from bigan.errors import UserError
from bigan.registry import Registry
from bigan.runtime import backend, files
from bigan.types import Json

FILE = "predictor.json"
PREDICTORS = Registry(
    "predictor",
    "predict",
    {
        "detector": "transfer.detection.detector:Detector",
        "segmenter": "transfer.segmentation.segmenter:Segmenter",
    },
)


class Predictor(abc.ABC):
    """Base of all predictors."""

    @classmethod
    @abc.abstractmethod
    def load(cls, folder: Path) -> Predictor:
        """The predictor that a task has kept in a folder.

        Raises:
            UserError: naming the file that is missing or damaged.
        """

    @abc.abstractmethod
    def predict(self, image: np.ndarray) -> Any:
        """What it sees.

        Args:
            image: `(height, width, 3)` uint8, of any size.

        Returns:
            Whatever `write` takes.
        """

    @abc.abstractmethod
    def write(self, name: str, prediction: Any, size: tuple[int, int], out: Path) -> list[Path]:
        """Writes one prediction, atomically.

        Args:
            name: of the image's file, without folders; files are called after its stem.
            prediction: from `predict`.
            size: width and height of the image.
            out: the folder.

        Returns:
            The files written.

        Raises:
            UserError: if they cannot be written.
        """


def describe(folder: Path, kind: type[Predictor], facts: dict[str, Json]) -> None:
    """Makes `folder` one that `load` reads; to be written last, when all else is there.

    Args:
        folder: made if missing.
        kind: whose `load` reads it.
        facts: what else `kind` needs, ready for JSON; see `facts_of`.
    """
    place = f"{kind.__module__}:{kind.__qualname__}"
    files.write_json(folder / FILE, {"predictor": place, **facts})


def facts_of(folder: Path) -> dict[str, Any]:
    """What predictor.json says, 'predictor' among it.

    Raises:
        UserError: if there is no such file, or it is damaged.
    """
    path = folder / FILE
    if not folder.is_dir():
        raise UserError(f"`model`: no such folder: {folder}")
    if not path.is_file():
        inside = sorted(found.parent for found in folder.glob(f"*/{FILE}"))
        hint = f"; there is {', '.join(map(str, inside[:3]))}" if inside else ""
        raise UserError(f"`model`: {folder} has no {FILE}: it is no predictor that a task has kept{hint}")
    try:
        with files.readable(path):
            facts = json.loads(path.read_bytes())
        if not isinstance(facts["predictor"], str):
            raise ValueError("its predictor is no name")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path}: describes no predictor ({error})") from error
    return cast(dict[str, Any], facts)


def load(folder: str | Path, device: str = "auto") -> Predictor:
    """The predictor in a folder, whatever kind it is.

    Args:
        folder: that a task has kept.
        device: auto | cpu | gpu, if no backend is started yet.

    Raises:
        UserError: if the folder holds none, or a damaged one; or as `bigan.runtime.backend.prepare` does.
    """
    folder = Path(folder)
    kind = cast(type[Predictor], PREDICTORS.resolve(str(facts_of(folder)["predictor"])))
    backend.prepare(Config(device=device))
    return kind.load(folder)


def images_in(place: Path) -> list[Path]:
    """The file itself or, of a folder, the images right in it, sorted.

    Raises:
        UserError: naming the folder, if it has none.
    """
    if not place.is_dir():
        return [place]
    with files.readable(place):
        found = images.files_in(place)
    if not found:
        raise UserError(f"{place}: has no images ({' '.join(images.SUFFIXES)})")
    return found


def read_image(path: Path) -> np.ndarray:
    """A user's image, `(height, width, 3)` uint8, upright as its EXIF orientation says; grey is repeated.

    Raises:
        UserError: naming the file, if it is missing or cannot be decoded.
    """
    if not path.is_file():
        raise UserError(f"no such image: {path}")
    return np.ascontiguousarray(np.broadcast_to(image := images.read(path, upright=True), (*image.shape[:2], 3)))
