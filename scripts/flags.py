"""Flags made from dataclasses of settings, their help texts, and their values before and after they are parsed."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable
from typing import Any, cast

from absl import flags

import baselines  # noqa: F401 (adds its methods to the list)
from bigan import presets
from bigan.config import Config
from bigan.errors import UserError
from bigan.registry import LATENTS, METHODS, NETWORKS, SOURCES

FLAGS = flags.FLAGS
LISTS = {registry.kind: registry for registry in (METHODS, NETWORKS, LATENTS, SOURCES)}  # by their settings' names
flags.disclaim_key_flags()  # --help of a script lists the flags that it has defined here


def early(name: str, default: str = "") -> str:
    """The value of --name on the command line or in a --flagfile, before flags are defined and parsed."""
    value = default
    arguments = _arguments()
    for i, argument in enumerate(arguments):
        stripped = argument.lstrip("-")
        if argument.startswith("-") and stripped.startswith(f"{name}="):
            value = stripped.partition("=")[2]
        elif argument in (f"--{name}", f"-{name}") and i + 1 < len(arguments):
            value = arguments[i + 1]
    return value


def _arguments() -> list[str]:
    try:
        return list(FLAGS.read_flags_from_files(sys.argv[1:], force_gnu=False))
    except flags.Error:  # an unreadable --flagfile is told when flags are parsed
        return sys.argv[1:]


def define_plugins_flag() -> None:
    """--plugins, which `run_main` acts upon."""
    flags.DEFINE_list("plugins", [], "modules of yours to import first: methods, tasks and sources of your own")


def define_settings_flags(
    settings: type, default: str = "default: ", skip: Iterable[str] = (), holder: flags.FlagValues = FLAGS
) -> None:
    """One flag for each field of a dataclass of `bigan.config.setting`s; unset flags are None.

    Args:
        settings: the dataclass.
        default: what stands before a field's default in its help text.
        skip: fields without a flag.
        holder: whose flags they become, if not the command line's.
    """
    define: dict[type, Callable[..., Any]] = {
        str: flags.DEFINE_string,
        int: flags.DEFINE_integer,
        float: flags.DEFINE_float,
        bool: flags.DEFINE_bool,
        tuple: flags.DEFINE_list,
    }
    for field in dataclasses.fields(settings):
        if field.name not in skip:
            define[type(field.default)](
                field.name, None, f"{about(field)} ({default}{shown(field.default)})", flag_values=holder
            )


def given_settings(settings: type, skip: Iterable[str] = (), holder: flags.FlagValues = FLAGS) -> dict[str, Any]:
    """The values of those flags of `define_settings_flags` that were given.

    Raises:
        UserError: for a list that is not of the numbers it should be of.
    """
    given = {}
    for field in dataclasses.fields(settings):
        value = None if field.name in skip else holder[field.name].value
        if value is not None:
            given[field.name] = _numbers(field, value) if isinstance(field.default, tuple) else value
    return given


def _numbers(field: dataclasses.Field, items: list[str]) -> tuple:
    kind: type = next((type(item) for item in cast(tuple, field.default)), str)
    try:
        return tuple(kind(item) for item in items)
    except ValueError as error:
        raise UserError(
            f"--{field.name} must be numbers, separated by commas, e.g. {shown(field.default)}. "
            f"Received: {','.join(items)!r}"
        ) from error


def define_config_flags() -> None:
    """--preset, and one flag for each field of `Config`; unset flags leave the preset's value."""
    flags.DEFINE_string("preset", "digits", f"configuration to start from: {', '.join(presets.PRESETS)}")
    define_settings_flags(Config, "default: the preset's, or ", skip=["preset"])


def config_from_flags() -> Config:
    """The preset's configuration with the flags' values in place."""
    return presets.get(str(FLAGS.preset)).replace(**given_settings(Config, skip=["preset"]))


def settings_help(settings: type) -> str:
    """A line for each field of a dataclass of settings."""
    fields = dataclasses.fields(settings)
    return "\n".join(f"  --{f.name}: {about(f)}{default_text(f.default)}" for f in fields)


def about(field: dataclasses.Field) -> str:
    """A setting's help text, with the names it takes if there is a list of them."""
    text = str(field.metadata["about"])
    registry = LISTS.get(field.name)
    return text if registry is None else f"{text}: {', '.join(registry)}, or an importable 'module:Class'"


def shown(default: Any) -> str:
    """A default value in help texts."""
    return ",".join(map(str, default)) if isinstance(default, tuple | list) else str(default)


def default_text(default: Any) -> str:
    """A default value in brackets; nothing where there is none."""
    return "" if default in (None, "", [], ()) else f" (default: {shown(default)})"
