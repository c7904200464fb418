"""Speech with known timing: espeak-ng's shared library reports the sample at which each sound begins.

Used to train and to evaluate the mouth network, never while rendering. The library is loaded with ctypes because the
program itself does not print timings; its interface is described in espeak-ng's ``speak_lib.h``.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.visemes import Phone

_RETRIEVE_AUDIO = 2  # AUDIO_OUTPUT_SYNCHRONOUS
_IPA_PHONEME_EVENTS = 0x0001 | 0x0002
_NEVER_EXIT = 0x8000
_END_OF_LIST, _PHONEME = 0, 7
_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_VOICELESS_STOPS = frozenset("ptkcq")
_LONGEST_CLOSURE_S, _SHORTEST_CLOSURE_S = 0.12, 0.03
_CLOSURE_DEPTH_DB = 25.0


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class Speech:
    """Synthetic speech: float32 samples in −1…1, their rate in Hz, and the phones in order."""

    samples: NDArray[np.float32]
    rate: int
    phones: tuple[Phone, ...]


@cache
def _library() -> tuple[ctypes.CDLL, int]:
    library = ctypes.CDLL(ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1")
    rate = library.espeak_Initialize(_RETRIEVE_AUDIO, 0, None, _IPA_PHONEME_EVENTS | _NEVER_EXIT)
    return library, int(rate)


def speak(text: str, voice: str, *, words_per_minute: int = 165, pitch: int = 50, melody: int = 50) -> Speech:
    """Speak ``text`` with an espeak-ng voice such as ``de+f2``; pitch and melody are 0…100.

    Raises `OSError` when the shared library is missing and `ValueError` for a voice it does not have.
    """
    library, rate = _library()
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise ValueError(f"espeak-ng has no voice {voice}")
    for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, melody)):
        library.espeak_SetParameter(parameter, value, 0)
    pieces: list[NDArray[np.int16]] = []
    starts: list[tuple[float, str]] = []

    def collect(wave: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        if wave and count > 0:
            pieces.append(np.ctypeslib.as_array(wave, (count,)).astype(np.int16))
        index = 0
        while events[index].type != _END_OF_LIST:
            if events[index].type == _PHONEME:
                ipa = bytes(events[index].id.string).decode("utf-8", "ignore")
                starts.append((events[index].sample / rate, ipa))
            index += 1
        return 0

    callback = _Callback(collect)  # kept here: the library holds no reference that Python knows of
    library.espeak_SetSynthCallback(callback)
    encoded = text.encode() + b"\0"
    library.espeak_Synth(encoded, ctypes.c_size_t(len(encoded)), 0, 1, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    samples = np.concatenate(pieces).astype(np.float32) / np.float32(32768)
    return Speech(samples, rate, _phones(starts, samples, rate))


def _phones(starts: list[tuple[float, str]], samples: NDArray[np.float32], rate: int) -> tuple[Phone, ...]:
    """Build phones from their starts. espeak-ng reports a voiceless stop at its burst: its closure is added."""
    step = rate // 200
    steps = samples[: samples.size // step * step].reshape(-1, step)
    level = 20 * np.log10(steps.std(axis=1) + 1e-6)
    quiet = level < np.percentile(level, 90) - _CLOSURE_DEPTH_DB
    edges: list[float] = []
    for index, (start_s, ipa) in enumerate(starts):
        if index and ipa[:1] in _VOICELESS_STOPS:
            first = last = round(start_s * 200)
            while first > 0 and last - first < _LONGEST_CLOSURE_S * 200 and quiet[min(first, len(quiet)) - 1]:
                first -= 1
            start_s = min(first / 200, start_s - _SHORTEST_CLOSURE_S)
            start_s = max(start_s, edges[-1] + 0.01)
        edges.append(start_s)
    ends = [*edges[1:], samples.size / rate]
    return tuple(
        Phone(ipa, start_s, max(start_s, end_s)) for (_, ipa), start_s, end_s in zip(starts, edges, ends, strict=True)
    )
