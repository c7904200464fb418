"""Local copies of the vendors over real HTTP: wire formats, processing times, bills and failures.

`lipsync_core.sandbox.app` builds the ASGI app; ``python -m lipsync_core.sandbox`` serves it. The sandbox shares no code
with the studio's prices, timings or provider clients, so that agreement between them means something. A new vendor
needs a file here and one line below: docs/adding-a-vendor.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

VENDORS: Mapping[str, str] = MappingProxyType(
    {
        "joypix": "JoyPix",
        "lipsync_studio": "LipsyncStudio",
        "aimlapi": "AimlApi",
        "creatify": "Creatify",
    }
)
"""Each vendor's module in this package and its class in that module."""

NAMES = tuple(module.replace("_", "-") for module in VENDORS)
"""The vendors' names in addresses and in the bill."""
