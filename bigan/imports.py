"""Resolves the importable names ('module:Class') by which runs record their method and their networks."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

from bigan.errors import UserError


def findable(name: str, flag: str) -> None:
    """Checks, without running any code of the module itself, that the module of 'module:Class' is there.

    Raises:
        UserError: naming `flag`, if it is not.
    """
    module = name.partition(":")[0]
    try:
        found = module in sys.modules or importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        found = False
    if not found:
        raise UserError(f"{flag}: there is no module {module!r} on the Python path. Received: {name!r}")


def resolve(name: str, has: str = "") -> Any:
    """The class called `name`, 'module:Class', which must have the attribute `has`. Importing runs the module's code.

    Raises:
        UserError: if the module cannot be imported or has no such class.
    """
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"cannot import {name!r} (expected 'module:Class' on the Python path): {error}") from error
    if not isinstance(found, type):
        raise UserError(f"{name!r} is not a class. Received: {type(found).__name__}")
    if has and not hasattr(found, has):
        raise UserError(f"{name!r} has no {has}(): it cannot be used here")
    return found
