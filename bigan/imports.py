"""Resolves the importable names ('module:Class') by which runs record their method and their networks."""

from __future__ import annotations

import importlib
from typing import Any

from bigan.errors import UserError


def resolve(name: str) -> Any:
    """The class called `name`, 'module:Class'. Importing it runs that module's code.

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
    return found
