"""The remark on a voice that was recorded too loud. Pure."""

from __future__ import annotations

NOTICEABLE = 0.003
"""Speech that only reaches full scale has no flat top. Of speech twice as loud as fits, 6 to 9 samples in 1,000 are
clipped in a WAV, and fewer are seen in what a lossy format keeps of it (tests/unit/decode/test_clipped.py)."""


def clipped_words(share: float) -> str | None:
    """Say what the clipped share of a voice's samples (0 to 1) means and what to do; None if it is not worth a word."""
    if share < NOTICEABLE:
        return None
    return (
        f"{share:.1%} of this voice is clipped: it was recorded too loud, and sounds distorted in every video. If you "
        "can, record it again at a lower level."
    )
