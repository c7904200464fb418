"""The paid vendors: what they take, what they are asked, and what their answers mean.

They know HTTP and their own words, and nothing of the ledger, of media or of each other. A new vendor is a module
here and one line below.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lipsync_core.providers.aimlapi import AimlApi
from lipsync_core.providers.base import Provider
from lipsync_core.providers.creatify import Creatify
from lipsync_core.providers.joypix import JoyPix
from lipsync_core.providers.lipsync_studio import LipsyncStudio

_VENDORS: tuple[type[Provider], ...] = (
    JoyPix,
    LipsyncStudio,
    AimlApi,
    Creatify,
)


def providers_from(given: Mapping[str, str]) -> Mapping[str, Provider]:
    """Every provider by its id, with what the variables in ``given`` say instead of the assumed names and values."""
    return MappingProxyType({vendor.id: vendor.from_variables(given) for vendor in _VENDORS})


PROVIDERS = providers_from({})
"""Every provider by its id, as documented and assumed."""
