"""What is sent to a vendor: one clip's media, as links, and its options."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """One paid clip, ready to be sent to a vendor. Fields that are None or empty are left out of the request.

    Media are links that the vendor can reach, or data URIs where the engine accepts them.
    """

    engine: str
    """``provider/model``, as in the catalogue."""
    image: str | None = None
    video: str | None = None
    audio: str | None = None
    left_audio: str | None = None
    right_audio: str | None = None
    order: str | None = None
    """Which of two people speaks when: ``meanwhile``, ``left_right`` or ``right_left``."""
    mask_image: str | None = None
    """A mask of the area in which the video may be changed."""
    creator: str | None = None
    """A stock presenter's id."""
    text: str | None = None
    """The text to be spoken, instead of a recording."""
    speaker: str | None = None
    """The voice that speaks the text, by the vendor's name for it."""
    accent: str | None = None
    """The voice that speaks the text, by the vendor's id for it."""
    left_text: str | None = None
    left_speaker: str | None = None
    right_text: str | None = None
    right_speaker: str | None = None
    pace: int | None = None
    """Words a minute of the spoken text."""
    pitch: int | None = None
    """How high the text is spoken."""
    resolution: str | None = None
    """``480p`` or ``720p``: the shorter side."""
    aspect_ratio: str | None = None
    """``16:9``, ``1:1`` or ``9:16``, regardless of the vendor's spelling."""
    prompt: str | None = None
    seed: int | None = None
    """−1 and None mean a random one."""
    name: str | None = None
    """The clip's name in the vendor's own list, if it keeps one."""
    webhook: str | None = None
    """Where the vendor may report the end of the job."""
    trace_id: str | None = None
    """The studio's own id of this submit, for vendors that log it. It does not prevent a second bill."""
