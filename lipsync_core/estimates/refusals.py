"""Reasons why a file cannot be read as a table."""

from __future__ import annotations

from lipsync_core.errors import StudioError


class SheetError(StudioError):
    """A file that cannot be read as a table; the message says what is wrong and what to do."""
