"""A task in one file outside the package: how long features are."""

from dataclasses import dataclass

import numpy as np

from bigan.config import setting
from transfer import TASKS, Options, Task
from transfer.task import Point

TASKS.add("norms", "tests.transfer.toys:Norms")


@dataclass(frozen=True, kw_only=True)
class NormsOptions(Options):
    """Of `Norms`."""

    order: int = setting(2, "of the norm", least=1)


class Norms(Task):
    """Mean norm of the evaluation examples' features."""

    Options = NormsOptions
    measure = "mean norm (pixels)"
    spread = "smallest and largest"
    caption = ("order",)

    def columns(self, encoder):
        return ["hidden", "output"]

    def key(self, encoder, column):
        return {"weights": encoder.digest(), "order": self.options.order}

    def evaluate(self, encoder, column):
        norms = np.linalg.norm(encoder.features(encoder.split().evaluation, column), self.options.order, axis=1)
        return {
            "norm": float(norms.mean()),
            "ends": [float(norms.min()), float(norms.max())],
            "order": self.options.order,
        }

    def points(self, column, result):
        return [Point(column, result["norm"], *result["ends"])]
