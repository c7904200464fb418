"""What the studio puts in place of Streamlit's own files: the first HTML, and fonts without what no page uses."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

NAME = "Lip-Sync Studio"
_PAGES = Path(__file__).resolve().parents[1]
_WHOLE_FONT = "MaterialSymbols-Rounded.nEdyypZU.woff2"
"""The file from which `pages/icons/icons.woff2` was made; any other is left as it is."""
_STYLE_SHEET = re.compile(r'href="\./(static/css/index\.[\w-]+\.css)"')
_SOURCE_FONT = re.compile(r'@font-face\{font-family:"?Source [^}]*\}')
"""The fonts of Streamlit's default theme. The studio's theme names fonts that every computer has."""

_STYLE = """
      .first { position: fixed; inset: 0; display: grid; place-content: center; justify-items: center; gap: 0.75rem;
        background: #fff; color: #10151f; font: 600 1.25rem system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
      .first img { width: 4rem; height: 4rem }
      .first small { font-weight: 400; font-size: 0.9375rem; opacity: 0.75 }
      @media (prefers-color-scheme: dark) { .first { background: #12151b; color: #e9ecf2 } }
    """
"""The colours are those of the theme."""


def page_code(folder: Path) -> tuple[str, Mapping[str, bytes]]:
    """Return the first HTML, and the files that replace some of Streamlit's in ``folder``, by their paths."""
    html = _first_html((folder / "index.html").read_text(encoding="utf-8"))
    found = _STYLE_SHEET.search(html)
    if found is None:
        return html, {}
    sheet = _SOURCE_FONT.sub("", (folder / found[1]).read_text(encoding="utf-8"))
    instead: dict[str, bytes] = {}
    if _WHOLE_FONT in sheet:
        icons = instead[f"/static/media/{_WHOLE_FONT}"] = (_PAGES / "icons" / "icons.woff2").read_bytes()
        sheet = sheet.replace(_WHOLE_FONT, f"{_WHOLE_FONT}?{_mark(icons)}")
    styles = instead[f"/{found[1]}"] = sheet.encode()
    return html.replace(found[0], f'href="./{found[1]}?{_mark(styles)}"'), instead


def _first_html(theirs: str) -> str:
    """Return the HTML with the studio's name and mark: Streamlit removes them when it draws the page."""
    mark = f"data:image/svg+xml;base64,{b64encode((_PAGES / 'icon.svg').read_bytes()).decode()}"
    waits = f'<div class="first" role="status"><img src="{mark}" alt="">{NAME}<small>Loading…</small></div>'
    needs = f"<p>{NAME} needs JavaScript. Allow it for this address and reload.</p>"
    html = re.sub(r"<title>.*?</title>", f"<title>{NAME}</title>\n    <style>{_STYLE}</style>", theirs)
    html = re.sub(r'<link\s[^>]*as="font"[^>]*>\s*', "", html)
    html = re.sub(r'(<link\s+rel="shortcut icon"\s+href=)"[^"]*"', rf'\1"{mark}"', html)
    html = re.sub(r"<noscript>.*?</noscript>", f"<noscript>{needs}</noscript>", html, flags=re.DOTALL)
    return html.replace('<div id="root"></div>', f'<div id="root">{waits}</div>')


def _mark(content: bytes) -> str:
    """Return what makes a file's address its own, so that a browser may keep it for good."""
    return hashlib.sha256(content).hexdigest()[:16]
