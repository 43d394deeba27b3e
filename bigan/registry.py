"""Lists of what there is, by short name, and the importable names ('module:Class') that runs record.

A method, a latent distribution, a family of networks or a source of data is a class in a module of its own and one line
in a list below; a transfer task has its line in `transfer.tasks`. What lies outside this package is used by its
importable name, or gets a short name of its own with `Registry.add`; the scripts import the modules that `plugins`
names before anything else.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator

from bigan.errors import UserError


class Registry:
    """One kind of thing: short names, and where each is defined. Nothing is imported before it is resolved.

    Args:
        kind: what the configuration and error messages call it, e.g. 'method'.
        needs: an attribute that every class of this kind has.
        known: short name -> 'module:Class'.
    """

    def __init__(self, kind: str, needs: str, known: dict[str, str]) -> None:
        self.kind, self.needs, self._known, self._own = kind, needs, dict(known), frozenset(known)

    def __iter__(self) -> Iterator[str]:
        """Short names, in the list's order."""
        return iter(self._known)

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def add(self, name: str, place: str) -> None:
        """Gives `place`, 'module:Class', a short name, which flags then take and errors list.

        Raises:
            UserError: if the name is taken by something else.
        """
        module, _, attribute = place.partition(":")
        if not name.isidentifier() or not module or not attribute:
            raise UserError(f"a {self.kind} is added as name, 'module:Class'. Received: {name!r}, {place!r}")
        if self._known.setdefault(name, place) != place:
            raise UserError(f"the {self.kind} {name!r} is {self._known[name]} already. Received: {place}")

    def place(self, name: str) -> str:
        """Where a short name is defined; 'module:Class' passes through.

        Raises:
            UserError: for an unknown name; the line lists the known ones.
        """
        if name in self._known:
            return self._known[name]
        module, _, attribute = name.partition(":")
        if not module or not attribute:
            raise UserError(
                f"`{self.kind}` must be one of {', '.join(self)}, or an importable 'module:Class'. Received: {name!r}"
            )
        return name

    def recorded(self, name: str) -> str:
        """`name` as runs record it where the names of this list are recorded: importable, if somebody else added it."""
        return self._known[name] if name in self._known and name not in self._own else name

    def check(self, name: str) -> None:
        """Refuses a name whose module is not there, without running any code of the module itself.

        Raises:
            UserError: for an unknown short name, or if there is no such module.
        """
        module = self.place(name).partition(":")[0]
        try:
            found = module in sys.modules or importlib.util.find_spec(module) is not None
        except (ImportError, ValueError):
            found = False
        if not found:
            raise UserError(f"`{self.kind}`: there is no module {module!r} on the Python path. Received: {name!r}")

    def resolve(self, name: str) -> type:
        """The class of a short or importable name. Importing runs its module's code.

        Raises:
            UserError: if the module cannot be imported, or has no such class of this kind.
        """
        place = self.place(name)
        module, _, attribute = place.partition(":")
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise UserError(f"`{self.kind}`: cannot import {place!r} ({error})") from error
        if not isinstance(found, type):
            raise UserError(f"`{self.kind}`: {place!r} is not a class. Received: {type(found).__name__}")
        if not hasattr(found, self.needs):
            raise UserError(f"`{self.kind}`: {place!r} has no {self.needs}(), so it cannot be one")
        if inspect.isabstract(found):
            missing = ", ".join(sorted(getattr(found, "__abstractmethods__", ())))
            raise UserError(f"`{self.kind}`: {place!r} does not define {missing}")
        return found


# `baselines` adds its own.
METHODS = Registry(
    "method", "build_networks", {"bigan": "bigan.models:BiGAN", "bigan_views": "bigan.models:BiGANViews"}
)

LATENTS = Registry(
    "latent",
    "draw",
    {
        "uniform": "bigan.latents:Uniform",
        "normal": "bigan.latents:Normal",
        "normal_posterior": "bigan.latents:NormalPosterior",
    },
)

NETWORKS = Registry(
    "networks",
    "encoder",
    {
        "mlp": "bigan.networks:MLP",
        "dcgan": "bigan.networks:DCGAN",
        "upsampling": "bigan.networks:Upsampling",
        "alexnet": "bigan.networks:AlexNet",
        "alexnet_discriminator": "bigan.networks:AlexNetDiscriminator",
    },
)

SOURCES = Registry(
    "dataset",
    "load",
    {
        "digits": "bigan.data.sources.digits:Digits",
        "idx": "bigan.data.sources.idx:Idx",
        "tfds": "bigan.data.sources.tfds:Tfds",
        "images": "bigan.data.sources.images:ImageFolder",
        "vectors": "bigan.data.sources.vectors:Vectors",
        "store": "bigan.data.sources.store:Store",
    },
)
