"""How the sandbox gets the media of an order: fetched over HTTP, stored by hash, measured by a worker.

It asks only hosts on its list (default: this computer), so that no request can send it elsewhere.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote_to_bytes, urlsplit
from weakref import WeakValueDictionary

import httpx

from lipsync_core.errors import MediaError, RenderError
from lipsync_core.sandbox.store import Store
from lipsync_core.worker import process

MediaKind = Literal["audio", "image", "video"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOOK = process.Limits(memory_mb=2048, seconds=90)
MAX_BYTES = 200 << 20
TLS = ssl.create_default_context()
"""Created once: reading the certificates takes longer than a request on loopback."""
_TIMEOUT = httpx.Timeout(20)


class Unusable(Exception):  # noqa: N818 - the job fails with these words
    """A medium that cannot be used for a video; ``str()`` is the vendor's error text."""


@dataclass(frozen=True, slots=True)
class FetchedMedium:
    """A fetched file. ``facts`` come from a worker; ``length_s`` is 0 for a picture."""

    path: Path
    facts: dict[str, Any]

    @property
    def length_s(self) -> float:
        """Its length when decoded, in seconds."""
        return float(self.facts.get("duration_s", 0.0))


class Fetcher:
    """Fetches and measures. ``allow`` holds hosts, or host:port; ``largest`` is in bytes."""

    def __init__(self, folder: Path, store: Store, allow: Sequence[str] = LOOPBACK, largest: int = MAX_BYTES) -> None:
        self._folder = folder
        self._store = store
        self._allow = frozenset(host.lower() for host in allow)
        self._largest = largest
        self._looking = asyncio.Semaphore(2)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """One lock for each file that is being stored and measured: it must not be replaced while a worker reads it."""

    def may_ask(self, url: str) -> bool:
        """Whether this host is on the list."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and not self._allow.isdisjoint({host, f"{host}:{port}"})

    async def get(self, source: str, kind: MediaKind) -> FetchedMedium:
        """Return the medium from a link, a data URI or Base64. Raises `Unusable`."""
        data = await self._bytes(source, kind)
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._folder / f"{sha256}.bin"
        turn = self._turns.setdefault(sha256, asyncio.Lock())
        async with turn:
            facts = self._store.look(sha256, kind)
            if facts is None or not path.is_file():
                async with self._looking:
                    facts = await asyncio.to_thread(self._look, path, data, sha256, kind)
        return FetchedMedium(path, facts)

    async def _bytes(self, source: str, kind: MediaKind) -> bytes:
        if not source.startswith(("http://", "https://")):
            return _inline(source, kind)
        if not self.may_ask(source):
            raise Unusable(f"Failed to download {kind}: host is not allowed")
        parts: list[bytes] = []
        size = 0
        try:
            async with (
                httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT, verify=TLS) as client,
                client.stream("GET", source) as answer,
            ):
                if answer.status_code != 200:
                    raise Unusable(f"Failed to download {kind}: HTTP {answer.status_code}")
                async for part in answer.aiter_bytes():
                    size += len(part)
                    if size > self._largest:
                        raise Unusable(f"Invalid {kind}: file too large")
                    parts.append(part)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unusable(f"Failed to download {kind}") from error
        return b"".join(parts)

    def _look(self, path: Path, data: bytes, sha256: str, kind: MediaKind) -> dict[str, Any]:
        self._folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(data)
        part.replace(path)
        try:
            facts = process.run(f"look_{kind}", {"path": str(path), "name": path.name}, LOOK)
        except (MediaError, RenderError) as error:
            long = isinstance(error, MediaError) and "too long" in error.title.lower()
            # lipsync.studio's sample of a failed job; the other vendors' words are not documented.
            raise Unusable(f"{kind.capitalize()} is too long" if long else f"Invalid {kind} format") from error
        self._store.keep_look(sha256, kind, facts)
        return facts


def _inline(source: str, kind: MediaKind) -> bytes:
    """Return the bytes of a data URI (RFC 2397), or of bare Base64."""
    head, comma, body = source.partition(",")
    try:
        if not head.startswith("data:"):
            return base64.b64decode(source, validate=True)
        if not comma:
            raise Unusable(f"Invalid {kind} format")
        return base64.b64decode(body, validate=True) if head.endswith(";base64") else unquote_to_bytes(body)
    except binascii.Error as error:
        raise Unusable(f"Invalid {kind} format") from error
