"""A vendor's keys. They go into request headers only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Never

from lipsync_core.errors import SettingsError

_SHORTEST_HIDDEN = 6
"""Shorter values are not redacted: an answer may contain such words for other reasons."""


class Keys:
    """The keys of one vendor, by variable. They are never printed, logged or pickled."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        """Accept keys as people paste them: surrounding spaces and a leading “Bearer” are removed.

        Raises:
            SettingsError: a key is empty or not valid in a header. The text names the variable, not the value.
        """
        self._values = {variable: _clean(variable, value) for variable, value in values.items()}

    @classmethod
    def found(cls, variables: Sequence[str], given: Mapping[str, str]) -> Keys | None:
        """Return the keys in ``given`` (variable → value); None where one of ``variables`` is missing or blank."""
        if any(not given.get(variable, "").strip() for variable in variables):
            return None
        return cls({variable: given[variable] for variable in variables})

    def reveal(self, variable: str) -> str:
        """Return the key itself, for a header of the request that needs it."""
        return self._values[variable]

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that distinguish keys without revealing them: the start of their SHA-256."""
        joined = "\n".join(value for _variable, value in sorted(self._values.items()))
        return hashlib.sha256(joined.encode()).hexdigest()[:8]

    def redact(self, text: str) -> str:
        """Return ``text`` without these keys: vendors quote a key that they reject."""
        for value in sorted(self._values.values(), key=len, reverse=True):
            if len(value) >= _SHORTEST_HIDDEN:
                text = text.replace(value, "[key]")
        return text

    def redact_bytes(self, body: bytes) -> bytes:
        """Return an answer's bytes without these keys, whatever else they hold."""
        return self.redact(body.decode("latin-1")).encode("latin-1")

    def __repr__(self) -> str:
        return f"Keys({', '.join(f'{variable}=…' for variable in self._values)})"

    def __reduce__(self) -> Never:
        raise TypeError("Keys do not leave the process that read them.")


def _clean(variable: str, value: str) -> str:
    value = re.sub(r"^bearer(\s+|$)", "", value.strip(), flags=re.IGNORECASE)
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise SettingsError(
            f"{variable} holds something that cannot be a key: it is empty, or has a space, a line break or a special "
            "letter in it. Copy it again from the vendor's page."
        )
    return value
