"""docs/formats.md names every format that is read."""

from __future__ import annotations

import pytest

from lipsync_core import ROOT
from lipsync_core.decode.filetype import EXTENSIONS
from lipsync_core.decode.image import EXTENSIONS as PICTURES


@pytest.mark.parametrize("extension", [*EXTENSIONS, *PICTURES])
def test_the_document_names_what_is_taken(extension: str) -> None:
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert f"`{extension}`" in text or extension.removeprefix(".") in text.lower()
