"""Fields of settings: frozen dataclasses whose fields carry help text, bounds, and whether results depend on them."""

from __future__ import annotations

import dataclasses
import numbers
from typing import Any

from bigan.errors import UserError

KINDS = {int: numbers.Integral, float: numbers.Real}


def setting(
    default: Any,
    about: str,
    *,
    matters: bool = True,
    choices: tuple = (),
    least: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> Any:
    """A field of a dataclass of settings.

    Args:
        default: of the type that values must have.
        about: help text.
        matters: whether results depend on it, so that a run cannot go on with another value.
        choices: the only values it takes.
        least, above, below: bounds of numbers: the value is at least, greater than, less than.
    """
    bounds = {"choices": choices, "least": least, "above": above, "below": below}
    return dataclasses.field(default=default, metadata={"about": about, "matters": matters, **bounds})


def checked(settings: Any) -> None:
    """Refuses values of the wrong type or out of bounds; NumPy's numbers become Python's.

    Raises:
        UserError: naming the field, what it takes and what it was given.
    """
    for field in dataclasses.fields(settings):
        value, meta = getattr(settings, field.name), field.metadata
        kind: type = type(field.default)
        if kind in KINDS and type(value) is not bool and isinstance(value, KINDS[kind]):
            value = kind(value)
            object.__setattr__(settings, field.name, value)
        elif kind is tuple and isinstance(value, (tuple, list)):
            value = tuple(value)
            object.__setattr__(settings, field.name, value)
        elif type(value) is not kind:
            raise UserError(f"`{field.name}` must be {kind.__name__}. Received: {value!r}")
        if meta.get("choices") and value not in meta["choices"]:
            raise UserError(
                f"`{field.name}` must be one of {', '.join(map(str, meta['choices']))}. Received: {value!r}"
            )
        least, above, below = (meta.get(bound) for bound in ("least", "above", "below"))
        if least is not None and not value >= least:
            raise UserError(f"`{field.name}` must be at least {least}. Received: {value}")
        if above is not None and not value > above:
            raise UserError(f"`{field.name}` must be greater than {above}. Received: {value}")
        if below is not None and not value < below:
            raise UserError(f"`{field.name}` must be below {below}. Received: {value}")
