"""People who were recorded, with the time of every sound that they spoke. Nothing of them is in the repository.

Used to evaluate the mouth network, never while rendering. Each reader takes the folder that its source
was unpacked to:

- `learners`: speechocean762 (``git clone https://github.com/jimbozhang/speechocean762``; "available for free download
  for both commercial and non-commercial purposes"): 250 children and adults whose mother tongue is Mandarin read
  English. It tells what was read, not when: pocketsphinx's recogniser (``pip install pocketsphinx==5.1.1``) aligns it.
- `russian`: Debian's package festvox-ru (``apt-get download festvox-ru && dpkg -x festvox-ru_*.deb FOLDER``; free to
  use, copy and modify): one man, aligned by those who built this voice.
- `australian`: the recordings that emuR carries (``git clone https://github.com/IPS-LMU/emuR``; GPL): one man, aligned
  by hand.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from lipsync_core.draft.spectrum import SAMPLE_RATE
from lipsync_core.draft.synthesis import Speech
from lipsync_core.draft.training.flite import IPA
from lipsync_core.draft.training.sound import resample
from lipsync_core.draft.visemes import HOP_S, Phone

_RUSSIAN_PHONES = """
ii:i yy:ɨ uu:u ee:e oo:o aa:a a:ɐ e:e i:ɪ y:ɨ u:u ae:ə ay:ə ur:ʊ p:p pp:p b:b bb:b t:t tt:t d:d dd:d k:k kk:k g:ɡ gg:ɡ
c:ts ch:tɕ f:f ff:f v:v vv:v s:s ss:s z:z zz:z sh:ʂ sch:ɕ zh:ʐ h:x hh:x m:m mm:m n:n nn:n l:l ll:l r:r rr:r j:j
"""
_RUSSIAN = dict(pair.split(":") for pair in _RUSSIAN_PHONES.split())
_AUSTRALIAN_PHONES = """
A:ɐ D:ð E:e H:h I:ɪ N:ŋ NH:ŋ O:ɔ Om:ɔ On:ɔ Or:ɔ Ow:ɔ S:ʃ T:θ V:ɐ Z:ʒ @:ə @u:əʉ ai:ɑɪ b:b d:d dH:d db:d e.:eː ei:æɪ f:f
h:h i.:iː j:j k:k kt:k l:l m:m n:n o.:oː oi:ɔɪ p:p pt:p r:ɹ s:s t:t tH:h u.:ʉː v:v w:w z:z zS:ʒ zs:z @.:ɜː
"""
_AUSTRALIAN = dict(pair.split(":") for pair in _AUSTRALIAN_PHONES.split())
"""Its labels, with a full stop for their colon. An H after a stop is its release."""


def learners(folder: Path, part: str, *, per_speaker: int) -> Iterator[tuple[str, Speech]]:
    """Yield each speaker of ``part`` (``train`` or ``test``, which share no speaker) with what they read.

    The first ``per_speaker`` sentences of four words or more are taken. Raises `ModuleNotFoundError` without
    pocketsphinx and `OSError` without the recordings.
    """
    spoken = dict(line.split(maxsplit=1) for line in (folder / part / "text").read_text().splitlines())
    paths = dict(line.split() for line in (folder / part / "wav.scp").read_text().splitlines())
    speakers = dict(line.split() for line in (folder / part / "utt2spk").read_text().splitlines())
    taken: dict[str, int] = {}
    for name, words in spoken.items():
        speaker = speakers[name]
        if len(words.split()) < 4 or taken.get(speaker, 0) == per_speaker:
            continue
        phones = _aligned(folder / paths[name], words.lower())
        if phones:
            taken[speaker] = taken.get(speaker, 0) + 1
            yield speaker, _recorded(folder / paths[name], phones)


def russian(folder: Path, sentences: int) -> list[Speech]:
    """Return the first ``sentences`` of the voice in festvox-ru, by its builders' timing."""
    (voice,) = folder.glob("**/msu_ru_nsh_clunits/wav")
    files = sorted(voice.glob("*.wav"))[:sentences]
    return [_recorded(path, _from_ends(voice.parent / "lab" / f"{path.stem}.lab", _RUSSIAN)) for path in files]


def australian(folder: Path) -> list[Speech]:
    """Return the sentences of emuR's demonstration, by the timing made by hand."""
    (labels,) = folder.glob("**/rawDemoData/annotationFiles")
    return [
        _recorded(path, _from_ends(labels / f"{path.stem}.lab", _AUSTRALIAN))
        for path in sorted(labels.parent.glob("wavFiles/*.wav"))
    ]


def _recorded(path: Path, phones: Sequence[Phone]) -> Speech:
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / np.float32(32768)
    return Speech(resample(samples, rate, SAMPLE_RATE), SAMPLE_RATE, tuple(phones))


def _from_ends(path: Path, ipa: dict[str, str]) -> list[Phone]:
    """Return the phones of an ESPS label file: after a line with ``#``, each sound's end in seconds and its name."""
    lines = path.read_text().partition("#\n")[2].splitlines()
    labelled = [(float(line.split()[0]), line.split()[-1].replace(":", ".")) for line in lines if line.split()]
    ends = [0.0, *(end for end, _ in labelled)]
    return [
        Phone(ipa.get(name, ""), start, end) for (start, end), (_, name) in zip(pairwise(ends), labelled, strict=True)
    ]


@cache
def _decoder() -> Any:
    """Return pocketsphinx's recogniser with its own English sounds; only who reads `learners` needs the package."""
    from pocketsphinx import Decoder

    return Decoder(lm=None, loglevel="FATAL", bestpath=False)


def _aligned(path: Path, words: str) -> list[Phone]:
    """Return the phones of a recording of which the words are known; none where the recogniser does not find them."""
    decoder = _decoder()
    with wave.open(str(path)) as file:
        pcm = file.readframes(file.getnframes())
    try:
        decoder.set_align_text(words)
        for refine in (False, True):  # first the words, then the sounds within them
            if refine:
                decoder.set_alignment()
            decoder.start_utt()
            decoder.process_raw(pcm, full_utt=True)
            decoder.end_utt()
    except RuntimeError:  # a word that its dictionary lacks, or words that were not said
        return []
    return [
        Phone(IPA.get(phone.name.lower(), ""), phone.start * HOP_S, (phone.start + phone.duration) * HOP_S)
        for word in decoder.get_alignment() or ()
        for phone in word
    ]
