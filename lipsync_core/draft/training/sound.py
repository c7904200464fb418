"""Augmentation of the training clips: other voices, rooms and microphones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.spectrum import BANDS, SAMPLE_RATE, Floats
from lipsync_core.draft.synthesis import Speech
from lipsync_core.draft.visemes import HOP_S, Phone

FIELD_DB = 3.0
"""How far the level of a band drifts within a clip (dB, standard deviation, at most)."""
SHIFT_BANDS = 0.5
"""How far the spectrum moves along the mel scale (bands, standard deviation)."""
PACE = 0.15
"""How far the tempo drifts (natural logarithm, standard deviation)."""
BLUR_POINTS = 0.6
"""Largest blur over time (steps of 10 ms, standard deviation)."""
MASKS = 1
"""The most groups of bands that are blanked in a clip."""

_KNOT_POINTS = 6
_EVEN_SAMPLES = SAMPLE_RATE // 10  # lengths without large prime factors keep the transforms fast
_ECHO_SAMPLES = 8_000


def resample(samples: Floats, rate: int, new_rate: float) -> Floats:
    """Change the sample rate by cutting or padding the spectrum; up to a tenth of a second longer, silent."""
    even = np.pad(samples, (0, -samples.size % (rate // 10)))
    n_new = max(1, round(even.size * new_rate / rate))
    spectrum = np.fft.rfft(even)
    fitted = np.zeros(n_new // 2 + 1, spectrum.dtype)
    kept = min(fitted.size, spectrum.size)
    fitted[:kept] = spectrum[:kept]
    return np.asarray(np.fft.irfft(fitted, n_new) * (n_new / even.size), np.float32)


def changed(rng: np.random.Generator, speech: Speech, murmur: Floats) -> tuple[Floats, tuple[Phone, ...]]:
    """Return 16 kHz speech from another throat, room and channel, with noise or a murmur, at another level.

    The phones are moved with it. Pitch and formants move together, as with a shorter or longer throat, and further up
    than down, because both recorded voices of the training are men's.
    """
    stretch = int(rng.integers(74, 123)) / 100
    lead, tail = (round(rng.uniform(0.05, 0.5) * SAMPLE_RATE) for _ in range(2))
    spoken = resample(speech.samples, speech.rate, SAMPLE_RATE * stretch)
    tail += -(lead + spoken.size + tail) % _EVEN_SAMPLES
    samples = np.pad(spoken, (lead, tail))
    lead_s = lead / SAMPLE_RATE
    phones = tuple(
        Phone(phone.ipa, phone.start_s * stretch + lead_s, phone.end_s * stretch + lead_s) for phone in speech.phones
    )
    if rng.random() < 0.4:
        samples = _through_a_room(rng, samples)
    samples = _through_a_channel(rng, samples)
    rms = float(np.sqrt((samples**2).mean())) + 1e-6
    if rng.random() < 0.8:
        samples = samples + _noise(rng, samples.size) * np.float32(rms * 10 ** (-rng.uniform(5, 42) / 20))
    if rng.random() < 0.15:
        behind = np.resize(murmur, samples.size)
        share = rms / (float(behind.std()) + 1e-6) * 10 ** (-rng.uniform(12, 30) / 20)
        samples = samples + behind * np.float32(share)
    peak = 10 ** (-rng.uniform(0, 40) / 20)
    samples = samples * np.float32(peak / (float(np.abs(samples).max()) + 1e-9))
    if rng.random() < 0.1:
        limit = float(np.percentile(np.abs(samples), rng.uniform(95, 99.5)))
        samples = np.clip(samples, -limit, limit)
    return samples, phones


def hiss(rng: np.random.Generator, seconds: float) -> Floats:
    """Return noise at 16 kHz without any speech, at any level."""
    noise = _noise(rng, round(seconds * SAMPLE_RATE))
    return noise * np.float32(10 ** (-rng.uniform(20, 55) / 20))


def spoken_otherwise(
    rng: np.random.Generator, powers: Floats, phones: tuple[Phone, ...]
) -> tuple[Floats, tuple[Phone, ...]]:
    """Return mel powers as another speaker might have made them, and their phones.

    People time, stress and articulate their sounds less evenly than a synthesiser: tempo, formants and the level of
    every band drift smoothly at random, most clips are blurred slightly, and some bands are blanked.
    """
    paced, phones = _at_another_pace(rng, powers, phones)
    n_points = len(paced)
    knots = np.arange(0, n_points + _KNOT_POINTS, _KNOT_POINTS)
    shift = rng.normal(0.0, SHIFT_BANDS) + rng.normal(0.0, SHIFT_BANDS / 2, knots.size)
    bands = np.arange(BANDS) + np.interp(np.arange(n_points), knots, shift)[:, None]
    low = np.clip(np.floor(bands).astype(np.intp), 0, BANDS - 2)
    part = np.clip(bands - low, 0.0, 1.0)
    rows = np.arange(n_points)[:, None]
    shifted = paced[rows, low] * (1 - part) + paced[rows, low + 1] * part
    coarse = rng.normal(0.0, rng.uniform(0.5, FIELD_DB), (knots.size, 6))
    coarse += rng.normal(0.0, 2.0, (knots.size, 1))
    field = np.stack([np.interp(np.arange(BANDS), np.linspace(0, BANDS - 1, 6), row) for row in coarse])
    gain_db = _rows_at(field, np.arange(n_points) / _KNOT_POINTS)
    levels = np.log(shifted + 1e-12) + gain_db * (np.log(10) / 10)
    if rng.random() < 0.6:
        levels = _blurred(levels, rng.uniform(0.2, BLUR_POINTS))
        levels = _blurred(levels.T, rng.uniform(0.2, 0.8)).T
    heard = np.exp(levels)
    for _ in range(int(rng.integers(0, MASKS + 1))):
        first, width = int(rng.integers(BANDS)), int(rng.integers(1, 5))
        heard[:, first : first + width] = heard[:, first : first + width].mean()
    return np.asarray(heard, np.float32), phones


def _noise(rng: np.random.Generator, size: int) -> Floats:
    """Return noise of unit RMS whose power falls with the 0th (white) to 2nd (brown) power of frequency."""
    spectrum = np.fft.rfft(rng.standard_normal(size))
    frequency = np.maximum(np.fft.rfftfreq(size, 1 / SAMPLE_RATE), 50.0)
    noise = np.fft.irfft(spectrum * frequency ** (-rng.uniform(0.0, 2.0) / 2), size)
    return np.asarray(noise / (noise.std() + 1e-9), np.float32)


def _through_a_room(rng: np.random.Generator, samples: Floats) -> Floats:
    """Return the clip with an echo that decays within 0.1 to 0.4 seconds."""
    size = samples.size + _ECHO_SAMPLES
    time_s = np.arange(_ECHO_SAMPLES) / SAMPLE_RATE
    echo = rng.standard_normal(_ECHO_SAMPLES) * np.exp(-time_s * 6.9 / rng.uniform(0.1, 0.4))
    echo *= rng.uniform(0.1, 0.6) / np.sqrt((echo**2).sum())
    echo[0] = 1.0
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(echo, size), size)
    return np.asarray(wet[: samples.size], np.float32)


def _through_a_channel(rng: np.random.Generator, samples: Floats) -> Floats:
    """Return the clip with a random smooth frequency response and, sometimes, a telephone's band."""
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(samples.size, 1 / SAMPLE_RATE)
    knots_hz = np.array([0, 200, 500, 1000, 2000, 3500, 5500, 8000])
    gain_db = np.interp(hz, knots_hz, np.cumsum(rng.normal(0.0, 3.0, knots_hz.size)))
    if rng.random() < 0.12:
        gain_db = gain_db - 60.0 * ((hz < 250) | (hz > rng.uniform(3_300, 5_000)))
    return np.asarray(np.fft.irfft(spectrum * 10 ** (gain_db / 20), samples.size), np.float32)


def _at_another_pace(
    rng: np.random.Generator, powers: Floats, phones: tuple[Phone, ...]
) -> tuple[NDArray[np.float64], tuple[Phone, ...]]:
    """Return powers and phones with a tempo that drifts."""
    n_points = len(powers)
    knots = np.arange(0, n_points + _KNOT_POINTS, _KNOT_POINTS)
    pace = np.exp(rng.normal(0.0, PACE, knots.size))
    passed = np.concatenate([[0.0], np.cumsum(np.interp(np.arange(n_points), knots, pace))])
    source = np.interp(np.arange(0.5, passed[-1]), passed, np.arange(n_points + 1)) - 0.5
    edges_s = np.arange(n_points + 1) * HOP_S

    def moved(time_s: float) -> float:
        return float(np.interp(time_s, edges_s, passed * HOP_S))

    return _rows_at(powers, source), tuple(Phone(p.ipa, moved(p.start_s), moved(p.end_s)) for p in phones)


def _rows_at(table: NDArray[np.floating], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows of a table at fractional positions."""
    low = np.clip(np.floor(at).astype(np.intp), 0, len(table) - 2)
    part = np.clip(at - low, 0.0, 1.0)[:, None]
    return np.asarray(table[low] * (1 - part) + table[low + 1] * part, np.float64)


def _blurred(table: NDArray[np.float64], deviation: float) -> NDArray[np.float64]:
    """Return the table smoothed by a Gaussian along its rows; ``deviation`` in rows."""
    reach = 5
    window = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    window /= window.sum()
    padded = np.pad(table, ((reach, reach), (0, 0)), mode="edge")
    shares = [share * padded[i : i + len(table)] for i, share in enumerate(window)]
    return np.asarray(np.sum(shares, axis=0), np.float64)
