"""Files to drop on a page: faces, voices of a given length, and tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from playwright.sync_api import Page

from tests import corpus
from tests.browser.visit import PORTRAIT, a_rerun


def voice(seconds: float, name: str, silent_s: float = 0.0) -> dict[str, Any]:
    """A tone, and after it so much silence, as an upload."""
    sound = np.concatenate([corpus.tone(seconds), np.zeros(round(silent_s * 16_000), dtype=np.float32)])
    head = bytearray(corpus.wav(0))
    data = (sound * 32_767).astype("<i2").tobytes()
    head[4:8], head[40:44] = (36 + len(data)).to_bytes(4, "little"), len(data).to_bytes(4, "little")
    return {"name": name, "mimeType": "audio/wav", "buffer": bytes(head) + data}


def face(name: str = "anchor.jpg") -> dict[str, Any]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": PORTRAIT.read_bytes()}


def table(text: str, name: str = "weekly.csv") -> dict[str, Any]:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


def drop(page: Page, *files: dict[str, Any]) -> None:
    with a_rerun(page):
        page.locator("input[type=file]").set_input_files(list(files))  # type: ignore[arg-type]  # payloads
