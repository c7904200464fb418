"""What the studio puts in place of Streamlit's own files, with the Streamlit that is installed."""

from __future__ import annotations

import re
from pathlib import Path

from streamlit import file_util
from streamlit.material_icon_names import ALL_MATERIAL_ICONS

from lipsync_core import ROOT
from lipsync_core.door.headers import inline_scripts
from pages.ui.page_code import page_code

THEIRS = Path(file_util.get_static_dir())
HTML, INSTEAD = page_code(THEIRS)
ICON = re.compile(r"material/([a-z0-9_]+)")


def test_the_first_html_is_the_studios() -> None:
    assert "<title>Lip-Sync Studio</title>" in HTML
    assert re.search(r'<div id="root"><div class="first".*Lip-Sync Studio.*Loading…', HTML)
    shown = re.sub(r"<!--.*?-->|<[^>]*>", "", HTML, flags=re.DOTALL)
    assert "Streamlit" not in shown
    assert 'rel="shortcut icon" href="data:image/svg+xml' in HTML


def test_the_first_html_runs_what_streamlits_runs() -> None:
    theirs = (THEIRS / "index.html").read_text(encoding="utf-8")
    loaded = re.compile(r'<(?:script|link rel="modulepreload")[^>]*(?:src|href)="[^"]+"')
    assert loaded.findall(HTML) == loaded.findall(theirs)
    assert inline_scripts(HTML) == inline_scripts(theirs)


def test_only_fonts_that_the_pages_use_are_named() -> None:
    (styles,) = (text.decode() for path, text in INSTEAD.items() if path.endswith(".css"))
    (font,) = (path for path in INSTEAD if path.endswith(".woff2"))
    assert 'as="font"' not in HTML
    assert "Source Sans" not in styles
    assert re.search(rf"url\(\.\./media/{Path(font).name}\?\w+\)", styles)
    assert len(INSTEAD[font]) < 80_000
    assert (THEIRS / font.lstrip("/")).is_file()


def test_every_icon_is_in_the_font() -> None:
    named = set((ROOT / "pages" / "icons" / "names.txt").read_text().split())
    sources = [*(ROOT / "pages").rglob("*.py"), *(ROOT / "lipsync_core").rglob("*.py"), *THEIRS.rglob("*.js")]
    used = {name for file in sources for name in ICON.findall(file.read_text(encoding="utf-8"))}
    assert {"undo", "person", "expand_more"} <= used, "no icon was found where some are"
    missing = sorted((used & ALL_MATERIAL_ICONS) - named)
    assert not missing, f"pages/icons/ORIGIN.md says how to add {missing}"
