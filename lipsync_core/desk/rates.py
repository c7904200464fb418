"""The team's own rates."""

from __future__ import annotations

from collections.abc import Mapping

from lipsync_core.desk.rooms import Part
from lipsync_core.pricing import Override, Rates


class DeskRates(Part):
    """Changes of the team's own rates; `Studio.rates` reads them."""

    def set(self, place: str, override: Override | None) -> None:
        """Set, or with None remove, the team's own rate of a provider or engine; see `set_all`."""
        self.set_all({place: override})

    def set_all(self, overrides: Mapping[str, Override | None], *, seen: Rates | None = None) -> None:
        """Set, or remove, several rates at once: all or none.

        ``seen`` are the rates that the person saw: a rate changed since then by somebody else is not replaced.

        Raises `SettingsError` and `NotAllowedError`.
        """
        self.rooms.team_rates.change(overrides, by=self.by, seen=seen)
