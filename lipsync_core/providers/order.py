"""What is sent to a vendor: one clip's media, as links, and its options."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """One paid clip, ready to be put into a vendor's words. What is None or empty is left out of the request.

    Media are links that the vendor can reach, or data URIs where the engine takes them.
    """

    engine: str
    """``provider/model``, as in the catalogue."""
    image: str | None = None
    video: str | None = None
    audio: str | None = None
    left_audio: str | None = None
    right_audio: str | None = None
    order: str | None = None
    """Who of two speaks when: ``meanwhile``, ``left_right`` or ``right_left``."""
    mask_image: str | None = None
    """Where the video may be changed."""
    creator: str | None = None
    """A stock presenter's id."""
    text: str | None = None
    """What is to be spoken, instead of a recording."""
    speaker: str | None = None
    """Whose voice speaks the text, by the vendor's name for it."""
    accent: str | None = None
    """Whose voice speaks the text, by the vendor's id for it."""
    resolution: str | None = None
    """``480p`` or ``720p``: the shorter side."""
    aspect_ratio: str | None = None
    """``16:9``, ``1:1`` or ``9:16``, however the vendor spells it."""
    prompt: str | None = None
    seed: int | None = None
    """−1, like None, leaves it to chance."""
    name: str | None = None
    """What the clip is called in the vendor's own list, where it keeps one."""
    webhook: str | None = None
    """Where the vendor may say that it is done."""
    trace_id: str | None = None
    """The studio's own id of this submit, for vendors that write it into their logs. It prevents no second bill."""
