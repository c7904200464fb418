"""A written text as a draft needs it: its sound, the movement of the mouth, and its captions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lipsync_core.captions import Caption, captions_of
from lipsync_core.draft.speech import MouthTrack
from lipsync_core.draft.synthesis import rested, speak, spoken_track, write_wav
from lipsync_core.draft.visemes import visemes_of
from lipsync_core.errors import RenderError


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text that was spoken: the file with its sound, how the mouth moves, and what is shown when."""

    voice: Path
    track: MouthTrack
    captions: tuple[Caption, ...]


def spoken(text: str, voice: Path, *, speaker: str, pace: int, pitch: int, most_s: float) -> Spoken:
    """Speak ``text`` into the WAV file ``voice``, within ``most_s`` seconds.

    ``speaker`` is espeak-ng's name of a voice; ``pace`` is in words a minute, ``pitch`` from 0 to 99. Raises
    `RenderError`, with what to do, if it cannot be spoken.
    """
    try:
        speech = speak(text, speaker, words_per_minute=pace, pitch=pitch, most_s=most_s)
    except OSError as error:
        raise RenderError(f"The text was not spoken: {error}. Install espeak-ng again, then render again.") from error
    except ValueError as error:
        raise RenderError(f"The text was not spoken: {error}. Choose another speaker, then render again.") from error
    if not speech.complete:
        most = f"{most_s / 60:.0f} minutes"
        raise RenderError(f"Spoken, this text lasts longer than {most}. Shorten it, or make several clips of it.")
    if not any(visemes_of(phone.ipa) for phone in speech.phones):
        raise RenderError("The speaker finds nothing to say in this text. Choose a speaker of its language.")
    speech = rested(speech)
    write_wav(speech, voice)
    words = [(word.at, word.start_s, word.end_s) for word in speech.words]
    return Spoken(voice, spoken_track(speech), captions_of(text, words))
