"""The interface of a source of data."""

from __future__ import annotations

import abc

from bigan.data.dataset import Dataset


class Source(abc.ABC):
    """Where a dataset's examples come from: `Source(...).load()` is the dataset.

    Args:
        data_dir: where it lies, if it needs a place.
        argument: what follows the colon in the dataset's name, e.g. 'mnist' in 'tfds:mnist'.
        scaling: of floating-point vectors, 'minmax' or 'LOW,HIGH'.
    """

    place = ""  # what `data_dir` must be, for sources that need one
    argument_is = ""  # what must follow the colon in the dataset's name, e.g. 'NAME'
    takes_scaling = False  # whether examples are floating-point vectors, which `scaling` maps

    def __init__(self, data_dir: str = "", argument: str = "", scaling: str = "minmax") -> None:
        self.data_dir, self.argument, self.scaling = data_dir, argument, scaling

    @abc.abstractmethod
    def load(self) -> Dataset:
        """Reads or maps the examples.

        Raises:
            UserError: if files are missing or damaged; the line names the file.
        """
