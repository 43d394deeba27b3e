"""What is evaluated: a run at a checkpoint, its untrained network, a user's Keras model, or what a program has at hand.

Light to import: a backend is started when a network is first used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bigan.errors import UserError
from transfer.encoders.encoder import Encoder as Encoder
from transfer.encoders.file import KerasFile as KerasFile
from transfer.encoders.given import Given as Given
from transfer.encoders.run import TrainedRun as TrainedRun

UNTRAINED = "random"


def listed(
    places: Sequence[str | Path],
    checkpoint: str = "last",
    dataset: str = "",
    data_dir: str = "",
    device: str = "",
    input_range: tuple[float, float] = (0.0, 255.0),
    resize: int = 0,
) -> list[Encoder]:
    """The encoders at `places`, each once, under their folders' or files' names, or whole paths where those are equal.

    Args:
        places: run directories, `.keras` files, or 'random', the untrained network of the first, which is a run.
        checkpoint: of the runs.
        dataset, data_dir, device, resize: see `TrainedRun`.
        input_range: of `.keras` files, see `KerasFile`.

    Raises:
        UserError: if there are none, 'random' comes first, or there is no such run or file.
    """
    texts = [str(place) for place in dict.fromkeys(places)]
    if not texts or texts[0] == UNTRAINED:
        raise UserError("`run` is needed: run directories, separated by commas; 'random' may follow the first")
    names = [Path(text).name for text in texts]
    encoders: list[Encoder] = []
    for text, short in zip(texts, names, strict=True):
        name = short if names.count(short) == 1 else text
        if text.endswith(".keras"):
            encoders.append(KerasFile(text, name, dataset, data_dir, device, input_range, resize))
        elif text != UNTRAINED:
            encoders.append(TrainedRun(text, checkpoint, name, dataset, data_dir, device, resize))
        elif not texts[0].endswith(".keras"):
            encoders.append(TrainedRun(texts[0], "0", UNTRAINED, dataset, data_dir, device, resize))
        else:
            raise UserError(f"`run`: 'random' stands for the first run's untrained network, and {texts[0]} is no run")
    return encoders
