"""Expected waits in seconds: from an engine's real-time factor, or from this studio's own renders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lipsync_core.providers.facts import Timing

FEWEST_SEEN = 5
"""Renders that must have been observed before they replace the vendor's figures."""


@dataclass(frozen=True, slots=True)
class Wait:
    """An expected wait: half the renders are done by ``p50_s``, nine of ten by ``p90_s``; and the figures' source."""

    p50_s: float
    p90_s: float
    source: str


def expected_wait(timing: Timing, duration_s: float, resolution: str, seen: Sequence[tuple[float, float]] = ()) -> Wait:
    """Return the wait for a clip of ``duration_s``; ``seen`` holds (seconds taken, seconds of video) per past render.

    From `FEWEST_SEEN` renders on, they replace the vendor's figures. Each is scaled by the ratio of the vendor's
    figures for the two lengths, so that short clips help to predict long ones.
    """
    typical, slow = timing.expected_s(duration_s, resolution)
    if len(seen) < FEWEST_SEEN:
        return Wait(typical, slow, timing.source)
    ratios = sorted(took / timing.expected_s(length, resolution)[0] for took, length in seen)
    return Wait(
        typical * _quantile(ratios, 0.5),
        typical * _quantile(ratios, 0.9),
        f"the last {len(seen)} renders of this studio",
    )


def sandbox_wait_s(half_s: float, most_s: float | None, *, speed: float, asked_s: float) -> tuple[float, float]:
    """Return the seconds within which half, and nine of ten, of such renders are ready in the sandbox.

    The sandbox is faster by its speed factor, but it is polled only every ``asked_s`` seconds, and it really renders.
    """
    return half_s / speed + asked_s + 5.0, (most_s or half_s) / speed + 2 * asked_s + 10.0


def _quantile(ordered: Sequence[float], part: float) -> float:
    """Return the quantile ``part`` by linear interpolation."""
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
