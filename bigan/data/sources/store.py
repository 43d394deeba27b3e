"""A store, memory-mapped: its split 'train' and, if there is one, 'val' or 'test'."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bigan.data.crops import Crops, FilePixels
from bigan.data.dataset import Dataset, Examples
from bigan.data.sources.source import Source
from bigan.data.spec import Spec
from bigan.data.store import layout
from bigan.errors import UserError
from bigan.types import Json


class Store(Source):
    """What `scripts.prepare` made of natural images, as crops of the store's shorter edge."""

    place = "the store's folder"

    def load(self) -> Dataset:
        """Maps the pixels; nothing is read but the index.

        Raises:
            UserError: if there is no finished, undamaged store.
        """
        root = Path(self.data_dir)
        description = layout.describe(root)
        splits, edge = description["splits"], int(description["edge"])
        if "train" not in splits:
            raise UserError(f"{root}: the store has no split 'train', only {', '.join(splits) or 'none at all'}")
        second = next((name for name in ("val", "test") if name in splits), None)
        train = _examples(root, "train", description)
        test = _examples(root, second, description) if second else None
        return Dataset("store", train, test, Spec((edge, edge, 3)), tuple(description["classes"]))


def _examples(root: Path, name: str, description: dict[str, Json]) -> Examples:
    facts = description["splits"][name]
    parts = [np.asarray(np.memmap(p, np.uint8, "r").reshape(-1, 3)) for p in layout.pixels(root, name, description)]
    path = layout.index(root, name, facts)
    index = np.fromfile(path, layout.RECORD)
    first, heights, widths, labels = (index[key].astype(np.int64) for key in ("first", "height", "width", "label"))
    # The pixels are not read here, a store may have many: what the index says of them must at least be possible.
    classes = len(description["classes"])
    sound = (
        len(index) > 0
        and np.array_equal(first, np.cumsum(heights * widths) - heights * widths)
        and first[-1] + heights[-1] * widths[-1] == sum(map(len, parts))
        and (np.minimum(heights, widths) == description["edge"]).all()
        and ((labels >= -1) & (labels < classes)).all()
    )
    if not sound:
        raise UserError(f"{path}: is damaged, or {root / 'store.json'} is; remove {root} and prepare it again")
    images = FilePixels(parts, first, heights, widths, facts["digest"])
    edge = int(description["edge"])
    return Examples(Crops(images, (edge, edge)), None if (labels < 0).all() else labels)
