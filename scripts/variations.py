"""Variations of a configuration: their notation on the command line, and their runs' places."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from absl import flags

from bigan.config import Config
from bigan.errors import UserError
from bigan.registry import LATENTS, METHODS, NETWORKS

from .flags import define_settings_flags, given_settings

NAME = re.compile(r"\w[\w .,+=()%'-]{0,79}")
SKIP = ("preset", "seed")  # a variation starts from the base's preset; seeds are varied for all


@dataclass(frozen=True)
class Variation:
    """A configuration among others that are compared.

    Args:
        name: of the row in the table, and of its runs' folders.
        config: whose seed does not count.
    """

    name: str
    config: Config

    def place(self, folder: Path, seed: int) -> Path:
        """The run directory of a seed."""
        return folder / f"{self.name.replace(':', '.')}-{seed}"


def variations(base: Variation, texts: Iterable[str]) -> list[Variation]:
    """The base and what `texts` make of it, all of them checked.

    Args:
        base: the first row.
        texts: each 'NAME: FLAGS', the flags those of the configuration, written as on a command line.

    Raises:
        UserError: naming the text that cannot be used, and why.
    """
    found = [base]
    for text in texts:
        variation = _parsed(base.config, text)
        for other in found:
            if other.name.casefold() == variation.name.casefold():  # some file systems do not tell them apart
                _refuse(text, f"the name is that of {'the base' if other is base else 'another variation'}")
        found.append(variation)
    return found


def _parsed(base: Config, text: str) -> Variation:
    name, colon, rest = text.partition(":")
    name = name.strip()
    if not colon or not rest.strip():
        _refuse(text, "a variation is 'NAME: --FIELD=VALUE ...'")
    if not NAME.fullmatch(name):
        _refuse(
            text, "the name becomes a folder's: 1 to 80 letters, digits, spaces and _.,+=()%'-, first a letter or digit"
        )
    holder = flags.FlagValues()
    define_settings_flags(Config, skip=SKIP, holder=holder)
    try:
        stray = holder(["", *shlex.split(rest)])[1:]
        if stray:
            raise UserError(f"unexpected {stray[0]!r}; flags are --name=value")
        config = base.replace(**given_settings(Config, skip=SKIP, holder=holder))
        for registry in (METHODS, NETWORKS, LATENTS):
            registry.check(getattr(config, registry.kind))
    except (flags.Error, ValueError, UserError) as error:
        _refuse(text, " ".join(str(error).split()))
    return Variation(name, config)


def _refuse(text: str, why: str) -> NoReturn:
    raise UserError(f"--vary={text!r}: {why}")
