"""The configuration of a run: one frozen dataclass, no global state, no TensorFlow.

Its fields are grouped: each group is a class below, and a field belongs to the group that defines it. Every field
carries its help text, the bounds of its values, and whether it matters to training (then a run cannot be resumed with
another value) or only to looking and logging (then it may change at any time). `scripts` makes one flag of each field.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from bigan.errors import UserError
from bigan.registry import LATENTS, METHODS, NETWORKS, SOURCES
from bigan.settings import checked as checked
from bigan.settings import setting as setting
from bigan.types import Json


@dataclass(frozen=True, kw_only=True)
class Data:
    """Which examples, and how training sees them."""

    dataset: str = setting("digits", "where examples come from (tfds:NAME: TensorFlow Datasets' NAME)")
    data_dir: str = setting("", "where the dataset lies (a folder, or a file for vectors)", matters=False)
    split: str = setting(
        "test",
        "test: train on all, report on test; validation: hold out part of the training set",
        choices=("test", "validation"),
    )
    scaling: str = setting("minmax", "float vectors to [0, 1]: 'minmax' per feature, or 'LOW,HIGH'")
    crop: int = setting(0, "edge of the square crops that E sees; 0: whole images, of a store its edge", least=0)
    flip: bool = setting(False, "mirror images in training, half of the time")


@dataclass(frozen=True, kw_only=True)
class Model:
    """What is trained: a method, its networks and its latent distribution."""

    method: str = setting("bigan.models:BiGAN", "what is trained")
    networks: str = setting("bigan.networks:MLP", "family of networks")
    latent: str = setting("bigan.latents:Uniform", "distribution of z")
    variant: str = setting(
        "thesis",
        "thesis | released: follow the text, or all deviations of the released code",
        choices=("thesis", "released"),
    )
    latent_dim: int = setting(50, "dimension d of z", least=1)
    width: int = setting(1024, "units in each hidden layer of the MLPs; base width of convolutional networks", least=1)
    groups: int = setting(2, "groups of AlexNet's conv2, conv4 and conv5: 1 or 2", choices=(1, 2))
    resolution: int = setting(0, "edge of the images that G makes and D sees, if below E's; 0: the same", least=0)
    precision: str = setting(
        "float32",
        "float32 | bfloat16: of hidden layers; weights and losses stay in float32",
        choices=("float32", "bfloat16"),
    )


@dataclass(frozen=True, kw_only=True)
class Views:
    """Random views of an example, for methods that compare them; each is off at 0."""

    view_crop: float = setting(0.0, "largest part of an image's area that a view leaves out", least=0, below=1)
    view_mirror: bool = setting(False, "mirror views, half of the time")
    view_colour: float = setting(
        0.0, "strength of jitter of brightness, contrast, saturation and hue", least=0, below=1.25
    )
    view_grey: float = setting(0.0, "probability that a view loses its colours", least=0, below=1)
    view_blur: float = setting(0.0, "probability of a Gaussian blur", least=0, below=1)
    view_cutout: float = setting(0.0, "edge of a square that is cut out, as part of the image's", least=0, below=1)
    view_mask: float = setting(0.0, "part of a view's numbers that are masked, each by itself", least=0, below=1)
    view_noise: float = setting(
        0.0, "standard deviation of added noise, as part of the range", least=0, below=float("inf")
    )


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How methods make the encoder agree on views."""

    agreement: str = setting(
        "nt_xent",
        "nt_xent (SimCLR) | vicreg | barlow | information (IMSAT): the loss of bigan_views",
        choices=("nt_xent", "vicreg", "barlow", "information"),
    )
    agreement_weight: float = setting(1.0, "its weight beside the adversarial losses", least=0, below=float("inf"))
    temperature: float = setting(
        0.2, "of nt_xent, and of the neighbours that E's outputs learn", above=0, below=float("inf")
    )
    projection: int = setting(
        0, "units of a head between E's output, or the agreement's own layer, and the loss; 0: none", least=0
    )
    agreement_schedule: str = setting(
        "constant",
        "constant | rising | falling: its weight, linearly from or to 0 over all epochs",
        choices=("constant", "rising", "falling"),
    )
    agreement_layer: str = setting(
        "output",
        "output | own: through what bigan_views makes E's hidden layers agree, E's output layer or a linear layer of "
        "the agreement's own, whose codes' neighbours E's outputs then learn, which moves the output layer alone",
        choices=("output", "own"),
    )
    rotation_weight: float = setting(
        0.0, "weight of telling by how many quarter turns an image was rotated", least=0, below=float("inf")
    )
    virtual_adversarial: float = setting(
        0.0,
        "how far the second view is moved where what is compared turns most: as far as noise of this deviation would, "
        "as part of the range",
        least=0,
        below=float("inf"),
    )
    mixing: float = setting(
        0.0,
        "largest part of another example that is mixed into the second view, which then agrees with both; i-Mix: 0.5",
        least=0,
        below=1,
    )
    pair_view: bool = setting(False, "D's pair of x has E's code of a view of x, not of x itself")


@dataclass(frozen=True, kw_only=True)
class Adversary:
    """Where the discriminator and its objectives leave the thesis; the defaults do not."""

    adversarial_examples: int = setting(
        0, "examples of each minibatch that D and G are trained on; 0: all of them", least=0
    )
    heads: str = setting(
        "early",
        "early: z enters D's hidden layers | late: x and z meet after a tower each | unary: each tower is scored too",
        choices=("early", "late", "unary"),
    )
    adversarial: str = setting("logistic", "logistic | hinge: losses on D's scores", choices=("logistic", "hinge"))
    discriminator_norm: str = setting(
        "batch", "batch | layer | none: normalization in D", choices=("batch", "layer", "none")
    )
    spectral: bool = setting(False, "divide D's matrices by their largest singular values")
    r1: float = setting(0.0, "weight of the squared gradient of D's score at real pairs", least=0, below=float("inf"))
    cycle_x: float = setting(0.0, "weight of the squared distance of G(E(x)) from x", least=0, below=float("inf"))
    cycle_encoder: bool = setting(True, "cycle_x moves E too, not G alone")
    cycle_z: float = setting(0.0, "weight of the squared distance of E(G(z)) from z", least=0, below=float("inf"))
    adversary_moves: str = setting(
        "encoder",
        "encoder | output: what of E the adversary and the cycles move, all of it or its output layer alone",
        choices=("encoder", "output"),
    )


@dataclass(frozen=True, kw_only=True)
class Optimization:
    """Adam, its schedule and initial weights (section 5.5.3)."""

    epochs: int = setting(400, "length of the whole schedule; changeable in the first, constant half", least=1)
    batch_size: int = setting(128, "images and latents in a minibatch", least=1)
    learning_rate: float = setting(2e-4, "Adam's step in the first half", above=0, below=float("inf"))
    final_learning_rate: float = setting(
        2e-6, "Adam's step at the end of the exponential decay of the second half", above=0, below=float("inf")
    )
    beta_1: float = setting(0.5, "Adam's first-moment decay", least=0, below=1)
    beta_2: float = setting(0.999, "Adam's second-moment decay", least=0, below=1)
    epsilon: float = setting(1e-8, "Adam's epsilon", above=0, below=float("inf"))
    discriminator_rate: float = setting(1.0, "D's step, as a multiple of E's and G's", above=0, below=float("inf"))
    ema: float = setting(
        0.0,
        "weights are evaluated as their exponential moving average of this decay a step; 0: as they are",
        least=0,
        below=1,
    )
    weight_decay: float = setting(
        2.5e-5, "L2 decay added to the gradient of linear layers' weights", least=0, below=float("inf")
    )
    init_stddev: float = setting(0.02, "standard deviation of the initial weights", least=0, below=float("inf"))
    latent_stddev: float = setting(
        0.5,
        "the same of matrices that carry z into spatial outputs: 0.02 x kernel area",
        least=0,
        below=float("inf"),
    )
    batchnorm_epsilon: float = setting(1e-8, "batch normalization's epsilon", above=0, below=float("inf"))
    seed: int = setting(0, "determines initial weights, minibatches, latents and held-out images", least=0, below=2**32)


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """Devices, and how training uses them."""

    replicas: int = setting(1, "devices that share each minibatch", least=1)
    device: str = setting("auto", "auto | cpu | gpu", matters=False, choices=("auto", "cpu", "gpu"))
    jit: str = setting("auto", "XLA in training: auto | on | off", matters=False, choices=("auto", "on", "off"))
    steps_per_dispatch: int = setting(1, "training steps handed to the device at once, at most", matters=False, least=1)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """When a run is evaluated and saved, and on how many examples."""

    eval_every: int = setting(
        25, "epochs between evaluations (one before training and one at the end always)", matters=False, least=1
    )
    save_every: int = setting(25, "epochs between checkpoints", matters=False, least=1)
    keep: int = setting(3, "checkpoints kept, the untrained and the best one aside", matters=False, least=1)
    statistics_batches: int = setting(
        1000, "training minibatches for batch-norm statistics at evaluation", matters=False, least=1
    )
    knn_examples: int = setting(
        60_000, "training examples searched for nearest neighbours, at most", matters=False, least=1
    )
    eval_examples: int = setting(10_000, "evaluation examples, at most", matters=False, least=1)
    nearest_samples: int = setting(
        100_000, "generated samples searched for nearest_sample; 0 leaves it out", matters=False, least=0
    )
    compared_samples: int = setting(
        2000,
        "samples compared with as many evaluation examples, for sample_precision and so on; 0 leaves them out",
        matters=False,
        least=0,
    )
    logistic_examples: int = setting(
        10_000, "training examples of logistic_hidden, at most; 0 leaves it out", matters=False, least=0
    )


GROUPS = (Model, Data, Views, Agreement, Adversary, Optimization, Evaluation, Runtime)


@dataclass(frozen=True, kw_only=True)
class Config(Runtime, Evaluation, Optimization, Adversary, Agreement, Views, Data, Model):
    """Everything that determines a run. Defaults are those of the thesis, section 5.5.3.

    Raises:
        UserError: if a value cannot be used; the line names the field, what it takes and what it was given.
    """

    preset: str = setting("custom", "name of the preset the configuration started from")

    def __post_init__(self) -> None:
        checked(self)
        for registry in (METHODS, NETWORKS, LATENTS):  # short names are recorded as importable ones
            object.__setattr__(self, registry.kind, registry.place(getattr(self, registry.kind)))
        object.__setattr__(self, "dataset", SOURCES.recorded(self.dataset))
        if self.batch_size % self.replicas:
            raise UserError(
                f"`batch_size` must be a multiple of `replicas`. Received: {self.batch_size} and {self.replicas}"
            )

    def to_dict(self) -> dict[str, Json]:
        """The fields by name, ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Json]) -> Config:
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
