"""How long a render takes: from an engine's real-time factor to expected seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """An engine's speed.

    ``rtf`` maps a resolution to (typical, slow) seconds of work per second of video; ``overhead_s`` is what
    every render costs besides; ``source`` says where the figures come from.
    """

    rtf: Mapping[str, tuple[float, float]]
    overhead_s: float
    source: str

    def expected_s(self, duration_s: float, resolution: str) -> tuple[float, float]:
        """Seconds until a clip of ``duration_s`` is ready, half the time and nine times of ten."""
        typical, slow = self.rtf[resolution]
        return self.overhead_s + typical * duration_s, self.overhead_s + slow * duration_s
