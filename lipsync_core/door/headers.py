"""The security headers of every answer: no guessed types, no foreign frames, no scripts from elsewhere."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from html.parser import HTMLParser

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
}
"""On every answer that does not set a stricter value itself."""


def policy(inline_scripts: Iterable[str]) -> str:
    """Return the Content-Security-Policy of the pages, which allows these inline scripts and no others."""
    hashes = [f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in inline_scripts]
    rules = {
        "default-src": ["'none'"],
        # The pages' own small components are loaded from blob: URLs; the protobuf reader is WebAssembly.
        "script-src": ["'self'", "blob:", "'wasm-unsafe-eval'", *hashes],
        "style-src": ["'self'", "'unsafe-inline'"],  # the pages create styles while they are drawn
        "img-src": ["'self'", "data:", "blob:"],
        "media-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'", "data:", "blob:"],
        "worker-src": ["'self'", "blob:"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'self'"],
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in rules.items())


def inline_scripts(html: str) -> list[str]:
    """Return the inline scripts of an HTML page."""
    found = _Scripts()
    found.feed(html)
    return found.texts


class _Scripts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and not dict(attrs).get("src")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts.append(data)


def guarded(send: Send, content_policy: str, *, secure_cookies: bool) -> Send:
    """Return a ``send`` that adds these headers; with ``secure_cookies``, cookies are sent over TLS only."""

    async def sends(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start", "websocket.accept"):
            message = {**message, "headers": list(message.get("headers", ()))}
            headers = MutableHeaders(raw=message["headers"])
            for name, value in {**ALWAYS, "Content-Security-Policy": content_policy}.items():
                headers.setdefault(name, value)
            if secure_cookies:
                message["headers"] = [(name, _secure(name, value)) for name, value in message["headers"]]
        await send(message)

    return sends


def _secure(name: bytes, value: bytes) -> bytes:
    known = {part.strip().lower() for part in value.split(b";")}
    return value + b"; Secure" if name.lower() == b"set-cookie" and b"secure" not in known else value
