"""What a person would notice about a clip's media before paying for it, besides a silent voice. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from lipsync_core.brief import LONGEST_DRAFT_SIDE, Brief
from lipsync_core.medium import MediumFacts
from lipsync_core.pricing.catalogue import Engine

FEWEST_PIXELS = 400
"""A picture whose shorter side has fewer pixels looks blurred as a video of 480p."""
SLACK_S = 0.5
"""A voice and a video that differ by less fit together."""


def media_doubts(engine: Engine, brief: Brief, media: Mapping[str, MediumFacts]) -> list[tuple[str, str]]:
    """Return (field, message) for each doubt, in full sentences. ``media`` are the brief's known media."""
    found: list[tuple[str, str]] = []
    if (picture := media.get("image")) is not None:
        found += [("image", words) for words in (_faces(engine, brief, picture), _size(picture)) if words]
    voice, video = media.get("audio"), media.get("video")
    if voice is not None and video is not None and (words := _lengths(engine, voice.duration_s - video.duration_s)):
        found.append(("audio" if voice.duration_s > video.duration_s else "video", words))
    if engine.is_draft and video is not None and max(video.width, video.height) > LONGEST_DRAFT_SIDE:
        size = f"{video.width} × {video.height}"
        found.append(("video", f"{size}: the draft’s longer side is {LONGEST_DRAFT_SIDE:,} pixels."))
    if engine.is_draft and video is not None and brief.mouth_box is None and video.mouth is not None:
        faces = video.mouth.faces or 0
        if faces > 1:
            largest = "the largest one speaks. Adjust the mouth to choose another."
            found.append(("video", f"We see {faces} faces in its first picture; {largest}"))
    return found


def _faces(engine: Engine, brief: Brief, picture: MediumFacts) -> str:
    faces = None if picture.mouth is None else picture.mouth.faces
    if faces is None or (engine.is_draft and (brief.mouth_box or brief.left_mouth_box) is not None):
        return ""
    if engine.scene == "dialog":
        if engine.is_draft and faces > 2:
            return f"We see {faces} faces; the two largest speak. Adjust the mouths to choose others."
        seen = {0: "no face", 1: "only one face"}.get(faces)
        return f"We see {seen} in this picture; two people speak." if seen else ""
    if engine.scene != "portrait" or faces < 2:
        return ""
    if engine.is_draft:
        return f"We see {faces} faces; the largest one speaks. Adjust the mouth to choose another."
    return f"We see {faces} faces; {engine.title} does not say which one speaks. Crop the picture to one."


def _size(picture: MediumFacts) -> str:
    if not 0 < min(picture.width, picture.height) < FEWEST_PIXELS:
        return ""
    return f"Only {picture.width} × {picture.height} pixels: the video will look blurred."


def _lengths(engine: Engine, longer_s: float) -> str:
    """Return what happens to the rest of a voice that is this much longer than its video, or if below 0, shorter."""
    if abs(longer_s) <= SLACK_S:
        return ""
    rest = f"{abs(longer_s):.1f} s"
    if engine.tariff is not None and engine.tariff.extends_video:
        if longer_s > 0 and engine.is_draft:
            return f"The voice is {rest} longer than the video, which then goes on backwards and forwards."
        if longer_s > 0:
            return f"The voice is {rest} longer than the video; {engine.title} makes the video longer."
        return f"The last {rest} of the video are left out: {engine.title} ends it with the voice."
    longer, shorter = ("voice", "video") if longer_s > 0 else ("video", "voice")
    return f"The {longer} is {rest} longer than the {shorter}; {engine.title} does not say what it does with the rest."
