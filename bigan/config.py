"""The configuration of a run: one frozen dataclass, no global state, no TensorFlow.

Every field carries its help text and says whether it matters to training (then a run cannot be resumed with another
value) or only to looking and logging (then it may change at any time). `scripts` makes one flag of each field.
"""

from __future__ import annotations

import dataclasses
import numbers
from dataclasses import dataclass
from typing import Any

from bigan.errors import UserError

VARIANTS = ("thesis", "released")
SPLITS = ("test", "validation")
DEVICES = ("auto", "cpu", "gpu")
JIT = ("auto", "on", "off")
PRECISIONS = ("float32", "bfloat16")
KINDS = {int: numbers.Integral, float: numbers.Real}


def _field(default: Any, about: str, matters: bool = True) -> Any:
    return dataclasses.field(default=default, metadata={"about": about, "matters": matters})


@dataclass(frozen=True)
class Config:
    """Everything that determines a run. Defaults are those of the thesis, section 5.5.3.

    Raises:
        UserError: if a value cannot be used; the line names the field, what it takes and what it was given.
    """

    preset: str = _field("custom", "name of the preset the configuration started from")
    method: str = _field("bigan.model:BiGAN", "what is trained: an importable 'module:Class'")
    networks: str = _field("bigan.networks:MLP", "family of networks: an importable 'module:Class'")
    variant: str = _field("thesis", "thesis | released: follow the text, or all deviations of the released code")

    dataset: str = _field("digits", "digits | idx | tfds:NAME | images | vectors | store")
    data_dir: str = _field("", "where the dataset lies (a folder, or a file for vectors)", matters=False)
    split: str = _field("test", "test: train on all, report on test; validation: hold out part of the training set")
    scaling: str = _field("minmax", "float vectors to [0, 1]: 'minmax' per feature, or 'LOW,HIGH'")
    crop: int = _field(0, "edge of the square crops of a store that E sees; 0: the store's edge")
    flip: bool = _field(False, "mirror the crops of a store in training, half of the time")

    latent_dim: int = _field(50, "dimension d of z, uniform on [-1, 1]^d")
    width: int = _field(1024, "units in each hidden layer of the MLPs; base width of the convolutional G and D")
    groups: int = _field(2, "groups of AlexNet's conv2, conv4 and conv5: 1 or 2")
    resolution: int = _field(0, "edge of the images that G makes and D sees, if below E's (5.2.5); 0: the same")
    precision: str = _field("float32", "float32 | bfloat16: of hidden layers; weights and losses stay in float32")

    epochs: int = _field(400, "length of the whole schedule; changeable in the first, constant half")
    batch_size: int = _field(128, "images and latents in a minibatch")
    learning_rate: float = _field(2e-4, "Adam's step in the first half")
    final_learning_rate: float = _field(2e-6, "Adam's step at the end of the exponential decay of the second half")
    beta_1: float = _field(0.5, "Adam's first-moment decay")
    beta_2: float = _field(0.999, "Adam's second-moment decay")
    epsilon: float = _field(1e-8, "Adam's epsilon")
    weight_decay: float = _field(2.5e-5, "L2 decay added to the gradient of linear layers' weights")
    init_stddev: float = _field(0.02, "standard deviation of the initial weights")
    latent_stddev: float = _field(0.5, "the same of matrices that carry z into spatial outputs: 0.02 x kernel area")
    batchnorm_epsilon: float = _field(1e-8, "batch normalization's epsilon")
    seed: int = _field(0, "determines initial weights, minibatches, latents and held-out images")

    replicas: int = _field(1, "devices that share each minibatch")
    device: str = _field("auto", "auto | cpu | gpu", matters=False)
    jit: str = _field("auto", "XLA in training: auto | on | off", matters=False)
    steps_per_dispatch: int = _field(1, "training steps handed to the device at once, at most", matters=False)

    eval_every: int = _field(25, "epochs between evaluations (one before training and one at the end always)", False)
    save_every: int = _field(25, "epochs between checkpoints", False)
    keep: int = _field(3, "checkpoints kept, the untrained and the best one aside", False)
    statistics_batches: int = _field(1000, "training minibatches for batch-norm statistics at evaluation", False)
    knn_examples: int = _field(60_000, "training examples in which figures search nearest neighbours, at most", False)
    eval_examples: int = _field(10_000, "evaluation examples of all figures, at most", False)
    nearest_samples: int = _field(100_000, "generated samples searched for nearest_sample; 0 leaves it out", False)
    logistic_examples: int = _field(10_000, "training examples of logistic_hidden, at most; 0 leaves it out", False)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value, kind = getattr(self, field.name), type(field.default)
            if kind in (int, float) and type(value) is not bool and isinstance(value, KINDS[kind]):
                object.__setattr__(self, field.name, kind(value))  # NumPy's numbers too
            elif type(value) is not kind:
                raise UserError(f"--{field.name} must be {kind.__name__}. Received: {value!r}")
        for name, choices in (("variant", VARIANTS), ("split", SPLITS), ("device", DEVICES), ("jit", JIT),
                              ("precision", PRECISIONS), ("groups", (1, 2))):  # fmt: skip
            if getattr(self, name) not in choices:
                known = ", ".join(map(str, choices))
                raise UserError(f"--{name} must be one of {known}. Received: {getattr(self, name)!r}")
        for name in ("latent_dim", "width", "epochs", "batch_size", "replicas", "eval_every", "save_every", "keep",
                     "statistics_batches", "steps_per_dispatch", "knn_examples", "eval_examples"):  # fmt: skip
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1. Received: {getattr(self, name)}")
        for name in ("learning_rate", "final_learning_rate", "epsilon", "batchnorm_epsilon"):
            if not 0 < getattr(self, name) < float("inf"):
                raise UserError(f"--{name} must be positive. Received: {getattr(self, name)}")
        for name in ("weight_decay", "init_stddev", "latent_stddev", "seed", "nearest_samples", "logistic_examples",
                     "crop", "resolution"):  # fmt: skip
            if not 0 <= getattr(self, name) < float("inf"):
                raise UserError(f"--{name} must not be negative. Received: {getattr(self, name)}")
        if self.seed >= 2**32:
            raise UserError(f"--seed must be below 2^32. Received: {self.seed}")
        for name in ("beta_1", "beta_2"):
            if not 0 <= getattr(self, name) < 1:
                raise UserError(f"--{name} must be in [0, 1). Received: {getattr(self, name)}")
        if self.batch_size % self.replicas:
            raise UserError(
                f"--batch_size must be a multiple of --replicas. Received: {self.batch_size} and {self.replicas}"
            )
        for name in ("method", "networks"):
            module, _, attribute = getattr(self, name).partition(":")
            if not module or not attribute:
                example = "baselines.gan:GAN" if name == "method" else "bigan.networks:MLP"
                raise UserError(
                    f"--{name} must be an importable 'module:Class', such as '{example}'. "
                    f"Received: {getattr(self, name)!r}"
                )

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Config:
        """The inverse of `to_dict`; refuses names it does not know."""
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise UserError(f"unknown configuration field {unknown[0]!r}; was it written by a newer version?")
        return cls(**values)

    def replace(self, **changes: Any) -> Config:
        """A copy with some fields changed, checked anew."""
        unknown = sorted(set(changes) - {field.name for field in dataclasses.fields(self)})
        if unknown:
            raise UserError(f"there is no configuration field {unknown[0]!r}")
        return dataclasses.replace(self, **changes)

    def training_changes(self, other: Config) -> list[str]:
        """Names of the fields that matter to training and differ from `other`'s (`epochs` aside)."""
        return [
            field.name
            for field in dataclasses.fields(self)
            if field.metadata["matters"]
            and field.name not in ("epochs", "preset")
            and getattr(self, field.name) != getattr(other, field.name)
        ]
