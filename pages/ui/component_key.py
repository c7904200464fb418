"""Keys of components of our own that belong to a brief.

In a component's key, Streamlit refuses two underscores in a row, which part what it makes of the key. A brief's id is
random letters of an address, and one in four hundred holds them.
"""

from __future__ import annotations

import re

_TWICE = re.compile("_(?=_)")


def component_key(key: str) -> str:
    """Return the key that a component has in place of ``key``; most stay as they are."""
    return _TWICE.sub("_ ", key)
