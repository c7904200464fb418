"""The paid vendors: what they accept, how they are called, what they cost and what their answers mean.

These modules know HTTP and the API of their vendor. They do not know the ledger, media or each other. A new vendor
needs a file here, one line below and a counterpart in the sandbox: docs/adding-a-vendor.md. Importing this package
loads no vendor.
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
"""Each vendor's module in this package and its class in that module, in display order."""


def variable_prefix(vendor: str) -> str:
    """Return the prefix of a vendor's variables: its id or its module's name, in capitals."""
    return f"{vendor.upper().replace('-', '_')}_"
