"""A text spoken by espeak-ng's shared library, with the sample at which each sound and each word begins.

The library is loaded with ctypes because the program itself does not print timings, and because a caged worker may
start no program; its interface is described in espeak-ng's ``speak_lib.h``. It serves drafts that speak a text, and the
training and evaluation of the mouth network.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import re
import shutil
import wave
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.inside import inside_of
from lipsync_core.draft.spectrum import HOP, SAMPLE_RATE, Floats, mel_powers
from lipsync_core.draft.speech import MouthCurve, MouthTrack, to_frames
from lipsync_core.draft.stress import stress_of
from lipsync_core.draft.visemes import SILENCE, VISEMES, Phone, mouth_truth, visemes_of
from lipsync_core.espeak import PACE, PITCH, PROGRAM

FASTEST_PER_S = 12.0
"""The most that a mouth opens or closes in a second, as a multiple of its whole way: 80 ms from closed to wide, as
people's jaws take at least. Closed lips stay closed; the sounds beside them open less wide."""
REST_S = (0.24, 0.4)
"""Seconds of silence before and after a text that is spoken in a clip."""

_RETRIEVE_AUDIO = 2  # AUDIO_OUTPUT_SYNCHRONOUS
_IPA_PHONEME_EVENTS = 0x0001 | 0x0002
_NEVER_EXIT = 0x8000
_END_OF_LIST, _WORD, _CLAUSE_ENDS, _PHONEME = 0, 1, 5, 7
_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_NAMES = ("libespeak-ng.so.1", "libespeak-ng.dylib", "libespeak-ng.1.dylib", "libespeak-ng.dll")
_LANGUAGE_SWITCH = re.compile(r"\([^)]*\)?")
"""Espeak-ng reports a change of language among the sounds, as ``(en)``."""
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
class SpokenWord:
    """Where a spoken word begins in the text, in characters, and its span in seconds."""

    at: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Speech:
    """Synthetic speech: float32 samples in −1…1, their rate in Hz, and the phones and words in order."""

    samples: NDArray[np.float32]
    rate: int
    phones: tuple[Phone, ...]
    words: tuple[SpokenWord, ...] = ()
    complete: bool = True
    """Whether all of the text was spoken within the limit."""

    @property
    def length_s(self) -> float:
        """Seconds of sound."""
        return self.samples.size / self.rate


@cache
def _library() -> tuple[ctypes.CDLL, int]:
    library = _loaded()
    rate = int(library.espeak_Initialize(_RETRIEVE_AUDIO, 0, None, _IPA_PHONEME_EVENTS | _NEVER_EXIT))
    if rate <= 0:
        raise OSError("espeak-ng does not find the data of its voices")
    return library, rate


def _loaded() -> ctypes.CDLL:
    """Return the library, from where the system keeps libraries, else from beside the program."""
    program = shutil.which(PROGRAM)
    folders = () if program is None else (Path(program).resolve().parent, Path(program).resolve().parent.parent / "lib")
    beside = (str(folder / name) for folder in folders for name in _NAMES if (folder / name).is_file())
    for name in (_NAMES[0], *beside, ctypes.util.find_library("espeak-ng")):
        if name is not None:
            with suppress(OSError):
                return ctypes.CDLL(name)
    raise OSError("espeak-ng’s library was not found")


def speak(
    text: str,
    voice: str,
    *,
    words_per_minute: int = PACE,
    pitch: int = PITCH,
    melody: int = 50,
    most_s: float = float("inf"),
) -> Speech:
    """Speak ``text`` with an espeak-ng voice such as ``de+f2`` or ``gmw/de``; pitch and melody are 0…99.

    No more than ``most_s`` seconds are made. Raises `OSError` when the shared library or its data are missing and
    `ValueError` for a voice it does not have.
    """
    library, rate = _library()
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise ValueError(f"espeak-ng has no voice {voice}")
    for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, melody)):
        library.espeak_SetParameter(parameter, value, 0)
    pieces: list[NDArray[np.int16]] = []
    sounds: list[tuple[float, str]] = []
    marks: list[tuple[float, int | None]] = []
    made = 0

    def collect(wave: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        nonlocal made
        if wave and count > 0:
            pieces.append(np.ctypeslib.as_array(wave, (count,)).astype(np.int16))
            made += count
        index = 0
        while events[index].type != _END_OF_LIST:
            event = events[index]
            if event.type == _PHONEME:
                sounds.append((event.sample / rate, bytes(event.id.string).decode("utf-8", "ignore")))
            elif event.type == _WORD:
                marks.append((event.sample / rate, max(0, event.text_position - 1)))
            elif event.type == _CLAUSE_ENDS:
                marks.append((event.sample / rate, None))
            index += 1
        return int(made > most_s * rate)

    callback = _Callback(collect)  # kept here: the library holds no reference that Python knows of
    library.espeak_SetSynthCallback(callback)
    encoded = text.encode("utf-8", "ignore").replace(b"\0", b" ") + b"\0"
    library.espeak_Synth(encoded, ctypes.c_size_t(len(encoded)), 0, 1, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    whole = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
    samples = whole.astype(np.float32) / np.float32(32768)
    phones, words = _phones(sounds, samples, rate), _words(marks, samples.size / rate)
    return Speech(samples, rate, phones, words, complete=made <= most_s * rate)


def rested(speech: Speech) -> Speech:
    """Return the speech with silence at both ends, so that the mouth is at rest in its first and last frame."""
    lead, tail = (round(seconds * speech.rate) for seconds in REST_S)
    late_s = lead / speech.rate
    return replace(
        speech,
        samples=np.pad(speech.samples, (lead, tail)),
        phones=tuple(Phone(one.ipa, one.start_s + late_s, one.end_s + late_s) for one in speech.phones),
        words=tuple(SpokenWord(one.at, one.start_s + late_s, one.end_s + late_s) for one in speech.words),
    )


def write_wav(speech: Speech, path: Path) -> None:
    """Write the sound as a mono WAV file of 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(speech.rate)
        file.writeframes((speech.samples * np.float32(32767)).astype("<i2").tobytes())


def spoken_track(speech: Speech, *, fps: int = 25) -> MouthTrack:
    """Return the movement of the mouth by the exact timing of the sounds: one value per video frame."""
    truth = mouth_truth(speech.phones, max(1, round(speech.length_s * SAMPLE_RATE / HOP)))
    shut, silence = (np.asarray(marked, np.float32) for marked in (truth.shut, truth.viseme == SILENCE))
    inside = inside_of(np.eye(len(VISEMES), dtype=np.float32)[truth.viseme])
    curve = MouthCurve(truth.openness, truth.width, shut, silence, inside)
    frames = max(1, round(speech.length_s * fps))
    track = to_frames(curve, frames, fps)
    at = np.arange(round(speech.length_s * SAMPLE_RATE)) * (speech.rate / SAMPLE_RATE)
    heard = np.interp(at, np.arange(speech.samples.size), speech.samples).astype(np.float32)
    stress = stress_of(mel_powers([heard])[0], frames, fps) if heard.size else None
    return replace(track, openness=_eased(track.openness, np.float32(FASTEST_PER_S / fps)), stress=stress)


def _eased(openness: Floats, most: np.float32) -> Floats:
    """Return the curve lowered where it would rise or fall by more than ``most`` from one frame to the next."""
    eased = openness.copy()
    for index in range(1, eased.size):
        eased[index] = min(eased[index], eased[index - 1] + most)
    for index in range(eased.size - 2, -1, -1):
        eased[index] = min(eased[index], eased[index + 1] + most)
    return eased


def _phones(sounds: list[tuple[float, str]], samples: NDArray[np.float32], rate: int) -> tuple[Phone, ...]:
    """Build phones from their starts. espeak-ng reports a voiceless stop at its burst: its closure is added."""
    starts = _heard(sounds)
    if not starts or samples.size < rate // 200:
        return ()
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


def _heard(sounds: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return the sounds and pauses, without changes of language, tones and marks: the sound before those goes on."""
    plain = [(start_s, _LANGUAGE_SWITCH.sub("", ipa), ipa) for start_s, ipa in sounds]
    return [(start_s, ipa) for start_s, ipa, told in plain if not told or visemes_of(ipa)]


def _words(marks: list[tuple[float, int | None]], length_s: float) -> tuple[SpokenWord, ...]:
    """Return the words; each ends where the next one begins, or with its clause.

    Between clauses, espeak-ng tells short words that stand before the last one: they are none.
    """
    furthest = -1
    told: list[tuple[float, int | None]] = []
    for start_s, at in marks:
        if at is None or at > furthest:
            told.append((start_s, at))
            furthest = furthest if at is None else at
    ends = [*(start_s for start_s, _at in told[1:]), length_s]
    return tuple(
        SpokenWord(at, start_s, max(start_s, end_s))
        for (start_s, at), end_s in zip(told, ends[: len(told)], strict=True)
        if at is not None
    )
