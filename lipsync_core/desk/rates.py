"""What the team pays where it set that itself."""

from __future__ import annotations

from dataclasses import asdict

from lipsync_core.desk.rooms import Part
from lipsync_core.people.roles import Action
from lipsync_core.pricing import Override, rates_file


class DeskRates(Part):
    """Changes of the team's own rates; `Studio.rates` reads them."""

    def set(self, place: str, override: Override | None) -> None:
        """Set, or with None forget, the team's own rate of a provider or engine.

        Raises `SettingsError` and `NotAllowedError`.
        """
        self.seat.check(Action.PRICES)
        before = self.rooms.rates().overrides.get(place)
        rates_file.change(self.rooms.settings.rates_file, place, override)
        did = "set the rate" if override is not None else "removed the rate"
        told = [None if rate is None else asdict(rate) for rate in (before, override)]
        self.rooms.audit.note(
            self.by or (override.by if override else ""), did, "rate", place, before=told[0], after=told[1]
        )
