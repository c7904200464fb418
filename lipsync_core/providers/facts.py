"""How a vendor's promises are written down: every one with its source, and what is assumed marked so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """Something a vendor promises, or that is assumed of it, and where it is written."""

    value: T
    source: str
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Assumption:
    """A name or value on the wire that the vendor does not document, so that it can be set right without code."""

    value: str
    why: str
    variable: str
    """The environment variable that overrides it."""
    choices: tuple[str, ...] = ()
    """The words that it can be; empty where any word may be the vendor's."""


NO_ASSUMPTIONS: Mapping[str, Assumption] = MappingProxyType({})
MOST_AT_ONCE = Fact(4, "no vendor publishes how many requests it takes at once", assumed=True)
