"""What stops a draft from speaking a brief's text on this computer."""

from __future__ import annotations

from lipsync_core.brief import Brief
from lipsync_core.espeak import HOW_TO_GET, speaker, speakers, unspeakable
from lipsync_core.quote import Issue


def unspoken(brief: Brief) -> list[Issue]:
    """Return why no draft can speak the brief's text; empty if one can, or if there is no text to speak."""
    if not brief.text.strip() or brief.audio is not None:
        return []
    if not speakers():
        return [Issue("text", HOW_TO_GET, stops=True)]
    if brief.speaker is None:
        return []
    who = speaker(brief.speaker)
    if who is None:
        return [Issue("speaker", f"No speaker “{brief.speaker[:40]}” is installed here. Choose another.", stops=True)]
    why = unspeakable(brief.text, who)
    return [] if why is None else [Issue("text", why, stops=True)]
