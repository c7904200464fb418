"""Reads numbers as people type them, with a decimal point or a decimal comma. Pure.

``1,5`` and ``1.5`` are the same number everywhere. ``1,500`` is not: it is 1500 in some countries and 1.5 in others, so
both readings are returned and the person is asked.
"""

from __future__ import annotations

import re
from decimal import Decimal

LONGEST = 30
"""Characters. No number that a person types needs more."""

_GROUPED = re.compile(r"\d{1,3}(?: \d{3})+(?:[.,]\d*)?")
_DECIMALS = re.compile(r"(\d*)(?:[.,](\d*))?")
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,])\d{2,3})(?:\1\d{2,3})*\1\d{3}")
_BOTH = re.compile(r"\d{1,3}(?:,\d{3})+\.\d*|\d{1,3}(?:\.\d{3})+,\d*")
_MEANS = str.maketrans({"٫": ".", "٬": " ", "'": " ", "’": " ", "−": "-", "\u2009": " ", "\u202f": " ", "\u00a0": " "})


def decimals_of(text: str) -> tuple[Decimal, ...]:
    """Return the number that a text stands for; none if it is not a number.

    Two are returned if the only separator may be one of thousands or of decimals, as in ``1,500``: the larger first.
    """
    written = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in text[: LONGEST + 1])
    written = " ".join(written.translate(_MEANS).split())
    if len(written) > LONGEST:
        return ()
    if written.startswith("-"):
        return tuple(-number for number in _unsigned(written[1:].strip()))
    return _unsigned(written.removeprefix("+").strip())


def _unsigned(written: str) -> tuple[Decimal, ...]:
    if _GROUPED.fullmatch(written):
        return (Decimal(written.replace(" ", "").replace(",", ".")),)
    match = _DECIMALS.fullmatch(written)
    if match is not None and (match[1] or match[2]):
        whole, part = match[1], match[2] or ""
        number = Decimal(f"{whole or 0}.{part or 0}") if part else Decimal(whole)
        ambiguous = len(part) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
        return (Decimal(whole + part), number) if ambiguous else (number,)
    if _THOUSANDS.fullmatch(written):
        return (Decimal(written.replace(".", "").replace(",", "")),)
    if _BOTH.fullmatch(written):
        apart = "," if written.rfind(".") > written.rfind(",") else "."
        return (Decimal(written.replace(apart, "").replace(",", ".")),)
    return ()
