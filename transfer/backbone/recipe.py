"""How a classifier on transferred convolutions is trained: the options of the tasks that train one."""

from __future__ import annotations

from dataclasses import dataclass

from bigan.config import setting
from transfer.task import Options

INFINITE = float("inf")


@dataclass(frozen=True, kw_only=True)
class Recipe(Options):
    """The recipe of the tools behind Tables 5.2 and 5.3; the size of the network and the schedule are for small runs.

    The thesis has 80,000 iterations, fc6 and fc7 of 4,096 units, and crops of 227 pixels.
    """

    crop: int = setting(0, "edge of the images that the classifier sees; 0: the encoder's own", least=0)
    iterations: int = setting(2000, "minibatches of training", least=1)
    batch_size: int = setting(16, "images in each of them", least=1)
    learning_rate: float = setting(
        1e-2, "initial step size; halved at equal intervals, see halvings", above=0, below=INFINITE
    )
    units: int = setting(512, "of fc6 and fc7 each, 4096 in AlexNet", least=1)
    weight_decay: float = setting(
        1e-6, "multiple of each weight that is added to its gradient", least=0, below=INFINITE
    )
    halvings: int = setting(8, "constant stretches of the step size's schedule", least=1)
    momentum: float = setting(0.9, "of SGD", least=0, below=1)
    clip: float = setting(10.0, "norm of the whole gradient, at most", above=0, below=INFINITE)
    dropout: float = setting(0.5, "part of fc6's and fc7's units that is left out in training", least=0, below=1)
    seed: int = setting(0, "of weights, order, crops and dropout", least=0, below=2**31)
