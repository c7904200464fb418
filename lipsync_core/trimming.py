"""A part of a kept voice as a voice of its own. The whole stays as it is."""

from __future__ import annotations

from lipsync_core import workers
from lipsync_core.errors import MediaError, WorkerError
from lipsync_core.media import LOOK, MediaStore, MediumFacts, clean_name

LEAST_S = 0.1
"""The shortest part; a voice may not be shorter."""


def trim_voice(store: MediaStore, voice: MediumFacts, start_s: float, end_s: float, *, listed: bool) -> MediumFacts:
    """Keep what is heard from ``start_s`` to ``end_s``; the same part is kept once.

    Until it is ``listed``, it is only there to be listened to. Raises `MediaError` where nothing would be left, or
    where the voice cannot be cut.
    """
    end_s = min(end_s, voice.duration_s)
    if not (start_s >= 0 and end_s - start_s >= LEAST_S):
        raise MediaError("Too little is left", f"The out time has to be at least {LEAST_S} s after the in time.")
    path = store.path(voice)
    if not path.is_file():
        raise MediaError("No longer here", f"“{voice.name}” is not in the media store. Choose it again.")
    name = part_name(voice.name, start_s, end_s)
    with store.scratch("cut") as scratch:
        out = scratch / "part.wav"
        arguments = {"path": str(path), "name": voice.name, "out": str(out), "start_s": start_s, "end_s": end_s}
        try:
            workers.run("cut_voice", arguments, LOOK)
        except WorkerError as error:
            raise MediaError("This voice could not be cut", f"{error} The whole voice is unchanged.") from error
        return store.keep(out, "audio", name, listed=listed)


def part_name(name: str, start_s: float, end_s: float) -> str:
    """What a part is called: ``voice.mp3`` from 1.5 to 4 seconds is ``voice 1.50–4.00 s.wav``."""
    stem = name.rpartition(".")[0] or name
    return clean_name(f"{stem} {start_s:.2f}–{end_s:.2f} s.wav")
