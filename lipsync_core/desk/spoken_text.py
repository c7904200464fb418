"""What stops a draft from speaking a brief's texts on this computer."""

from __future__ import annotations

from lipsync_core.brief import FIELDS, SPEAKERS, Brief
from lipsync_core.espeak import HOW_TO_GET, speaker, speakers, unspeakable
from lipsync_core.quote import Issue


def unspoken(brief: Brief) -> list[Issue]:
    """Return why no draft can speak the brief's texts; empty if one can, or if there is no text to speak."""
    if not brief.is_written:
        return []
    found = [issue for field in SPEAKERS if (issue := _unspoken(brief, field)) is not None]
    return found if speakers() else found[:1]  # one sentence about what is missing is enough


def _unspoken(brief: Brief, field: str) -> Issue | None:
    text, its_id = getattr(brief, field), getattr(brief, SPEAKERS[field])
    if not text.strip():
        return None
    if not speakers():
        return Issue(field, HOW_TO_GET, stops=True)
    if its_id is None:
        return None
    who = speaker(its_id)
    if who is None:
        gone = f"No {FIELDS[SPEAKERS[field]].noun} “{its_id[:40]}” is installed here. Choose another."
        return Issue(SPEAKERS[field], gone, stops=True)
    why = unspeakable(text, who)
    return None if why is None else Issue(field, why, stops=True)
