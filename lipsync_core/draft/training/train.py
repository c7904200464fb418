"""Train the network of ``speech.py`` from timed speech: ``python -m lipsync_core.draft.training.train``.

espeak-ng provides many throats and languages, flite the sound of recorded people; without these, the network detects
far fewer of a person's closing lips. Every sentence is spoken by several voices, half of the time with its words
shuffled among those of the other sentences, and changed by ``sound.py``, so that the network learns speech and not a
synthesiser. Needs both programs (Debian: ``apt-get install espeak-ng flite``) and about eight minutes of one core; the
seed is fixed. Writes ``speech_table.npz`` beside this file. On a busy machine, set ``OPENBLAS_NUM_THREADS=1``: threads
that wait for each other make it many times slower.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.spectrum import BANDS, SAMPLE_RATE, Floats, features, mel_powers
from lipsync_core.draft.speech import CONTEXT, TABLE
from lipsync_core.draft.synthesis import Speech, speak
from lipsync_core.draft.training.flite import speak_recorded
from lipsync_core.draft.training.sentences import SENTENCES
from lipsync_core.draft.training.sound import changed, hiss, resample, spoken_otherwise
from lipsync_core.draft.training.voices import ACCENTS, RECORDED_VOICES, VARIANTS
from lipsync_core.draft.visemes import VISEMES, MouthTruth, Phone, mouth_truth

SEED = 25
JURY = 2
"""Networks trained on the same data from different initial weights; the mean of their answers has a smaller error."""

VOICES_PER_SENTENCE = 8
READINGS_PER_RECORDED_VOICE = 10
CHANGES_PER_CLIP = 2
CLIPS_OF_HISS = 60
EPOCHS = 5
BATCH = 512
HIDDEN = (288, 128)
DROPOUT = 0.1
LEARNING_RATE = 1.5e-3
DECAY = 1e-3
CURVE_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class Lessons:
    """Features of all clips, padded for context, the rows to learn from, and the state of the mouth in each.

    Shapes: levels (padded points, bands), rows (n,), curves (n, 2: openness and width), viseme (n,).
    """

    levels: Floats
    rows: NDArray[np.intp]
    curves: Floats
    viseme: NDArray[np.intp]


def recordings(rng: np.random.Generator) -> list[Speech]:
    """Return every training sentence, spoken by a few espeak-ng voices of its language and every recorded voice."""
    clips = []
    for language, sentences in SENTENCES.items():
        words = [word for sentence in sentences for word in sentence.split()]
        for sentence in sentences:
            for turn, variant in enumerate(rng.choice(VARIANTS, VOICES_PER_SENTENCE, replace=False)):
                accent = rng.choice(ACCENTS.get(language, (language,)))
                words_per_minute, pitch, melody = (
                    int(rng.integers(*span)) for span in ((125, 215), (20, 80), (20, 80))
                )
                said, voice = _shuffled_by_turns(rng, sentence, words, turn), f"{accent}+{variant}"
                clips.append(speak(said, voice, words_per_minute=words_per_minute, pitch=pitch, melody=melody))
            for turn in range(READINGS_PER_RECORDED_VOICE if language == "en" else 0):
                for voice in RECORDED_VOICES:
                    said = _shuffled_by_turns(rng, sentence, words, turn)
                    stretch, pitch_hz = rng.uniform(0.85, 1.5), rng.uniform(75, 210)
                    clips.append(speak_recorded(said, voice, stretch=stretch, pitch_hz=pitch_hz))
    return clips


def _shuffled_by_turns(rng: np.random.Generator, sentence: str, words: list[str], turn: int) -> str:
    """Return the sentence or, in every other turn, as many words from any sentence."""
    return sentence if turn % 2 else " ".join(rng.choice(words, len(sentence.split())))


def lessons(clips: list[Speech], rng: np.random.Generator) -> Lessons:
    """Return the training data: features and truth of every clip, changed in several ways, and of speechless hiss."""
    reach = -CONTEXT[0]
    levels: list[Floats] = []
    truths: list[MouthTruth] = []

    def add(samples: Floats, phones: tuple[Phone, ...]) -> None:
        powers, moved = spoken_otherwise(rng, mel_powers([samples])[0], phones)
        levels.append(np.pad(features(powers), ((reach, reach), (0, 0)), mode="edge"))
        truths.append(mouth_truth(moved, len(powers)))

    for clip in clips:
        for _ in range(CHANGES_PER_CLIP):
            other = clips[rng.integers(len(clips))]
            add(*changed(rng, clip, resample(other.samples, other.rate, SAMPLE_RATE)))
    for _ in range(CLIPS_OF_HISS):
        add(hiss(rng, 3.0), ())
    starts = np.cumsum([0, *(len(piece) for piece in levels)])
    return Lessons(
        np.concatenate(levels),
        np.concatenate([start + reach + np.arange(t.viseme.size) for start, t in zip(starts, truths, strict=False)]),
        np.concatenate([np.stack([truth.openness, truth.width], axis=1) for truth in truths]),
        np.concatenate([truth.viseme for truth in truths]),
    )


def train(taught: Lessons, rng: np.random.Generator) -> list[Floats]:
    """Return weights and biases, alternating per layer, by Adam with weight decay and a cosine learning rate."""
    parameters: list[Floats] = []
    for fan_in, fan_out in pairwise((BANDS * len(CONTEXT), *HIDDEN, 2 + len(VISEMES))):
        weight = rng.standard_normal((fan_in, fan_out)) * np.sqrt(2 / fan_in)
        parameters.append(np.asarray(weight, np.float32))
        parameters.append(np.zeros(fan_out, np.float32))
    momentum = [np.zeros_like(p) for p in parameters]
    scale = [np.zeros_like(p) for p in parameters]
    context = np.array(CONTEXT)
    n_steps = EPOCHS * (taught.rows.size // BATCH)
    step = 0
    for epoch in range(EPOCHS):
        order = rng.permutation(taught.rows.size)
        losses = []
        for batch in np.split(order, np.arange(BATCH, order.size, BATCH))[:-1]:
            heard = taught.levels[taught.rows[batch][:, None] + context].reshape(BATCH, -1)
            gradients, loss = _gradients(parameters, heard, taught.curves[batch], taught.viseme[batch], rng)
            losses.append(loss)
            step += 1
            rate = LEARNING_RATE * 0.5 * (1 + np.cos(np.pi * step / n_steps)) * min(1.0, step / 300)
            for i, gradient in enumerate(gradients):
                momentum[i] += np.float32(0.1) * (gradient - momentum[i])
                scale[i] += np.float32(0.001) * (gradient**2 - scale[i])
                pull = momentum[i] / np.float32(1 - 0.9**step)
                size = np.sqrt(scale[i] / np.float32(1 - 0.999**step)) + np.float32(1e-8)
                parameters[i] -= np.float32(rate) * (pull / size + np.float32(DECAY) * parameters[i])
        print(f"epoch {epoch + 1:2d} of {EPOCHS}: loss {np.mean(losses):.4f}", flush=True)
    return parameters


def _gradients(
    parameters: list[Floats], heard: Floats, curves: Floats, viseme: NDArray[np.intp], rng: np.random.Generator
) -> tuple[list[Floats], float]:
    """Return the gradients of ``parameters``, and the loss: cross-entropy plus weighted squared curve errors."""
    activity = [heard]
    kept_share = np.float32(1 - DROPOUT)
    for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
        kept = (rng.random((len(heard), bias.size), np.float32) < kept_share) / kept_share
        activity.append(np.maximum(activity[-1] @ weight + bias, 0.0) * kept)
    output = activity[-1] @ parameters[-2] + parameters[-1]
    miss = output[:, :2] - curves
    odds = np.exp(output[:, 2:] - output[:, 2:].max(axis=1, keepdims=True))
    chance = odds / odds.sum(axis=1, keepdims=True)
    rows = np.arange(viseme.size)
    loss = CURVE_WEIGHT * (miss**2).sum(axis=1).mean() - np.log(chance[rows, viseme] + 1e-9).mean()
    chance[rows, viseme] -= 1.0
    slopes = np.concatenate([2 * CURVE_WEIGHT * miss, chance], axis=1) / viseme.size
    back: Floats = np.asarray(slopes, np.float32)
    gradients: list[Floats] = []
    for layer in range(len(activity) - 1, -1, -1):
        gradients[:0] = [activity[layer].T @ back, back.sum(axis=0)]
        if layer:
            alive = (activity[layer] > 0) / kept_share
            back = np.asarray((back @ parameters[2 * layer].T) * alive, np.float32)
    return gradients, float(loss)


def main() -> None:
    """Speak, change, learn, save."""
    rng = np.random.default_rng(SEED)
    clips = recordings(rng)
    taught = lessons(clips, rng)
    print(f"{len(clips)} clips, {taught.rows.size / 6000:.0f} minutes of lessons", flush=True)
    table: dict[str, Any] = {}
    for juror in range(JURY):
        parameters = train(taught, rng)
        names = [f"{kind}_{juror}_{layer}" for layer in range(len(parameters) // 2) for kind in ("weight", "bias")]
        table |= {name: p.astype(np.float16) for name, p in zip(names, parameters, strict=True)}
    path = Path(__file__).with_name(TABLE)
    np.savez_compressed(path, **table)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
