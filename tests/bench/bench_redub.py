"""How much of the old words is left on re-dubbed lips, how well they follow the new ones, and how long it takes.

``python tests/bench/bench_redub.py [CLIP…]``. Heads that speak are made by the draft engine itself, of the samples, so
that no third party's face is needed; any other clips of one person are measured, too, if they are named. The mesh says
how far lips are apart, before and after. ``r new`` is the correlation after with how far the new voice opens a mouth;
``r old`` that with how far they were apart before, and ``left`` the same once what both share with the new voice is
taken out. RTF is seconds of work per second of video; CPU is the same in seconds of a processor.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that the script also runs by its path

from lipsync_core.decode import load_image, speech_blocks
from lipsync_core.draft.encode import FPS
from lipsync_core.draft.face import find_faces
from lipsync_core.draft.mesh import fit, seen_again
from lipsync_core.draft.redub import redub
from lipsync_core.draft.render import render
from lipsync_core.draft.speech import mouth_track
from lipsync_core.draft.track import opening
from lipsync_core.samples import PORTRAITS, VOICES, Sample

Curve = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """One clip: its correlations, and seconds of work and of a processor for a second of it."""

    new: float
    old: float
    left: float
    rtf: float
    cpu: float


def main() -> None:
    """Print a line for each clip."""
    print(f"{'clip':>28} {'r new':>6} {'r old':>6} {'left':>6} {'RTF':>6} {'CPU':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for number, portrait in enumerate(PORTRAITS[:2]):
            clip = speaking(portrait, VOICES[number], Path(folder))
            show(portrait.title, measured(clip, VOICES[number + 2], Path(folder) / "out.mp4"))
        for path in map(Path, sys.argv[1:]):
            show(path.name, measured(path, VOICES[0], Path(folder) / "out.mp4"))


def show(name: str, one: Measured) -> None:
    """Print one line."""
    print(f"{name[:28]:>28} {one.new:6.2f} {one.old:6.2f} {one.left:6.2f} {one.rtf:6.2f} {one.cpu:6.2f}", flush=True)


def speaking(portrait: Sample, voice: Sample, folder: Path) -> Path:
    """Make a clip of a portrait that speaks."""
    out = folder / f"{portrait.path.stem}.mp4"
    image = load_image(portrait.path)
    render(
        image=image, voice=voice.path, out=out, resolution="480p", mouth_box=None, seed=1, on_progress=lambda *_: None
    )
    return out


def measured(clip: Path, voice: Sample, out: Path) -> Measured:
    """Give a clip another voice, and look at its lips before and after."""
    began, worked = time.perf_counter(), time.process_time()
    done = redub(video=clip, voice=voice.path, out=out, on_progress=lambda *_: None)
    took, busy = time.perf_counter() - began, time.process_time() - worked
    times, after = openings(out)
    before_times, before = openings(clip)
    count = min(len(before), len(after))  # from there on, the clip is over, or goes backwards
    track = mouth_track(speech_blocks(voice.path), fps=FPS).openness
    new = np.interp(times[:count], (np.arange(len(track)) + 0.5) / FPS, track)
    old = np.interp(times[:count], before_times, before)
    after = after[:count]
    rests = [curve - np.polyval(np.polyfit(new, curve, 1), new) for curve in (after, old)]
    return Measured(
        correlation(after, new),
        correlation(after, old),
        correlation(*rests),
        took / done.duration_s,
        busy / done.duration_s,
    )


def openings(clip: Path) -> tuple[Curve, Curve]:
    """Return the time of the middle of each picture, and how far the lips are apart in it, in half widths."""
    times, gaps = [], []
    points = None
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            if points is None:
                mesh = find_faces(picture)[0].mesh
                assert mesh is not None
                points = mesh.points
            points = fit(picture, seen_again(points), passes=2).points
            times.append(float(frame.time) + 0.5 / FPS)
            gaps.append(opening(points))
    return np.array(times), np.array(gaps)


def correlation(one: Curve, other: Curve) -> float:
    """Return Pearson's r."""
    return float(np.corrcoef(one, other)[0, 1])


if __name__ == "__main__":
    main()
