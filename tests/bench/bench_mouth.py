"""How well the draft's mouth follows speech of known timing: ``python tests/bench/bench_mouth.py``.

The ground truth is ``lipsync_core.draft.visemes.mouth_truth`` of the phones that a synthesiser reports, for voices and
sentences not used in training: espeak-ng's, and flite's, which are built from recordings of people. The flite voices
used in training are left out here.

The training settings were chosen by training on kal16 and validating on awb. Of the two judged flite voices, rms
influenced a few early choices, with other sentences. The last two trainings differed in how far voices are raised;
both were judged by this table and the better one is shipped. So the flite rows are slightly better than for an unknown
voice.

Every figure is taken from the visible 25 fps track, and pooled over the clips of a set.

- openness r, width r: Pearson correlation with the mean of the truth over each frame, from the first phone to the
  last (the silence at both ends would improve every figure).
- p b m: share of these sounds that show *closed* lips, which is an openness below 0.1 in some frame whose centre
  lies within the sound, or, for one that fits between two centres, in the frame that holds its middle.
- others: share of the other consonants that show closed lips, by the same rule; lower is better.
- vowels: share of the vowels that are closed in the frame that holds their middle; lower is better.
- offset: the delay at which track and truth agree best, in ms; positive when the mouth is late.

A frame lasts longer than many sounds. A frame that must show a p, b or m by the rule above is correctly closed,
whatever else is spoken in it: it counts for no other sound, and a sound without another frame is not judged.

The rule that closes the lips, and its two numbers, were chosen without this table, on separate sentences: spoken by awb
to a network trained on kal16 only, by kal16 to one trained on awb only, and by five other espeak-ng voices. Then two
trainings were judged by this table under that rule: one on more English sentences with a smaller share of espeak-ng,
and the shipped one. The former closed too few p, b and m and was dropped. An earlier rule, whose results were known,
had its threshold set on kal16, awb and three of the espeak-ng voices below, and then by this table at five values. So
its rows slightly favour our method.

``--languages`` prints, instead, a row for each of the eleven languages of `tests.bench.languages`, by two voices each.
Six of them (Mandarin, Japanese, Arabic, Hindi, Russian, Turkish) are not among the training's languages at all.

*loudness only* opens the mouth by the level of each frame: full scale at the clip's 95th percentile.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that the script also runs by its path

from lipsync_core.draft.spectrum import SAMPLE_RATE
from lipsync_core.draft.speech import MouthTrack, mouth_track
from lipsync_core.draft.synthesis import speak
from lipsync_core.draft.training.flite import speak_recorded
from lipsync_core.draft.training.sound import resample
from lipsync_core.draft.training.train import RECORDED_VOICES
from lipsync_core.draft.visemes import HOP_S, LIPS_SHUT, VOWELS, Phone, mouth_truth, visemes_of
from tests.bench.languages import SENTENCES as LANGUAGES

FPS = 25
CLOSED = 0.1
NOISE_DB = 15.0
LONGEST_LAG_S = 0.2
HEADER = f"{'':24} {'':14} {'openness r':>10} {'width r':>7} {'p b m':>6} {'vowels':>7} {'others':>7} {'offset':>10}"

ESPEAK_VOICES = ("en-us+f5", "en-gb-x-rp+m6", "en-us+klatt3", "es+shelby", "es+m6", "de+f5", "de+norbert")
FLITE_VOICES = tuple(voice for voice in ("slt", "awb", "rms", "kal16") if voice not in RECORDED_VOICES)
SENTENCES = {
    "en": (
        "Hello and welcome, this is the first part of a short tour.",
        "Please bring a map, a pen and plenty of warm clothes.",
        "The children jumped into the pool before the whistle blew.",
        "Every member of the team gave a brief report.",
        "Who moved my old umbrella from the hallway?",
        "Fresh coffee smells better than cheap perfume.",
        "Turn left at the church and follow the path up to the farm.",
        "Nobody believed that the small boat could cross the bay.",
        "We should choose a good book for your father.",
        "Her voice was calm, but her hands were shaking.",
        "Seven large ships arrived at the harbour this morning.",
        "Imagine a place where people pay only for what they use.",
    ),
    "es": (
        "Mi primo vive cerca del puerto y pesca los sábados.",
        "La película empieza a las nueve de la noche.",
        "Por favor, abra bien la boca y respire.",
        "Compramos fruta, queso y un poco de jamón.",
    ),
    "de": (
        "Am Sonntag besuchen wir meine Oma auf dem Land.",
        "Der Bäcker backt jeden Morgen frisches Brot.",
        "Hast du vielleicht einen Moment Zeit für mich?",
        "Unser Büro liegt gleich neben dem Bahnhof.",
    ),
}

Method = Callable[[NDArray[np.float32]], MouthTrack]


@dataclass(frozen=True, slots=True)
class Clip:
    """16 kHz mono sound and the phones spoken in it."""

    samples: NDArray[np.float32]
    phones: tuple[Phone, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """One row of the table; the docstring above defines its columns."""

    openness_r: float
    width_r: float
    lips_closed: float
    vowels_closed: float
    others_closed: float
    offset_ms: float


def espeak_clips(voices: Sequence[str] = ESPEAK_VOICES) -> list[Clip]:
    """Every sentence of each voice's language."""
    return [
        Clip(resample(speech.samples, speech.rate, SAMPLE_RATE), speech.phones)
        for voice in voices
        for sentence in SENTENCES[voice[:2]]
        for speech in [speak(sentence, voice)]
    ]


def clips_in(voice: str) -> list[Clip]:
    """Every sentence of one of the eleven languages, by its own voice and by one from another throat."""
    return [
        Clip(resample(speech.samples, speech.rate, SAMPLE_RATE), speech.phones)
        for variant in ("", "+f5")
        for sentence in LANGUAGES[voice]
        for speech in [speak(sentence, voice + variant)]
    ]


def flite_clips(voice: str) -> list[Clip]:
    """Every English sentence, by a voice built from a person's recordings."""
    return [
        Clip(resample(speech.samples, speech.rate, SAMPLE_RATE), speech.phones)
        for sentence in SENTENCES["en"]
        for speech in [speak_recorded(sentence, voice)]
    ]


def with_noise(clip: Clip, seed: int) -> Clip:
    """The clip with white noise `NOISE_DB` below its speech."""
    rng = np.random.default_rng(seed)
    rms = float(np.sqrt((clip.samples**2).mean())) * 10 ** (-NOISE_DB / 20)
    noise = rng.standard_normal(clip.samples.size).astype(np.float32) * np.float32(rms)
    return Clip(clip.samples + noise, clip.phones)


def loudness_only(samples: NDArray[np.float32]) -> MouthTrack:
    """The baseline: each frame opens by its level."""
    n_frames = max(1, round(samples.size / SAMPLE_RATE * FPS))
    size = SAMPLE_RATE // FPS
    rms = np.sqrt((np.resize(np.pad(samples, (0, size)), (n_frames, size)) ** 2).mean(axis=1))
    level = np.clip(rms / (np.percentile(rms, 95) + 1e-9), 0.0, 1.0).astype(np.float32)
    return MouthTrack(level, np.zeros_like(level))


def our_method(samples: NDArray[np.float32]) -> MouthTrack:
    """The draft engine's own track."""
    return mouth_track([samples], fps=FPS)


def kind_of(phone: Phone) -> str:
    """Return the column of the table in which a sound counts."""
    visemes = set(visemes_of(phone.ipa))
    return "lips" if LIPS_SHUT in visemes else "vowels" if visemes & VOWELS else "others"


def frames_of(phone: Phone, n_frames: int) -> list[int]:
    """Return the frames that show a sound: those whose centre is within it, else the one that contains its middle."""
    first, after = (int(np.ceil(time_s * FPS - 0.5)) for time_s in (phone.start_s, phone.end_s))
    return list(range(first, min(after, n_frames))) or [middle_frame(phone, n_frames)]


def middle_frame(phone: Phone, n_frames: int) -> int:
    """The frame that holds the middle of a sound."""
    return min(int((phone.start_s + phone.end_s) / 2 * FPS), n_frames - 1)


def score(method: Method, clips: Sequence[Clip]) -> Score:
    """The row of one method on one set."""
    pairs: list[NDArray[np.float64]] = []
    closed: dict[str, list[bool]] = {"lips": [], "vowels": [], "others": []}
    lags = np.arange(-round(LONGEST_LAG_S / HOP_S), round(LONGEST_LAG_S / HOP_S) + 1)
    agreement = np.zeros(lags.size)
    per_frame = round(1 / FPS / HOP_S)
    for clip in clips:
        track = method(clip.samples)
        n_frames = track.openness.size
        truth = mouth_truth(clip.phones, n_frames * per_frame)
        spoken = [phone for phone in clip.phones if visemes_of(phone.ipa)]
        inside = slice(int(spoken[0].start_s * FPS), int(np.ceil(spoken[-1].end_s * FPS)))
        seen = (
            track.openness,
            truth.openness.reshape(-1, per_frame).mean(axis=1),
            track.width,
            truth.width.reshape(-1, per_frame).mean(axis=1),
        )
        pairs.append(np.stack([curve[inside] for curve in seen]).astype(np.float64))
        fine = np.interp(
            (np.arange(truth.openness.size) + 0.5) * HOP_S, (np.arange(n_frames) + 0.5) / FPS, track.openness
        )
        centred, wanted = fine - fine.mean(), truth.openness - truth.openness.mean()
        agreement += [float((np.roll(centred, -lag) * wanted).sum()) for lag in lags]
        claimed = {frame for phone in spoken if kind_of(phone) == "lips" for frame in frames_of(phone, n_frames)}
        for phone in spoken:
            kind = kind_of(phone)
            frames = [middle_frame(phone, n_frames)] if kind == "vowels" else frames_of(phone, n_frames)
            judged = [frame for frame in frames if kind == "lips" or frame not in claimed]
            if judged:
                closed[kind].append(bool(track.openness[judged].min() < CLOSED))
    openness, true_openness, width, true_width = np.concatenate(pairs, axis=1)
    return Score(
        float(np.corrcoef(openness, true_openness)[0, 1]),
        float(np.corrcoef(width, true_width)[0, 1]) if width.std() > 0 else float("nan"),
        float(np.mean(closed["lips"])),
        float(np.mean(closed["vowels"])),
        float(np.mean(closed["others"])),
        float(lags[int(np.argmax(agreement))] * HOP_S * 1000),
    )


def print_row(name: str, method: str, row: Score) -> None:
    """One line of the table."""
    print(
        f"{name:24} {method:14} {row.openness_r:10.2f} {row.width_r:7.2f} {row.lips_closed:6.0%} "
        f"{row.vowels_closed:7.1%} {row.others_closed:7.0%} {row.offset_ms:7.0f} ms"
    )


def languages() -> None:
    """Print a row for each language, and for all of them together."""
    sets = {voice: clips_in(voice) for voice in LANGUAGES}
    sets["all eleven"] = [clip for clips in sets.values() for clip in clips]
    print(HEADER)
    for name, clips in sets.items():
        print_row(name, "ours", score(our_method, clips))
    print_row("all eleven", "loudness only", score(loudness_only, sets["all eleven"]))


def main() -> None:
    """Print the table."""
    if "--languages" in sys.argv:
        languages()
        return
    print(f"flite voices trained on, and left out: {', '.join(RECORDED_VOICES)}; judged: {', '.join(FLITE_VOICES)}")
    sets = {"espeak-ng unseen": espeak_clips()}
    if shutil.which("flite"):
        sets |= {f"flite {voice}": flite_clips(voice) for voice in FLITE_VOICES}
        sets["flite all"] = [clip for name, clips in sets.items() if name != "espeak-ng unseen" for clip in clips]
    else:
        print("flite is not installed: the voices built from human recordings are missing below.")
    print(HEADER)
    everything = [*sets["espeak-ng unseen"], *sets.get("flite all", [])]
    for name, clips in {**sets, "overall": everything}.items():
        noisy = [with_noise(clip, seed) for seed, clip in enumerate(clips)]
        for label, heard in ((name, clips), (f"{name} + noise", noisy)):
            print_row(label, "ours", score(our_method, heard))
            print_row(label, "loudness only", score(loudness_only, heard))


if __name__ == "__main__":
    main()
