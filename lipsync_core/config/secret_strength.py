"""Check that a secret is long and varied, and does not appear in the studio's own files. Pure."""

from __future__ import annotations

from itertools import pairwise

SHORTEST = 32
"""Bytes."""
FEWEST_LETTERS = 10
"""The least number of different bytes; 32 random hexadecimal digits contain nearly all sixteen."""

PUBLISHED = frozenset(
    {
        "replace this",
        "replace this by 32 random bytes or more",
        "whsec_bm90IGEgc2VjcmV0OiByZXBsYWNlIHRoaXMgb25l",
    }
)
"""Texts that our own files print, or once printed, in place of a secret; a test reads all files."""


def weakness(secret: str, key: bytes | None = None) -> str | None:
    """Return what is wrong with a secret, as words that follow its name; None if nothing is wrong.

    ``key`` is the decoded secret, if it is written in Base64.
    """
    held = secret.encode() if key is None else key
    if any(known in secret for known in PUBLISHED):
        return "is printed in the studio's own files, where anyone can read it"
    if len(held) < SHORTEST:
        return f"has {len(held)} bytes; it needs at least {SHORTEST}"
    if len(set(held)) < FEWEST_LETTERS or _repeats(held) or _counts(held):
        return "repeats itself or counts up, so that it can be guessed"
    return None


def _repeats(held: bytes) -> bool:
    """Whether it is one short piece, repeated."""
    return any(held == (held[:length] * len(held))[: len(held)] for length in range(1, len(held) // 2 + 1))


def _counts(held: bytes) -> bool:
    """Whether most bytes differ by at most 1 from the byte before."""
    steps = sum(abs(one - other) <= 1 for one, other in pairwise(held))
    return 2 * steps > len(held)
