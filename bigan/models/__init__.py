"""Methods and their interface: each method is one module, here or in `baselines`, and one line of a list.

Names are imported when first used: importing this package starts no backend.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bigan.models.bigan import BiGAN as BiGAN
    from bigan.models.bigan_views import BiGANViews as BiGANViews
    from bigan.models.method import Method as Method

_HOMES = {"BiGAN": "bigan.models.bigan", "BiGANViews": "bigan.models.bigan_views", "Method": "bigan.models.method"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
