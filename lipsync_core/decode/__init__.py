"""Looks into people's media: is it what it was given for, how large, how long, and what is in it?

Everything here parses bytes that a stranger chose, so it runs in a worker process whose memory and time
are limited (see `lipsync_core.worker.child`), never in the server. A file that cannot be used raises
`MediaError`, whose words are for the person who chose it. Paths are opened here and handed on as bytes:
neither Pillow nor FFmpeg ever sees a file name or a URL.
"""

from __future__ import annotations

from lipsync_core.decode.clipping import cut_video
from lipsync_core.decode.cutting import cut_voice
from lipsync_core.decode.image import MAX_PIXELS, MIN_SIDE, ImageFacts, image_facts, load_image, write_jpeg
from lipsync_core.decode.sound import MAX_VOICE_S, SPEECH_RATE, VoiceFacts, speech_blocks, voice_facts
from lipsync_core.decode.video import VideoFacts, check_video, first_picture

__all__ = [
    "MAX_PIXELS",
    "MAX_VOICE_S",
    "MIN_SIDE",
    "SPEECH_RATE",
    "ImageFacts",
    "VideoFacts",
    "VoiceFacts",
    "check_video",
    "cut_video",
    "cut_voice",
    "first_picture",
    "image_facts",
    "load_image",
    "speech_blocks",
    "voice_facts",
    "write_jpeg",
]
