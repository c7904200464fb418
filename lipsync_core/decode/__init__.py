"""Check people's media: whether a file is what it was given for, its size and length, and what it contains.

All code here parses untrusted bytes, so it runs in a worker process with limited memory and time (see
`lipsync_core.worker.child`), never in the server. A file that cannot be used raises `MediaError` with a text for the
person who chose it. Files are opened here and passed on as bytes: Pillow and FFmpeg never see a file name or a URL.
"""

from __future__ import annotations

from lipsync_core.decode.clipping import cut_video
from lipsync_core.decode.cutting import cut_voice
from lipsync_core.decode.image import MAX_PIXELS, MIN_SIDE, ImageFacts, image_facts, load_image, write_jpeg
from lipsync_core.decode.sound import MAX_VOICE_S, SPEECH_RATE, VoiceFacts, sound_blocks, speech_blocks, voice_facts
from lipsync_core.decode.video import VideoFacts, check_video, first_picture
from lipsync_core.decode.waveform import MOST_PEAKS, peaks

__all__ = [
    "MAX_PIXELS",
    "MAX_VOICE_S",
    "MIN_SIDE",
    "MOST_PEAKS",
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
    "peaks",
    "sound_blocks",
    "speech_blocks",
    "voice_facts",
    "write_jpeg",
]
