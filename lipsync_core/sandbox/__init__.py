"""The vendors played locally over real HTTP: their wire formats, their waiting, their bill and their bad days.

`lipsync_core.sandbox.app` builds the ASGI app; ``python -m lipsync_core.sandbox`` serves it. The sandbox shares no
code with the studio's prices, timings or provider clients, so that their agreeing with it means something.
A new vendor is a file here and one line below: docs/adding-a-vendor.md.
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
"""Each vendor's module here and its class there."""

NAMES = tuple(module.replace("_", "-") for module in VENDORS)
"""What the vendors are called in addresses and in the bill."""
