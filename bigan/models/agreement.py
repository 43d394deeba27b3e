"""Agreement of views: what makes an encoder give two views of one example alike codes, and other examples others.

Four losses, each a function of two minibatches of codes, `(batch, k)`, whose rows belong to each other:
NT-Xent (SimCLR; Chen et al. 2020), VICReg (Bardes et al. 2022), Barlow Twins (Zbontar et al. 2021), and the information
that soft clusters have of an example (IMSAT; Hu et al. 2017).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import keras
from keras import layers, ops

from bigan.data.inputs import StepInput
from bigan.data.views import Views, direction
from bigan.errors import UserError
from bigan.models import mixing, objective, rotation, virtual_adversarial
from bigan.models.method import Method
from bigan.models.virtual_adversarial import directions
from bigan.runtime.distribution import gathered
from bigan.types import Tensor

if TYPE_CHECKING:
    from bigan.config import Config
    from bigan.networks.family import Family

VICREG = {"invariance": 25.0, "variance": 25.0, "covariance": 1.0}  # weights of the paper
BARLOW = 5e-3  # weight of what lies off the diagonal
INFORMATION = {"doubt": 0.1, "evenness": 0.4}  # lambda, and lambda times mu, of IMSAT
LEAST = 1e-12  # squared length of codes below which no direction is asked for, as its gradient would be too large
NAMES = ("first", "second")


def nt_xent(a: Tensor, b: Tensor, temperature: float) -> Tensor:
    """Mean cross-entropy of telling each code's other view among all other codes of the minibatch, by the cosine.

    Args:
        a, b: `(batch, k)` codes of two views.
        temperature: cosines are divided by it.
    """
    a, b = directions(a, LEAST), directions(b, LEAST)
    logits = _cosines(ops.concatenate([a, b], axis=0)) / temperature
    partner = ops.sum(a * b, axis=1) / temperature  # that of b's row too
    return ops.mean(ops.logsumexp(logits, axis=1)) - ops.mean(partner)


def neighbourhoods(codes: Tensor, target: Tensor, temperature: float) -> Tensor:
    """How far each code's neighbours in the minibatch are from being those that its target has, a mean divergence.

    What a code's neighbours are is a distribution over all other codes, by the cosine, as in NT-Xent, but of directions
    from the minibatch's mean (self-supervised distillation; Fang et al. 2021).

    Args:
        codes: `(n, k)`.
        target: `(n, m)`, of the same examples in the same order; held fixed.
        temperature: cosines of both are divided by it.
    """
    centred = (c - ops.mean(c, axis=0, keepdims=True) for c in (codes, ops.stop_gradient(target)))
    found, wanted = (ops.log_softmax(_cosines(directions(c, LEAST)) / temperature) for c in centred)
    return ops.mean(ops.sum(ops.exp(wanted) * (wanted - found), axis=1))


def _cosines(unit: Tensor) -> Tensor:
    """Of all pairs of rows of length 1, `(n, n)`; about minus infinity on the diagonal: no row is found near itself."""
    cosines = ops.matmul(unit, ops.transpose(unit))
    return cosines - 1e9 * ops.eye(ops.shape(unit)[0], dtype=cosines.dtype)


def vicreg(a: Tensor, b: Tensor) -> Tensor:
    """Invariance, variance (hinge at 1) and covariance, with the weights of the paper.

    Args:
        a, b: `(batch, k)` codes of two views.
    """
    invariance = ops.mean(ops.square(a - b))
    variance, covariance = 0.0, 0.0
    for code in (a, b):
        count, width = ops.cast(ops.shape(code)[0], code.dtype), code.shape[1]
        centred = code - ops.mean(code, axis=0, keepdims=True)
        moments = ops.matmul(ops.transpose(centred), centred) / (count - 1)
        diagonal = ops.sum(moments * ops.eye(width, dtype=code.dtype), axis=1)
        variance = variance + ops.mean(ops.relu(1.0 - ops.sqrt(diagonal + 1e-4))) / 2
        covariance = covariance + (ops.sum(ops.square(moments)) - ops.sum(ops.square(diagonal))) / width
    return VICREG["invariance"] * invariance + VICREG["variance"] * variance + VICREG["covariance"] * covariance


def barlow(a: Tensor, b: Tensor) -> Tensor:
    """The squared distance of the views' cross-correlation matrix from the identity.

    Args:
        a, b: `(batch, k)` codes of two views.
    """

    def normal(code: Tensor) -> Tensor:
        centred = code - ops.mean(code, axis=0, keepdims=True)
        return centred / ops.sqrt(ops.mean(ops.square(centred), axis=0, keepdims=True) + 1e-6)

    count = ops.cast(ops.shape(a)[0], a.dtype)
    correlation = ops.matmul(ops.transpose(normal(a)), normal(b)) / count
    identity = ops.eye(a.shape[1], dtype=a.dtype)
    off = BARLOW * (1 - identity) + identity
    return ops.sum(off * ops.square(correlation - identity))


def information(a: Tensor, b: Tensor) -> Tensor:
    """Codes as logits of k clusters: both views in the same one, each example certainly in one, all used evenly.

    The divergence of b's probabilities from a's, which are held fixed; and, with IMSAT's weights, the mean entropy of
    an example's probabilities, and minus the entropy of their mean over the minibatch.

    Args:
        a, b: `(batch, k)` codes of two views.
    """
    log_a, log_b = ops.log_softmax(a), ops.log_softmax(b)
    probabilities, target = ops.exp(log_a), ops.stop_gradient(log_a)
    divergence = ops.mean(ops.sum(ops.exp(target) * (target - log_b), axis=1))
    doubt = -ops.mean(ops.sum(probabilities * log_a, axis=1))
    shares = ops.mean(probabilities, axis=0)
    evenness = -ops.sum(shares * ops.log(shares + 1e-12))
    return divergence + INFORMATION["doubt"] * doubt - INFORMATION["evenness"] * evenness


# By the field `agreement`; each also takes the temperature.
LOSSES: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    "nt_xent": nt_xent,
    "vicreg": lambda a, b, _: vicreg(a, b),
    "barlow": lambda a, b, _: barlow(a, b),
    "information": lambda a, b, _: information(a, b),
}


class Agreement(Method):
    """Base of the methods whose encoder is trained to agree on views.

    The encoder's linear outputs are compared or, with `projection`, what a head of two dense layers makes of them. A
    method that has a network 'agreement' (`own_layer`) compares what that makes of E's hidden layer instead, and so
    moves the hidden layers. Then E's own outputs take over the neighbourhoods that these codes have (`neighbourhoods`),
    which moves E's output layer alone. They do so as G sees them, on the latent's support: linear outputs could turn
    by growing for ever, and would leave G nothing but their signs.
    """

    logged: tuple[str, ...] = ("agreement",)

    def configure(self, config: Config) -> None:
        """Takes the fields of the configuration's groups `Views` and `Agreement`."""
        super().configure(config)
        self.views, self.virtual_adversarial = Views.from_config(config), config.virtual_adversarial
        self.views.check(self.spec, others=self.virtual_adversarial > 0)
        if config.batch_size // config.replicas < 2:
            raise UserError(
                f"`batch_size`: views are compared with those of other examples. Received: {config.batch_size}"
            )
        self.temperature, self.loss_of_views = config.temperature, config.agreement
        self.mixing, self.rotation_weight = config.mixing, config.rotation_weight
        rotation.check(self.rotation_weight, self.spec)
        if self.rotation_weight:
            self.log("rotation")
        if self.has("agreement"):
            self.log("agreement_output")
        if self.rotation_weight or self.has("agreement"):
            self._once("trunk", lambda: self.tap("hidden"))

    @classmethod
    def build_networks(cls, family: Family) -> dict[str, keras.Model]:
        """E, and the heads that `projection` and `rotation_weight` ask for."""
        encoder = family.encoder()
        return {"encoder": encoder} | head(family) | rotation.head(family, encoder)

    def step_inputs(self) -> dict[str, StepInput]:
        """What is drawn for two views, and for what else is done to them."""
        drawn = [self.views.step_inputs(name, number, self.spec) for number, name in enumerate(NAMES, start=1)]
        turns = {"turns": rotation.drawn()} if self.rotation_weight else {}
        start = {"direction": direction(self.spec.size)} if self.virtual_adversarial else {}
        part = {"mixed": mixing.drawn(self.mixing)} if self.mixing else {}
        return super().step_inputs() | drawn[0] | drawn[1] | turns | start | part

    def both_views(self, x: Tensor, drawn: dict[str, Tensor], training: bool) -> tuple[Tensor, Tensor]:
        """Two views of scaled x, `(batch, ...)` each, of what `step_inputs` has drawn."""
        first, second = (self.views(x, name, drawn, self.value_range) for name in NAMES)
        if self.virtual_adversarial:
            low, high = self.value_range
            radius = self.virtual_adversarial * (high - low) * self.spec.size**0.5
            second = virtual_adversarial.moved(
                lambda view: self._turned(view, training),
                second,
                drawn["direction"],
                radius,
            )
        if self.mixing:
            second = mixing.mixed(second, drawn["mixed"])
        return first, second

    def _turned(self, view: Tensor, training: bool) -> Tensor:
        """The code by which hidden layers agree, of a view, through fixed weights."""
        if not self.has("agreement"):
            return self.latent.code(objective.apply_frozen(self.encoder, view, training))
        hidden = objective.apply_frozen(self._programs["trunk"], view, training)
        return self.latent.code(objective.apply_frozen(self.networks["agreement"], hidden, training))

    def compared(self, view: Tensor, training: bool) -> tuple[Tensor, ...]:
        """What is compared of a view: E's linear output, `(batch, head_size)`, and that of 'agreement' if it exists."""
        if not self.has("agreement"):
            return (self.encoder(view, training=training),)
        hidden = self._programs["trunk"](view, training=training)
        return self.output_layer(ops.stop_gradient(hidden)), self.networks["agreement"](hidden, training=training)

    def added(
        self,
        terms: dict[str, Tensor],
        view: Tensor,
        compared: tuple[tuple[Tensor, ...], tuple[Tensor, ...]],
        drawn: dict[str, Tensor],
        training: bool,
        weight: Tensor | float = 1.0,
    ) -> dict[str, Tensor]:
        """The terms, with the agreement and, if it is weighted, the rotation; both are added to the loss.

        Args:
            terms: with 'loss'.
            view: `(batch, ...)`, the first view, which is rotated.
            compared: what `compared` says of both views.
            drawn: the step's inputs.
            training: as for `terms`.
            weight: of the agreement.
        """
        *outputs, leading = zip(*compared, strict=True)
        terms = terms | {"agreement": self.agreement(*leading, training, drawn.get("mixed"))}
        terms["loss"] = terms["loss"] + weight * terms["agreement"]
        for pair in outputs:
            codes, target = self._both(pair, self.latent.squash), self._both(leading, self.latent.code)
            terms["agreement_output"] = neighbourhoods(codes, target, self.temperature)
            terms["loss"] = terms["loss"] + weight * terms["agreement_output"]
        if self.rotation_weight:
            hidden = self._programs["trunk"](rotation.rotated(view, drawn["turns"]), training=training)
            terms["rotation"] = rotation.loss(self.networks["rotation"](hidden, training=training), drawn["turns"])
            terms["loss"] = terms["loss"] + self.rotation_weight * terms["rotation"]
        return terms

    def agreement(self, first: Tensor, second: Tensor, training: bool, part: Tensor | None = None) -> Tensor:
        """The loss on linear outputs of two views, a scalar. Examples of all replicas are compared.

        Args:
            first, second: `(batch, head_size)`.
            training: as for `terms`.
            part: `(batch,)` how much of other examples the second view has; None for nothing.
        """
        loss = LOSSES[self.loss_of_views]
        first, second = self._projected(first, training), gathered(self._projected(second, training))
        own = loss(gathered(first), second, self.temperature)
        if part is None:
            return own
        share = ops.mean(part)
        return (1 - share) * own + share * loss(gathered(mixing.others(first)), second, self.temperature)

    def _both(self, linear: tuple[Tensor, Tensor], code: Callable[[Tensor], Tensor]) -> Tensor:
        """Both views' codes, one below the other, of linear outputs; of all replicas."""
        return gathered(ops.concatenate([code(view) for view in linear], axis=0))

    def _projected(self, linear: Tensor, training: bool) -> Tensor:
        code = self.latent.code(linear)
        return self.networks["projector"](code, training=training) if self.has("projector") else code


def head(family: Family) -> dict[str, keras.Model]:
    """The projection head, by its role 'projector'; empty if `projection` asks for none.

    A dense layer, batch normalization and ReLU, and another dense layer, `projection` units each.
    """
    units = family.config.projection
    if not units:
        return {}
    code = layers.Input((family.latent.code(layers.Input((family.latent.head_size,))).shape[1],), name="code")
    h = family._normalize("norm1", family._dense("projector/linear1", units)(code), affine=True)
    h = family._dense("projector/output", units, last=True)(family._relu("hidden1", h))
    return {"projector": keras.Model(code, h, name="projector")}


def own_layer(family: Family, encoder: keras.Model) -> dict[str, keras.Model]:
    """A second output layer on E's hidden layer, by its role 'agreement'; empty with `agreement_layer=output`."""
    if family.config.agreement_layer == "output":
        return {}
    return {"agreement": family.on_hidden(encoder, "agreement", family.latent.head_size)}
