"""The available vendors, ready for use."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from lipsync_core.providers import VENDORS
from lipsync_core.providers.base import Provider

_CLASSES: tuple[type[Provider], ...] = tuple(
    getattr(import_module(f"lipsync_core.providers.{module}"), name) for module, name in VENDORS.items()
)


def providers_from(given: Mapping[str, str]) -> Mapping[str, Provider]:
    """Return every provider by its id, with the assumed names and values overridden by the variables in ``given``."""
    return MappingProxyType({vendor.id: vendor.from_variables(given) for vendor in _CLASSES})


PROVIDERS = providers_from({})
"""Every provider by its id, as documented and assumed."""
