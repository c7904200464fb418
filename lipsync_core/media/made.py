"""What is made of a stored medium only when somebody looks at it, so that no page waits for it.

It is kept beside the medium, is removed together with it, and can be made again at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from lipsync_core.brief import MouthBox
from lipsync_core.captions import Caption, as_srt, as_vtt
from lipsync_core.errors import MediaError, RenderError, WorkerError
from lipsync_core.media.files import move_durably
from lipsync_core.media.store import LOOK, MediaStore
from lipsync_core.medium import MediumFacts
from lipsync_core.worker import process

What = Literal["waveform", "speaking", "opened", "playable", "vtt", "srt"]

FILES: Mapping[What, tuple[str, str]] = {
    "waveform": (".json", "application/json"),
    "speaking": (".mp4", "video/mp4"),
    "opened": (".jpg", "image/jpeg"),
    "playable": (".wav", "audio/wav"),
    "vtt": (".vtt", "text/vtt"),
    "srt": (".srt", "application/x-subrip"),
}
"""The extension and the content type of each."""
_CAPTIONS: Mapping[What, Callable[[Iterable[Caption]], str]] = {"vtt": as_vtt, "srt": as_srt}


def made_of(store: MediaStore, facts: MediumFacts, what: What, box: MouthBox | None = None) -> Path | None:
    """Return the file, made now if it is missing; None if it cannot be made. Blocks. Raises `BucketError`.

    ``box`` is the mouth of a picture, or of a video's first one, that shall open.
    """
    extension, _mime = FILES[what]
    where = "" if box is None else "".join(f"_{round(number)}" for number in box)
    kept = store.made_path(facts, f"{what}{where}{extension}")
    if kept.is_file():
        return kept
    path = store.file(facts)
    if path is None:
        return None
    with store.scratch("made") as scratch:
        out = scratch / f"made{extension}"
        if not (_written(store, facts, what, out) if what in _CAPTIONS else _worked_out(path, facts, what, out, box)):
            return None
        move_durably(out, kept)
    if path.is_file():
        return kept
    kept.unlink(missing_ok=True)  # the medium was removed meanwhile
    return None


def _worked_out(path: Path, facts: MediumFacts, what: What, out: Path, box: MouthBox | None) -> bool:
    """Make the file in a worker; return whether it could be made."""
    arguments: dict[str, Any] = {"path": str(path), "name": facts.name, "kind": facts.kind, "out": str(out)}
    arguments["mouth_box"] = box
    try:
        process.run(f"make_{what}", arguments, LOOK)
    except (MediaError, RenderError, WorkerError):
        return False
    return True


def _written(store: MediaStore, facts: MediumFacts, what: What, out: Path) -> bool:
    """Write the captions of a spoken text; return whether the video has any."""
    captions = store.captions(facts)
    if captions:
        out.write_text(_CAPTIONS[what](captions), encoding="utf-8")
    return bool(captions)
