"""The warning about a silent voice, before it is paid for. Pure."""

from __future__ import annotations

from typing import Protocol


class StoredVoice(Protocol):
    """A stored voice; `lipsync_core.media.store.MediumFacts` satisfies this protocol."""

    @property
    def name(self) -> str:
        """Its original file name."""

    @property
    def unheard(self) -> str:
        """Why nothing is heard in it; empty if something is."""


_WORDS = {
    "silent": "Nothing is heard in “{name}”. Was the microphone on? Listen to it, and record it again.",
    # Noted of voices that were added before the loudest track was the one that is heard.
    "mute_track": (
        "Nothing is heard in the first sound track of “{name}”, which is the one that is used; another track has "
        "sound. Export it with that track alone."
    ),
    "cancels": (
        "The two channels of “{name}” cancel each other out: wherever they are mixed into one, nothing is heard. "
        "Export one of them alone, as mono."
    ),
}


def unheard_words(voice: StoredVoice) -> str | None:
    """Return why nothing is heard in a voice, and what to do; None if something is heard."""
    words = _WORDS.get(voice.unheard)
    return None if words is None else words.format(name=voice.name)
