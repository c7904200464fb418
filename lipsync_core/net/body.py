"""Read a body from a server that may be hostile: in blocks of bounded size, decompressed if it is compressed.

`lipsync_core.net.fetch` reads people's links with it, and the providers read vendors' answers.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, AsyncIterator
from enum import StrEnum, auto

MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_INFLATED_BLOCK = 65_536


class BodyFault(StrEnum):
    """What is wrong with a body."""

    CODING = auto()
    """It has a content coding that was not requested."""
    DAMAGED = auto()
    TOO_LARGE = auto()
    """Compressed data can be endless and still decompress to nothing."""
    MORE = auto()
    """There is more data after its end."""
    CUT_SHORT = auto()


class BodyError(Exception):
    """A body cannot be read."""

    def __init__(self, fault: BodyFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


async def plain_blocks(blocks: AsyncIterable[bytes], coding: str, most_bytes: int) -> AsyncIterator[bytes]:
    """Yield the body in blocks of bounded size, decompressed by its ``Content-Encoding``.

    At most ``most_bytes`` of a compressed body are read; the caller counts the output. Raises `BodyError`.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        async for block in blocks:
            yield block
        return
    if coding not in ("gzip", "x-gzip"):
        raise BodyError(BodyFault.CODING)
    inflate, taken = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16), 0
    async for block in blocks:
        taken += len(block)
        if taken > most_bytes:
            raise BodyError(BodyFault.TOO_LARGE)
        if inflate.eof:  # zlib would keep everything that follows in memory
            raise BodyError(BodyFault.MORE)
        while block:
            try:
                yield inflate.decompress(block, _INFLATED_BLOCK)
            except zlib.error as error:
                raise BodyError(BodyFault.DAMAGED) from error
            block = inflate.unconsumed_tail
    if not inflate.eof:
        raise BodyError(BodyFault.CUT_SHORT)
