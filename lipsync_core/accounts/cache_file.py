"""JSON files of what could be asked for again: read and written as a whole, and lost without harm."""

from __future__ import annotations

import json
import logging
import secrets
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


def read(file: Path) -> dict[str, Any]:
    """What the file holds; nothing where there is none, or one that cannot be understood."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write(file: Path, content: dict[str, Any]) -> None:
    """Keep it for the next process. Where the disk refuses, this one goes on from memory."""
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(content), encoding="utf-8")
        fresh.replace(file)
    except OSError as error:
        log.warning("%s could not be written: %s", file.name, error)
        fresh.unlink(missing_ok=True)
