"""Media in a format that an engine accepts: a converted copy if it would refuse the original, or misread it.

Documented limits of an engine lead to a copy, and so does whatever is `unlike` what people see and hear: a vendor's
program may ignore that pixels are not square, or take the first sound track. The original stays unchanged, and a copy
is made once: the facts of the original name the copy, and the copy names its source.
"""

from __future__ import annotations

from dataclasses import dataclass

from lipsync_core.errors import MediaError, WorkerError
from lipsync_core.media.store import LOOK, MediaStore
from lipsync_core.media.trim import for_film
from lipsync_core.medium import Kind, MediumFacts
from lipsync_core.plain_text import clean_name
from lipsync_core.providers.forms import EngineForm, Files
from lipsync_core.worker import process

_TASKS: dict[Kind, tuple[str, str]] = {
    "audio": ("write_wav", ".wav"),
    "image": ("write_jpeg", ".jpg"),
    "video": ("cut_video", ".mp4"),
}
"""The worker task that makes the copy of each kind, and the copy's format."""
_SEEN: dict[Kind, tuple[str, str]] = {
    "audio": ("voice", "you hear it"),
    "image": ("picture", "you see it"),
    "video": ("video", "players show it"),
}
_ANY = Files((), "")
"""What an engine takes of which nothing is known."""
_WAV_BYTES_PER_S = 4 * 48_000
"""The upper bound: 16 bits in two channels."""
_FILM_BYTES_PER_S = 60_000
"""Below this rate a video is too poor to watch."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion of a medium before an engine gets it."""

    title: str
    """What is sent, for the person who added the medium: ``Sent as WAV``."""
    words: str
    """Why, with the source if it is assumed."""
    most_bytes: int
    most_side: int

    @property
    def key(self) -> str:
        """Identifies this copy among those of the same medium."""
        return f"{self.most_bytes}.{self.most_side}"


def change_for(facts: MediumFacts, form: EngineForm) -> Conversion | None:
    """Return the conversion that a medium needs for this engine; None if it needs none or none would help."""
    files = form.files.get(facts.kind, _ANY)
    if not _helps(facts, files):
        return None
    if files is _ANY or (why := _unfit(facts, files)) is None:
        return _as_seen(facts, files) if facts.unlike else None
    becomes, takes = why
    told = f"probably takes {takes} ({files.source})" if files.assumed else f"names {takes}"
    return Conversion(f"Sent as {becomes}", f"{form.title} {told}.", files.most_bytes, files.most_side)


def _as_seen(facts: MediumFacts, files: Files) -> Conversion:
    """Return the conversion of a medium that a vendor's program might take for something else."""
    noun, seen = _SEEN[facts.kind]
    title = f"Sent as {_label(_TASKS[facts.kind][1])}"
    return Conversion(title, f"This {noun} {facts.unlike}. It is sent as {seen}.", files.most_bytes, files.most_side)


def _unfit(facts: MediumFacts, files: Files) -> tuple[str, str] | None:
    """Return what the medium becomes, and what the engine accepts; None if it is accepted as it is."""
    target = _label(_TASKS[facts.kind][1])
    if facts.extension not in files.formats:
        return target, _either([_label(one) for one in files.formats])
    if files.most_side and max(facts.width, facts.height) > files.most_side:
        return f"a smaller {target}", f"up to {files.most_side:,} pixels"
    if files.most_bytes and facts.size > files.most_bytes:
        return f"a smaller {target}", f"up to {files.most_bytes / 1_000_000:,.0f} MB"
    return None


def _helps(facts: MediumFacts, files: Files) -> bool:
    """Return whether the copy would be within the limit; a clip that is too long has to be cut by a person."""
    if not files.most_bytes:
        return True
    per_s = {"audio": _WAV_BYTES_PER_S, "video": _FILM_BYTES_PER_S}.get(facts.kind, 0)
    return facts.duration_s * per_s <= files.most_bytes


def known_copy(store: MediaStore, facts: MediumFacts, change: Conversion) -> MediumFacts | None:
    """Return the copy if it was made before and is still kept, else None."""
    sha256 = dict(facts.copies).get(change.key)
    return None if sha256 is None else store.get(sha256, facts.kind)


def copy_of(store: MediaStore, facts: MediumFacts, change: Conversion) -> MediumFacts:
    """Return the copy, making it if necessary. Blocks while a worker writes it. Raises `MediaError`."""
    if (known := known_copy(store, facts, change)) is not None and store.file(known) is not None:
        return known
    path = store.file(facts)
    if path is None:
        raise MediaError("No longer here", f"“{facts.name}” is not in the media store. Choose it again.")
    task, extension = _TASKS[facts.kind]
    limits = for_film(facts.duration_s) if facts.kind == "video" else LOOK
    with store.scratch("fit") as scratch:
        out = scratch / f"copy{extension}"
        arguments = {
            "path": str(path),
            "name": facts.name,
            "out": str(out),
            "start_s": 0.0,
            "end_s": facts.duration_s,
            "most_side": change.most_side,
            "most_bytes": change.most_bytes,
        }
        try:
            process.run(task, arguments, limits)
        except WorkerError as error:
            advice = f"{error} Save “{facts.name}” as {_label(extension)} with another program, and add that file."
            raise MediaError("This file could not be converted", advice) from error
        stem = facts.name.rpartition(".")[0] or facts.name
        made = store.keep(out, facts.kind, clean_name(f"{stem}{extension}"), listed=False, made_of=facts)
    store.note_copy(facts, change.key, made.sha256)
    return made


def _label(extension: str) -> str:
    return {".jpg": "JPEG", ".webp": "WebP", ".tif": "TIFF", ".webm": "WebM", ".weba": "WebM", ".opus": "Opus"}.get(
        extension, extension.removeprefix(".").upper()
    )


def _either(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
