"""The catalogue of engines. A new one is one entry here."""

from __future__ import annotations

from dataclasses import dataclass

from lipsync_core.timing import Timing


@dataclass(frozen=True, slots=True)
class Engine:
    """One way to make a clip: what it takes, what it can do, and how fast it is."""

    id: str
    """``provider/model``."""
    title: str
    scene: str
    resolutions: tuple[str, ...]
    purpose: str
    """One sentence under the engine's name in the form."""
    timing: Timing


ENGINES = {
    engine.id: engine
    for engine in (
        Engine(
            id="draft/portrait",
            title="Draft engine",
            scene="portrait",
            resolutions=("480p", "720p"),
            purpose="To judge timing, framing and script. Made on this computer.",
            timing=Timing(
                rtf={"480p": (0.1, 0.3), "720p": (0.15, 0.5)},
                overhead_s=1.5,
                source="twice what tests/bench/bench_draft.py measured on two cores",
            ),
        ),
    )
}
"""Every engine by its id."""
