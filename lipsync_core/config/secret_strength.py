"""Checks that a secret is long and varied, and not one that the studio's own files print. Pure."""

from __future__ import annotations

from itertools import pairwise

SHORTEST = 32
"""Bytes."""
FEWEST_LETTERS = 10
"""Different ones; of 32 random hexadecimal digits nearly all of the sixteen occur."""

PUBLISHED = frozenset(
    {
        "replace this",
        "replace this by 32 random bytes or more",
        "whsec_bm90IGEgc2VjcmV0OiByZXBsYWNlIHRoaXMgb25l",
    }
)
"""What our own files print in the place of a secret, or printed once; a test reads them all."""


def weakness(secret: str, key: bytes | None = None) -> str | None:
    """What is wrong with a secret, to be read after its name; None where nothing is.

    ``key`` is what it stands for where it is written in Base64.
    """
    held = secret.encode() if key is None else key
    if any(known in secret for known in PUBLISHED):
        return "is printed in the studio's own files, where anybody can read it"
    if len(held) < SHORTEST:
        return f"has {len(held)} bytes, and {SHORTEST} is the least"
    if len(set(held)) < FEWEST_LETTERS or _repeats(held) or _counts(held):
        return "repeats itself or counts up, so that it can be guessed"
    return None


def _repeats(held: bytes) -> bool:
    """Whether it is one short piece again and again."""
    return any(held == (held[:length] * len(held))[: len(held)] for length in range(1, len(held) // 2 + 1))


def _counts(held: bytes) -> bool:
    """Whether most of its bytes follow from the one before: the same, the next or the last."""
    steps = sum(abs(one - other) <= 1 for one, other in pairwise(held))
    return 2 * steps > len(held)
