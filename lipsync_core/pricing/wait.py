"""Expected waits in seconds: from an engine's real-time factor, or from this studio's own renders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lipsync_core.providers.facts import Timing

FEWEST_SEEN = 5
"""Renders that must have been seen before they count for more than what the vendor says."""


@dataclass(frozen=True, slots=True)
class Wait:
    """An expected wait: half are done by ``p50_s``, nine of ten by ``p90_s``; and how that is known."""

    p50_s: float
    p90_s: float
    source: str


def expected_wait(timing: Timing, duration_s: float, resolution: str, seen: Sequence[tuple[float, float]] = ()) -> Wait:
    """The wait for a clip of ``duration_s``; ``seen`` holds (seconds taken, seconds of video) of this engine's renders.

    With `FEWEST_SEEN` of them they decide: each is scaled by what the vendor's figures say for the two lengths, so that
    short clips tell something about long ones.
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
    """Seconds within which half, and nine of ten, of such renders are ready in the sandbox.

    It is faster by its speed, but asked no more often than every ``asked_s`` seconds, and it renders for real.
    """
    return half_s / speed + asked_s + 5.0, (most_s or half_s) / speed + 2 * asked_s + 10.0


def _quantile(ordered: Sequence[float], part: float) -> float:
    """The value below which ``part`` of them lie, between the two nearest."""
    place = part * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
