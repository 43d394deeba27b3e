"""Types that the whole package shares: names for what no type describes."""

from __future__ import annotations

from typing import Any, TypeAlias

#: A tensor of whichever backend Keras runs on: eager, traced or symbolic. The backends share no class.
Tensor: TypeAlias = Any

#: What JSON holds: numbers, strings, lists and dictionaries of them.
Json: TypeAlias = Any
