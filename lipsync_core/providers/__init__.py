"""The paid vendors: what they take, what they are asked, what they cost, and what their answers mean.

They know HTTP and their own words, and nothing of the ledger, of media or of each other. A new vendor is a file here,
one line below, and its counterpart in the sandbox: docs/adding-a-vendor.md. Nothing is loaded by importing this.
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
"""Each vendor's module here and its class there, in the order in which people see them."""


def variable_prefix(vendor: str) -> str:
    """What the names of a vendor's variables begin with: its id, or its module's name, in capitals."""
    return f"{vendor.upper().replace('-', '_')}_"
