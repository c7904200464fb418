"""Speech with known timing from recorded people: flite reports when each sound of its English voices ends.

Used to train and to evaluate the mouth network, never while rendering. flite's voices are cut from, or modelled on,
recordings of a person, so they contain real sounds where espeak-ng's voices only buzz. Its ``-psdur`` prints every
segment with its end in seconds. Compared with the sound, these ends are accurate to about 10 ms, and a stop's segment
lasts from the closing of the lips to the end of its burst.
"""

from __future__ import annotations

import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

from lipsync_core.draft.synthesis import Speech
from lipsync_core.draft.visemes import Phone

_PHONES = """
aa:ɑ ae:æ ah:ʌ ao:ɔ aw:aʊ ax:ə axr:ɚ ay:aɪ eh:ɛ er:ɚ ey:eɪ ih:ɪ iy:i ow:oʊ
oy:ɔɪ uh:ʊ uw:u b:b d:d g:ɡ k:k p:p t:t ch:tʃ jh:dʒ dh:ð th:θ f:f
v:v s:s z:z sh:ʃ zh:ʒ hh:h l:l r:ɹ w:w m:m n:n ng:ŋ y:j el:əl
em:m en:n
"""
IPA = dict(pair.split(":") for pair in _PHONES.split())
"""American phones (ARPABET, as flite and pocketsphinx write them) in IPA; missing ones (``pau``) are silence."""


def speak_recorded(text: str, voice: str, *, stretch: float = 1.0, pitch_hz: float | None = None) -> Speech:
    """Speak English ``text`` with a flite voice such as ``slt``; ``stretch`` is above 1 for slower speech.

    ``pitch_hz`` is the mean pitch, the voice's own by default. Raises `FileNotFoundError` when flite is missing
    and `subprocess.CalledProcessError` when it fails.
    """
    settings = {"duration_stretch": stretch}
    if pitch_hz is not None:
        settings["int_f0_target_mean"] = pitch_hz
    options = [part for name, value in settings.items() for part in ("--setf", f"{name}={value:.3f}")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voice.wav"
        command = ["flite", "-voice", voice, *options, "-psdur", "-t", text, "-o", str(path)]
        told = subprocess.run(  # noqa: S603 - no shell, and only our own training, benchmark and tests call this
            command, check=True, capture_output=True, text=True
        ).stdout
        with wave.open(str(path)) as file:
            rate = file.getframerate()
            pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    ends = [(name, float(end)) for name, end in (item.split(":") for item in told.split())]
    starts = [0.0, *(end for _, end in ends)]
    phones = tuple(Phone(IPA.get(name, ""), start, end) for (name, end), start in zip(ends, starts, strict=False))
    return Speech(pcm.astype(np.float32) / np.float32(32768), rate, phones)
