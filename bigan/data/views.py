"""Random views of examples: what is drawn for them, on the host, and how it is applied, on the device.

NumPy draws a few numbers for each image (where to crop it, how to change its colours), a function of (seed, epoch,
step); the device applies them with two matrix products and an affine map of the colours, so that views cost next to
nothing, are differentiable, and are the same on every backend. Numbers of a vector are masked and blurred by noise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from bigan.data.inputs import Minibatch, StepInput
from bigan.data.spec import Spec
from bigan.errors import UserError
from bigan.streams import Stream
from bigan.types import Tensor

if TYPE_CHECKING:
    from bigan.config import Config

ASPECT = 4 / 3  # of a crop's sides, at most, as in SimCLR
JITTER = 0.8  # brightness, contrast and saturation change by this times the strength, at most
HUE = 0.2 * 2 * math.pi  # radians by which hues turn at strength 1, at most
SIGMA = (0.1, 0.06)  # of a blur: least in pixels, most as part of the image's edge
LUMA = (0.299, 0.587, 0.114)
YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))
GREY = 0.5  # what cutouts and masks leave, in the middle of the range

# Columns of what is drawn for an image. Places and sizes are parts of the image's edge.
TOP, LEFT, HEIGHT, WIDTH, MIRROR, BRIGHTNESS, CONTRAST, SATURATION, TURN, BLUR, CUT_Y, CUT_X = range(12)


@dataclass(frozen=True)
class Views:
    """How strongly views differ from the example; everything is off at 0.

    Args:
        crop: the largest part of an image's area that a crop leaves out; crops are resized to the image's size.
        mirror: whether to mirror half of the images.
        colour: strength of jitter of brightness, contrast, saturation and hue.
        grey: probability that the colours are taken away.
        blur: probability of a Gaussian blur.
        cutout: edge of a square that is cut out, as part of the image's.
        mask: part of the numbers that are masked, each by itself.
        noise: standard deviation of added noise, as part of the range.
    """

    crop: float = 0.0
    mirror: bool = False
    colour: float = 0.0
    grey: float = 0.0
    blur: float = 0.0
    cutout: float = 0.0
    mask: float = 0.0
    noise: float = 0.0

    @classmethod
    def from_config(cls, config: Config) -> Views:
        """The configuration's fields of the group `Views`."""
        return cls(
            crop=config.view_crop,
            mirror=config.view_mirror,
            colour=config.view_colour,
            grey=config.view_grey,
            blur=config.view_blur,
            cutout=config.view_cutout,
            mask=config.view_mask,
            noise=config.view_noise,
        )

    @property
    def geometric(self) -> bool:
        """Whether views need images: rows and columns."""
        return bool(self.crop or self.mirror or self.blur or self.cutout)

    @property
    def of_images(self) -> bool:
        """Whether anything is drawn for an image as a whole."""
        return self.geometric or bool(self.colour or self.grey)

    def check(self, spec: Spec, others: bool = False) -> None:
        """Refuses views that such examples cannot have, and no views at all.

        Args:
            spec: of the examples.
            others: whether something else makes views differ.

        Raises:
            UserError: naming the field.
        """
        if not (self.of_images or self.mask or self.noise or others):
            raise UserError("views are all off, so that both would be the same; set `view_crop` or another `view_...`")
        if self.of_images and not (len(spec.shape) == 3 and spec.dtype == "uint8"):
            raise UserError(
                "`view_crop`, `view_mirror`, `view_colour`, `view_grey`, `view_blur` and `view_cutout` are for images; "
                f"use `view_mask` and `view_noise` for examples of {spec.shape} {spec.dtype}"
            )
        if self.grey and spec.shape[-1] != 3:
            raise UserError(f"`view_grey` is for colour images. Received: images of {spec.shape}")

    def step_inputs(self, name: str, number: int, spec: Spec) -> dict[str, StepInput]:
        """What a step gets for one view.

        Args:
            name: of the view: the inputs' names begin with it.
            number: of the view, from 1 on: another number is another draw.
            spec: of the examples.
        """
        made: dict[str, StepInput] = {}
        if self.of_images:
            made[f"{name}_image"] = StepInput(lambda m: self.draw(len(m.index), m.generator(Stream.VIEW, number, 0)))
        if self.mask:
            made[f"{name}_mask"] = StepInput(lambda m: self._kept(m, spec, number))
        if self.noise:
            made[f"{name}_noise"] = StepInput(
                lambda m: m.generator(Stream.VIEW, number, 2).standard_normal((len(m.index), spec.size), np.float32)
            )
        return made

    def draw(self, count: int, random: np.random.Generator) -> np.ndarray:
        """`(count, 12)` float32: what to do with each of `count` images."""
        u = random.random((16, count))
        area = 1 - self.crop * u[0]
        ratio = np.exp((2 * u[1] - 1) * math.log(ASPECT)) if self.crop else np.ones(count)
        out = np.zeros((count, 12), np.float32)
        out[:, HEIGHT], out[:, WIDTH] = np.minimum(1, np.sqrt(area / ratio)), np.minimum(1, np.sqrt(area * ratio))
        out[:, TOP], out[:, LEFT] = u[2] * (1 - out[:, HEIGHT]), u[3] * (1 - out[:, WIDTH])
        out[:, MIRROR] = self.mirror & (u[4] < 0.5)
        for column, row in ((BRIGHTNESS, 5), (CONTRAST, 6), (SATURATION, 7)):
            out[:, column] = 1 + JITTER * self.colour * (2 * u[row] - 1)
        out[:, SATURATION] *= u[8] >= self.grey
        out[:, TURN] = HUE * self.colour * (2 * u[9] - 1)
        out[:, BLUR] = np.where(u[10] < self.blur, u[11], -1.0)  # sigma's place between its bounds; below 0: none
        out[:, CUT_Y], out[:, CUT_X] = u[12], u[13]
        return out

    def _kept(self, minibatch: Minibatch, spec: Spec, number: int) -> np.ndarray:
        random = minibatch.generator(Stream.VIEW, number, 1)
        kept = random.random((len(minibatch.index), spec.size), np.float32) >= self.mask
        return kept.astype(np.uint8)  # TensorFlow does not put booleans of several replicas together

    def __call__(self, x: Tensor, name: str, drawn: Mapping[str, Tensor], value_range: tuple[float, float]) -> Tensor:
        """One view of scaled examples.

        Args:
            x: `(batch, ...)` in `value_range`.
            name: of the view.
            drawn: the step's inputs, by name.
            value_range: of x.
        """
        low, high = value_range
        u = (x - low) / (high - low)
        if self.of_images:
            u = self._image(u, drawn[f"{name}_image"])
        shape = ops.shape(u)
        if self.noise:
            u = u + self.noise * ops.reshape(drawn[f"{name}_noise"], shape)
        if self.mask:
            u = ops.where(ops.reshape(ops.cast(drawn[f"{name}_mask"], "bool"), shape), u, GREY)
        return u * (high - low) + low

    def _image(self, u: Tensor, drawn: Tensor) -> Tensor:
        _, height, width, channels = u.shape
        if self.crop or self.mirror or self.blur:
            rows = resampling(drawn[:, TOP], drawn[:, HEIGHT], 0.0 * drawn[:, MIRROR], height)
            columns = resampling(drawn[:, LEFT], drawn[:, WIDTH], drawn[:, MIRROR], width)
            if self.blur:
                rows = ops.matmul(blurring(drawn[:, BLUR], height), rows)
                columns = ops.matmul(blurring(drawn[:, BLUR], width), columns)
            u = ops.einsum("boh,bhwc->bowc", rows, u)
            u = ops.einsum("bpw,bowc->bopc", columns, u)
        if self.colour or self.grey:
            u = jittered(u, drawn, channels)
        if self.cutout:
            inside = ops.logical_and(
                ops.expand_dims(self._cut(drawn[:, CUT_Y], height), 2),
                ops.expand_dims(self._cut(drawn[:, CUT_X], width), 1),
            )
            u = ops.where(ops.expand_dims(inside, 3), GREY, u)
        return u

    def _cut(self, place: Tensor, size: int) -> Tensor:
        """Which rows or columns are cut out, `(batch, size)`: the square's centre is anywhere in the image."""
        centres = (np.arange(size, dtype=np.float32) + 0.5) / size
        return ops.abs(centres[None] - place[:, None]) < self.cutout / 2


def direction(size: int) -> StepInput:
    """Where the search for the second view's virtual adversarial direction begins, `(batch, size)` float32."""
    return StepInput(lambda m: m.generator(Stream.VIEW, 2, 3).standard_normal((len(m.index), size), np.float32))


def resampling(start: Tensor, extent: Tensor, mirror: Tensor, size: int) -> Tensor:
    """`(batch, size, size)` weights that enlarge a part of `size` pixels to all of them, bilinearly; rows sum to 1.

    Args:
        start, extent: `(batch,)` where the part begins and how long it is, as parts of the whole.
        mirror: `(batch,)` 1 to turn it around, else 0.
        size: pixels.
    """
    centres = (np.arange(size, dtype=np.float32) + 0.5) / size
    there = mirror[:, None] * (1 - centres)[None] + (1 - mirror[:, None]) * centres[None]
    source = (start[:, None] + extent[:, None] * there) * size
    distance = ops.abs(source[:, :, None] - (np.arange(size, dtype=np.float32) + 0.5)[None, None])
    weights = ops.maximum(0.0, 1.0 - distance)
    return weights / ops.sum(weights, axis=2, keepdims=True)


def blurring(strength: Tensor, size: int) -> Tensor:
    """`(batch, size, size)` weights of a Gaussian blur; rows sum to 1.

    Args:
        strength: `(batch,)` sigma's place between its least and its most; below 0 for no blur.
        size: pixels.
    """
    least, most = SIGMA[0], SIGMA[1] * size
    sigma = ops.where(strength < 0, 1e-2, least + (most - least) * ops.maximum(strength, 0.0))
    places = np.arange(size, dtype=np.float32)
    distance = np.square(places[:, None] - places[None])
    weights = ops.exp(-distance[None] / (2 * ops.square(sigma)[:, None, None]))
    return weights / ops.sum(weights, axis=2, keepdims=True)


def jittered(u: Tensor, drawn: Tensor, channels: int) -> Tensor:
    """Brightness, contrast, saturation and hue changed, in this order, in [0, 1].

    Args:
        u: `(batch, height, width, channels)` in [0, 1].
        drawn: `(batch, 12)`.
        channels: 3, or 1: then brightness and contrast alone change.
    """

    def each(column: int) -> Tensor:
        return ops.reshape(drawn[:, column], (-1, 1, 1, 1))

    u = u * each(BRIGHTNESS)
    luma = np.array(LUMA, np.float32) if channels == 3 else np.ones(1, np.float32)
    mean = ops.mean(ops.sum(u * luma, axis=3, keepdims=True), axis=(1, 2), keepdims=True)
    u = mean + each(CONTRAST) * (u - mean)
    if channels == 3:
        u = ops.einsum("bhwc,bdc->bhwd", u, colours(drawn[:, SATURATION], drawn[:, TURN]))
    return ops.clip(u, 0.0, 1.0)


def colours(saturation: Tensor, turn: Tensor) -> Tensor:
    """`(batch, 3, 3)` maps of RGB: saturation multiplied, then hues turned by `turn` radians in YIQ's plane."""
    forward = np.array(YIQ, np.float32)
    backward = np.linalg.inv(np.array(YIQ)).astype(np.float32)
    keep = np.zeros((3, 3), np.float32)
    keep[0, 0] = 1
    same, across = np.diag([0.0, 1.0, 1.0]).astype(np.float32), np.zeros((3, 3), np.float32)
    across[1, 2], across[2, 1] = -1, 1
    scale = saturation[:, None, None]
    inner = keep[None] + scale * (
        ops.cos(turn)[:, None, None] * same[None] + ops.sin(turn)[:, None, None] * across[None]
    )
    return ops.matmul(ops.matmul(backward[None], inner), forward[None])
