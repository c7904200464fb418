"""The tasks of a worker process. Imported only there: it loads the decoders.

Every task takes JSON-ready arguments and a progress callback, and returns a JSON-ready result. Each imports only what
it needs, because a worker runs one task and starting takes most of the time of a short one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lipsync_core import captions, decode
from lipsync_core.medium import box_around

if TYPE_CHECKING:
    from lipsync_core.draft.spoken import Spoken

Arguments = Mapping[str, Any]
Progress = Callable[[int, int], None]
Task = Callable[[Arguments, Progress], dict[str, Any]]

PREVIEW_PX = 960
THUMB_PX = 224
PEOPLE = ("Left", "Right")
"""What two people are called in captions."""


def look_image(arguments: Arguments, _progress: Progress) -> dict[str, Any]:
    """Return facts about a picture and its likely mouth box; write a preview and a thumbnail if requested."""
    path, name = Path(arguments["path"]), arguments["name"]
    facts = decode.image_facts(path, name=name)
    picture = decode.load_image(path, name=name)
    if "preview" in arguments:
        _small_pictures(picture, arguments)
    return asdict(facts) | {"mouth": _mouth(picture, facts.width)}


def look_audio(arguments: Arguments, _progress: Progress) -> dict[str, Any]:
    """Return facts about a voice, from decoding all of it."""
    return asdict(decode.voice_facts(Path(arguments["path"]), name=arguments["name"]))


def look_video(arguments: Arguments, _progress: Progress) -> dict[str, Any]:
    """Return facts about a video that plays to its end.

    On request, write its first picture as preview and thumbnail, and say where the mouth is in it.
    """
    path = Path(arguments["path"])
    facts = decode.check_video(path, name=arguments["name"])
    if "preview" not in arguments:
        return asdict(facts)
    picture = decode.first_picture(path, most_side=2 * PREVIEW_PX)
    _small_pictures(picture, arguments)
    return asdict(facts) | {"mouth": _mouth(picture, facts.width)}


def _mouth(picture: Any, whole_px: int) -> dict[str, Any]:
    """Return where the mouths of a picture are, in the pixels of one that is ``whole_px`` wide."""
    from lipsync_core.draft import face

    faces = face.find_faces(picture)
    mouth = face.mouth_among(faces)
    guess = mouth or face.likely_mouth(picture)
    speakers = [face.mouth_of(one) for one in faces[: face.speakers(faces)]]
    by = whole_px / picture.shape[1]
    return {
        "x": by * float(guess.x),
        "y": by * float(guess.y),
        "width": by * float(guess.width),
        "found": mouth is not None,
        "sure": mouth is not None and mouth.score is not None and mouth.score >= face.SURE,
        "faces": len(speakers),
        "boxes": [box_around(by * float(one.x), by * float(one.y), by * float(one.width)) for one in speakers],
    }


def _small_pictures(picture: Any, arguments: Arguments) -> None:
    """Write ``picture`` as a preview and as a square thumbnail that keeps the area near its top."""
    from PIL import Image, ImageOps

    small = Image.fromarray(picture)
    small.thumbnail((PREVIEW_PX, PREVIEW_PX), Image.Resampling.LANCZOS)
    small.save(arguments["preview"], "JPEG", quality=85)
    square = ImageOps.fit(small, (THUMB_PX, THUMB_PX), Image.Resampling.LANCZOS, centering=(0.5, 0.3))
    square.save(arguments["thumb"], "JPEG", quality=85)


def cut_voice(arguments: Arguments, _progress: Progress) -> dict[str, Any]:
    """Write the part of a voice between two instants as a WAV file."""
    decode.cut_voice(
        Path(arguments["path"]),
        Path(arguments["out"]),
        start_s=arguments["start_s"],
        end_s=arguments["end_s"],
        name=arguments["name"],
    )
    return {}


def cut_video(arguments: Arguments, _progress: Progress) -> dict[str, Any]:
    """Write the part of a video between two instants as an MP4, no larger than requested."""
    decode.cut_video(
        Path(arguments["path"]),
        Path(arguments["out"]),
        start_s=arguments["start_s"],
        end_s=arguments["end_s"],
        most_side=arguments.get("most_side", 0),
        most_bytes=arguments.get("most_bytes", 0),
        name=arguments["name"],
    )
    return {}


def make_waveform(arguments: Arguments, _progress: Progress) -> dict[str, Any]:
    """Write the outline of a sound as a JSON list of numbers from 0 to 100."""
    found = decode.peaks(decode.speech_blocks(Path(arguments["path"]), name=arguments["name"]))
    Path(arguments["out"]).write_text(json.dumps(found, separators=(",", ":")), encoding="ascii")
    return {}


def make_speaking(arguments: Arguments, _progress: Progress) -> dict[str, Any]:
    """Write a short, small, silent MP4 in which the mouth at the given box opens and closes."""
    from lipsync_core.draft import render

    picture = decode.load_image(Path(arguments["path"]), name=arguments["name"])
    render.speaking(image=picture, mouth_box=tuple(arguments["mouth_box"]), out=Path(arguments["out"]))
    return {}


def make_opened(arguments: Arguments, _progress: Progress) -> dict[str, Any]:
    """Write a JPEG of a picture, or of a video's first one, with its mouth open at the given box."""
    from PIL import Image

    from lipsync_core.draft import render

    path, box = Path(arguments["path"]), tuple(arguments["mouth_box"])
    is_video = arguments["kind"] == "video"
    picture = decode.first_picture(path) if is_video else decode.load_image(path, name=arguments["name"])
    frame = render.still(image=picture, resolution="480p", mouth_box=box)
    Image.fromarray(frame).save(arguments["out"], "JPEG", quality=90)
    return {}


def write_wav(arguments: Arguments, _progress: Progress) -> dict[str, Any]:
    """Write all of a voice as a WAV file."""
    decode.cut_voice(Path(arguments["path"]), Path(arguments["out"]), name=arguments["name"])
    return {}


def write_jpeg(arguments: Arguments, _progress: Progress) -> dict[str, Any]:
    """Write a picture as a JPEG, upright and on white, no larger than requested."""
    decode.write_jpeg(
        Path(arguments["path"]), Path(arguments["out"]), most_bytes=arguments["most_bytes"], name=arguments["name"]
    )
    return {}


def render_draft(arguments: Arguments, progress: Progress) -> dict[str, Any]:
    """Render one portrait with one voice, or a text, into an MP4; return facts about it, from decoding the result.

    The captions of a text are among the facts, as `lipsync_core.captions.told` writes them.
    """
    from lipsync_core.draft import render

    box = arguments["mouth_box"]
    out = Path(arguments["out"])
    told = None if arguments["audio"] is not None else _spoken(arguments, out.with_name("voice.wav"))
    render.render(
        image=decode.load_image(Path(arguments["image"])),
        voice=Path(arguments["audio"]) if told is None else told.voice,
        out=out,
        resolution=arguments["resolution"],
        mouth_box=None if box is None else tuple(box),
        seed=arguments["seed"],
        on_progress=progress,
        track=None if told is None else told.track,
    )
    return asdict(decode.check_video(out)) | ({} if told is None else {"captions": captions.told(told.captions)})


def render_draft_dialog(arguments: Arguments, progress: Progress) -> dict[str, Any]:
    """Render two people in one picture, each with a voice or a text; return facts as `render_draft` does."""
    from lipsync_core.draft import render

    out = Path(arguments["out"])
    texts = zip(PEOPLE, arguments["texts"], strict=True)
    told = [None if text is None else _spoken(text, out.with_name(f"{name}.wav")) for name, text in texts]
    given = zip(arguments["voices"], told, strict=True)
    left, right = (Path(voice) if text is None else text.voice for voice, text in given)
    boxes = arguments["mouth_boxes"]
    done = render.render_dialog(
        image=decode.load_image(Path(arguments["image"])),
        left=left,
        right=right,
        order=arguments["order"],
        out=out,
        resolution=arguments["resolution"],
        seed=arguments["seed"],
        on_progress=progress,
        mouth_boxes=None if boxes is None else (tuple(boxes[0]), tuple(boxes[1])),
        tracks=[None if text is None else text.track for text in told],
    )
    said = {
        name: [] if text is None else captions.later(text.captions, start_s)
        for name, text, start_s in zip(PEOPLE, told, done.starts_s, strict=True)
    }
    found = captions.between(said)
    return asdict(decode.check_video(out)) | ({"captions": captions.told(found)} if found else {})


def _spoken(arguments: Arguments, voice: Path) -> Spoken:
    """Speak a text into the file ``voice``."""
    from lipsync_core.draft.spoken import spoken

    return spoken(
        arguments["text"],
        voice,
        speaker=arguments["speaker"],
        pace=arguments["pace"],
        pitch=arguments["pitch"],
        most_s=arguments["most_s"],
    )


def render_draft_redub(arguments: Arguments, progress: Progress) -> dict[str, Any]:
    """Render a video with a new voice into an MP4; return facts about it, from decoding it."""
    from lipsync_core.draft import redub

    out, mask, box = Path(arguments["out"]), arguments["mask"], arguments["mouth_box"]
    redub.redub(
        video=Path(arguments["video"]),
        voice=Path(arguments["audio"]),
        out=out,
        on_progress=progress,
        mouth_box=None if box is None else tuple(box),
        mask=None if mask is None else decode.load_image(Path(mask)),
    )
    return asdict(decode.check_video(out))


TASKS: Mapping[str, str] = {
    "look_image": "lipsync_core.worker.tasks:look_image",
    "look_audio": "lipsync_core.worker.tasks:look_audio",
    "look_video": "lipsync_core.worker.tasks:look_video",
    "read_table": "lipsync_core.estimates.table_task:read_table",
    "cut_voice": "lipsync_core.worker.tasks:cut_voice",
    "cut_video": "lipsync_core.worker.tasks:cut_video",
    "make_waveform": "lipsync_core.worker.tasks:make_waveform",
    "make_speaking": "lipsync_core.worker.tasks:make_speaking",
    "make_opened": "lipsync_core.worker.tasks:make_opened",
    "make_playable": "lipsync_core.worker.tasks:write_wav",
    "write_wav": "lipsync_core.worker.tasks:write_wav",
    "write_jpeg": "lipsync_core.worker.tasks:write_jpeg",
    "render_draft": "lipsync_core.worker.tasks:render_draft",
    "render_draft_dialog": "lipsync_core.worker.tasks:render_draft_dialog",
    "render_draft_redub": "lipsync_core.worker.tasks:render_draft_redub",
    "sandbox_film": "lipsync_core.sandbox.film:film_task",
}
"""The module and function of each task; the module is loaded only in the worker that runs it."""


def task(name: str) -> Task:
    """Return the task of this name. Raises `KeyError` if there is none."""
    module, function = TASKS[name].split(":")
    found: Task = getattr(import_module(module), function)
    return found
