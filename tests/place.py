"""Where a studio stands in the tests: by itself on loopback or, if a variable says so, below a path behind an nginx.

Tests marked ``places`` hold in each place, unchanged: `tests.server.Server` puts the studio there, and whatever they
open from its root leads below the path. What the studio itself asks or links outside of that path fails the test.
"""

from __future__ import annotations

import os
from enum import StrEnum
from urllib.parse import urlsplit

PLACE = "STUDIO_TESTS_PLACE"
"""The variable."""

BASE = "/studio"
"""The path."""


class Place(StrEnum):
    """What is in front of the studio, with the lines that docs/operations.md gives for it."""

    NGINX = "nginx"
    """An nginx that passes the path on."""
    NGINX_STRIPS = "nginx-strips"
    """An nginx that removes it."""


def wanted() -> Place | None:
    """The place that the variable names, if it does. Raises `ValueError` for a name that there is not."""
    name = os.environ.get(PLACE, "")
    return Place(name) if name else None


def origin_of(url: str) -> str:
    """Scheme, host and port of an address: all that a browser's ``Origin`` says."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))
