"""The thesis's training step beside PyTorch's: the same networks, losses and Adam, in one process and in turns.

PyTorch runs eagerly, as it is used: with its own layout and with `channels_last`, in float32 and under autocast to
bfloat16, fused Adam, one pass of each network and of D on each pair, from which both losses' gradients are taken. All
start from the same weights; counts of parameters and the first step's losses are compared before anything is timed.
Minibatches lie ready on both sides and, where D sees smaller images than E, PyTorch's smaller ones too.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable

import keras
import numpy as np
import torch
from torch.nn import functional

from bigan.benchmarks import loops, pipeline, report
from bigan.benchmarks.torch_networks import Network
from bigan.config import Config
from bigan.data.batches import Minibatches
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.latents import Uniform
from bigan.models.method import Method, create
from bigan.runtime import compilation, distribution
from bigan.training.optimizer import compile_for_training
from bigan.types import Json, Tensor

TOLERANCE = 1e-4  # of the first losses in float32, relative
FORMATS = {"default layout": False, "channels_last": True}
PRECISIONS = ("float32", "bfloat16")


def run(config: Config, rounds: int, steps: int) -> dict[str, Json]:
    """Measures a preset of the thesis's method, in both precisions.

    Raises:
        UserError: for another method or several devices, or if the two sides do not do the same work.
    """
    if config.method != Config.method or config.replicas != 1:
        raise UserError(f"`method` must be {Config.method} on one device. Received: {config.method}")
    spec = pipeline.crops(config)
    images = loops.random_images(spec, config.batch_size)
    ready = pipeline.Ready(Minibatches(images, Uniform(config.latent_dim), config.batch_size, seed=0))
    batch = ready.minibatch(0, 0)
    clocks: dict[str, Callable[[], float]] = {}
    with distribution.strategy(config):
        for precision in PRECISIONS:
            changed = config.replace(precision=precision)
            clocks[f"bigan, {precision}"] = _ours(changed, spec, ready, steps)
            for name, channels_last in FORMATS.items():
                if channels_last and not config.crop:
                    continue  # vectors have one layout
                step = _Step(changed, create(changed, spec), batch, channels_last)
                clocks[f"PyTorch, {precision}, {name}"] = functools.partial(loops.timed, step, steps)
        checked = _check(config, spec, batch)
        turns: dict[str, dict[loops.Key, Callable[[], float]]] = {name: {(name, ""): c} for name, c in clocks.items()}
        timed = loops.measure(turns, rounds)
    return report.machine() | {
        "torch": torch.__version__,
        "torch threads": torch.get_num_threads(),
        "rounds": rounds,
        "steps a turn": steps,
        "preset": config.preset,
        "batch": config.batch_size,
        **checked,
        "times": _rows({name: timed[name, ""] for name in clocks}, config.batch_size),
    }


def _ours(config: Config, spec: Spec, ready: pipeline.Ready, steps: int) -> Callable[[], float]:
    """A clock of the step as `keras.Model.fit` runs it."""
    model = create(config, spec)
    compile_for_training(model, config, ready.steps, compilation.use_xla(config, model.xla_on_cpu))
    return lambda: pipeline.fit(model, ready, steps)


class _Step:
    """PyTorch's side: networks, Adam and one step."""

    def __init__(self, config: Config, model: Method, batch: dict[str, np.ndarray], channels_last: bool) -> None:
        made = {role: Network(network, channels_last) for role, network in model.networks.items()}
        self.encoder, self.generator, self.discriminator = (
            made[role].to(memory_format=torch.channels_last) if channels_last else made[role]
            for role in ("encoder", "generator", "discriminator")
        )
        self.players = [*self.encoder.parameters(), *self.generator.parameters()]
        self.judges = list(self.discriminator.parameters())
        self.precision, self.squash = config.precision, lambda linear: 2 * torch.sigmoid(linear) - 1
        kernels = [weight for weight in self.players + self.judges if weight.ndim > 1]
        others = [weight for weight in self.players + self.judges if weight.ndim == 1]
        groups = [(kernels, config.weight_decay), (others, 0.0)]
        self.adam = torch.optim.Adam(
            [{"params": group, "weight_decay": decay} for group, decay in groups if group],
            config.learning_rate,
            (config.beta_1, config.beta_2),
            config.epsilon,
            fused=True,
        )
        scaled = model.scale(keras.ops.convert_to_tensor(batch["x"]))
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self.x, self.reduced = (_images(x).contiguous(memory_format=layout) for x in (scaled, model.reduce(scaled)))
        self.z = torch.from_numpy(batch["z"])

    def losses(self) -> tuple[torch.Tensor, torch.Tensor]:
        """D's, and E's and G's together."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.precision == "bfloat16"):
            encoded, generated = self.squash(self.encoder(self.x)), self.generator(self.z)
            real = self.discriminator(self.reduced, encoded).float()
            made = self.discriminator(generated, self.z).float()
        loss_d = 0.5 * (functional.softplus(-real).mean() + functional.softplus(made).mean())
        return loss_d, 0.5 * (functional.softplus(real).mean() + functional.softplus(-made).mean())

    def __call__(self) -> torch.Tensor:
        """One simultaneous step; D's loss."""
        loss_d, loss_eg = self.losses()
        of_d = torch.autograd.grad(loss_d, self.judges, retain_graph=True)
        of_eg = torch.autograd.grad(loss_eg, self.players)
        for weight, gradient in zip(self.judges + self.players, of_d + of_eg, strict=True):
            weight.grad = gradient
        self.adam.step()
        return loss_d.detach()


def _images(x: Tensor) -> torch.Tensor:
    return torch.from_numpy(np.array(keras.ops.convert_to_numpy(x), np.float32)).permute(0, 3, 1, 2)


def _check(config: Config, spec: Spec, batch: dict[str, np.ndarray]) -> dict[str, Json]:
    """Counts of parameters and the first losses of both sides, in float32.

    Raises:
        UserError: if they differ.
    """
    model = create(config.replace(precision="float32"), spec)
    ours = {name: float(value) for name, value in model(batch, training=True).items()}
    step = _Step(config.replace(precision="float32"), create(config.replace(precision="float32"), spec), batch, True)
    theirs = [loss.item() for loss in step.losses()]
    mine = [ours["loss_D"], 0.5 * (ours["loss_E"] + ours["loss_G"])]
    counts = [sum(weight.numel() for weight in step.judges + step.players), model.count_params()]
    counts[1] -= sum(int(np.prod(v.shape)) for v in model.non_trainable_variables)
    if counts[0] != counts[1] or not np.allclose(mine, theirs, rtol=TOLERANCE):
        raise UserError(
            f"the two sides differ: {counts[1]:,} and {counts[0]:,} parameters, first losses {mine} and {theirs}"
        )
    return {"parameters": counts[1], "first losses of D, of E and G": " ".join(f"{loss:.6f}" for loss in mine)}


def _rows(seconds: dict[str, list[float]], size: int) -> list[dict[str, Json]]:
    """A row a contestant; beside ours, its rate over PyTorch's best in the same precision."""
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    rows = []
    for name, values in seconds.items():
        precision = name.split(", ")[1]
        best = min(median for other, median in medians.items() if other.startswith(f"PyTorch, {precision}"))
        rows.append(
            {
                "step": name,
                "ms": round(1e3 * medians[name], 2),
                "least": round(1e3 * min(values), 2),
                "most": round(1e3 * max(values), 2),
                "images/s": round(size / medians[name]),
                "times PyTorch's best": round(best / medians[name], 2),
            }
        )
    return rows
