"""The page of a review link: one video, for a person who may see nothing else here. Pure.

It has no script and no link to another page; its policy lets a browser load only that video and its captions.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from html import escape

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { box-sizing: border-box; width: min(100%, 60rem); padding: 1.5rem; }
h1 { font-size: 1.25rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
video { display: block; max-width: 100%; max-height: 75vh; margin: 0 auto; border-radius: .5rem; background: #000; }
p { margin: 1rem 0 0; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

CSP = (
    f"default-src 'none'; media-src 'self'; style-src 'sha256-{_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a browser may load for the page."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review link shows. ``source`` is a link to the video that expires with the review.

    It is relative to the page's own address, which may be below a path."""

    name: str
    source: str
    until: datetime
    remark: str = ""
    """What the viewer has to know: that it is a draft, or not a real render."""
    captions: str = ""
    """A link to the captions of a text that is spoken, relative like ``source``; empty without any."""
    language: str = ""
    """The language of the captions, as a tag."""


def page(reviewed: Reviewed) -> str:
    """Return the page that shows the video."""
    name, source = escape(reviewed.name), f"..{escape(reviewed.source)}"
    remark = f"{escape(reviewed.remark)} " if reviewed.remark else ""
    track = ""
    if reviewed.captions:
        address, language = f"..{escape(reviewed.captions)}", escape(reviewed.language)
        track = f'<track kind="captions" label="Captions" srclang="{language}" src="{address}">'
    return _page(
        name,
        f"<h1>{name}</h1>\n"
        f'<video controls playsinline preload="metadata" src="{source}" aria-label="{name}">{track}</video>\n'
        f"<p>{remark}This link works until {reviewed.until:%d %B %Y, %H:%M} UTC.</p>",
    )


def page_of_nothing() -> str:
    """Return the page for an expired or invalid link: the same for both, so that it reveals nothing."""
    return _page(
        "Nothing to show",
        "<h1>Nothing to show</h1>\n"
        "<p>This link has expired, or the video is no longer kept. Ask the person who sent it for a new one.</p>",
    )


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
