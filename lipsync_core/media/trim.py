"""Cuts a part out of a stored voice or video, as a medium of its own. The whole stays unchanged."""

from __future__ import annotations

from lipsync_core.errors import MediaError, WorkerError
from lipsync_core.media.store import LOOK, MediaStore
from lipsync_core.medium import MediumFacts
from lipsync_core.plain_text import clean_name
from lipsync_core.worker import process

LEAST_S = 0.1
"""The shortest part; a voice may not be shorter."""
FILM_MB = 2048


def trim(store: MediaStore, whole: MediumFacts, start_s: float, end_s: float, *, listed: bool) -> MediumFacts:
    """Store the part from ``start_s`` to ``end_s``; the same part is stored once.

    A voice is cut to the sample. A video is cut to its frames: the first is the one on screen at ``start_s``, the last
    the one on screen right before ``end_s``. Until it is ``listed``, the part is only a preview. Raises `MediaError` if
    nothing would be left, or if it cannot be cut.
    """
    end_s = min(end_s, whole.duration_s)
    if not (start_s >= 0 and end_s - start_s >= LEAST_S):
        raise MediaError("Too little is left", f"The out time has to be at least {LEAST_S} s after the in time.")
    path = store.file(whole)
    if path is None:
        raise MediaError("No longer here", f"“{whole.name}” is not in the media store. Choose it again.")
    is_film = whole.kind == "video"
    task, extension = ("cut_video", ".mp4") if is_film else ("cut_voice", ".wav")
    limits = for_film(end_s - start_s) if is_film else LOOK
    with store.scratch("cut") as scratch:
        out = scratch / f"part{extension}"
        arguments = {"path": str(path), "name": whole.name, "out": str(out), "start_s": start_s, "end_s": end_s}
        try:
            process.run(task, arguments, limits)
        except WorkerError as error:
            what = "video" if is_film else "voice"
            raise MediaError(f"This {what} could not be cut", f"{error} The whole {what} is unchanged.") from error
        name = part_name(whole.name, start_s, end_s, extension)
        return store.keep(out, whole.kind, name, listed=listed, made_of=whole)


def for_film(seconds: float) -> process.Limits:
    """Return the limits for making a video of this length: on a busy computer, a second of 4K in HDR takes ten."""
    return process.Limits(memory_mb=FILM_MB, seconds=120 + 20 * seconds)


def part_name(name: str, start_s: float, end_s: float, extension: str = ".wav") -> str:
    """Return a part's name: ``voice.mp3`` from 1.5 to 4 seconds becomes ``voice 1.50–4.00 s.wav``."""
    stem = name.rpartition(".")[0] or name
    return clean_name(f"{stem} {start_s:.2f}–{end_s:.2f} s{extension}")
