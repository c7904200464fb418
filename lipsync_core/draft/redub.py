"""The draft engine for videos: gives a person in a video a new voice, and lips that go with it.

It passes through the video twice: once to follow the face (`track`), once to draw (`relipped`). Where no face is seen,
the pictures stay as they are; so does all of them but the lower face.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.brief import LONGEST_DRAFT_SIDE
from lipsync_core.decode import SPEECH_RATE, speech_blocks
from lipsync_core.draft.ahead import ahead
from lipsync_core.draft.encode import FPS, Clock, write_mp4
from lipsync_core.draft.face import Box
from lipsync_core.draft.footage import Showing, film_of, pictures, played
from lipsync_core.draft.inside import Inside, fitting
from lipsync_core.draft.relipped import NewMouth
from lipsync_core.draft.render import Rendered, held
from lipsync_core.draft.rig import Pose
from lipsync_core.draft.speech import MouthTrack, mouth_track
from lipsync_core.draft.track import Followed, Run, follow
from lipsync_core.errors import RenderError
from lipsync_core.face_models import MISSING, installed

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

NO_FACE = "No face was found in the video. Choose one in which a person is seen from the front, then render again."
NO_FACE_IN_MASK = (
    "No face was found in the video whose mouth is in the white part of the mask. Choose another mask, or none, then "
    "render again."
)

_MOST_HEARD = 30
"""The voice is heard for at most so many pictures a second, and what is between them, interpolated: closed lips have to
last."""

_FOLLOWING = 0.4
"""The share of the work that is done once the face was followed through the video."""

_PROGRESS_EVERY = 8


def redub(
    *,
    video: Path,
    voice: Path,
    out: Path,
    on_progress: Callable[[int, int], None],
    mouth_box: Box | None = None,
    mask: Image | None = None,
    track: MouthTrack | None = None,
    most_side: int = LONGEST_DRAFT_SIDE,
) -> Rendered:
    """Let the person in ``video`` say what is heard in ``voice``, as an MP4 at ``out`` that is as long as the voice.

    A shorter video goes on backwards, then forwards again; a longer one is cut. Its pictures keep their times, and
    their size, up to ``most_side`` pixels. ``mask`` (h, w, 3, RGB) of any size is laid over the whole picture: only
    where it is light may anything change. ``mouth_box`` is the mouth of who speaks, in pixels of the first picture.
    ``track`` is how the mouth moves, 25 times a second, if that is known; else it is heard. ``on_progress`` is called
    with the frames done and the total, following counted in. Raises `RenderError`, or `MediaError` for a file that
    cannot be read.
    """
    if not installed():
        raise RenderError(MISSING)
    length_s = sum(len(block) for block in speech_blocks(voice)) / SPEECH_RATE
    changeable = None if mask is None else _lightness(mask)
    film = film_of(video, most_side)
    tell = _Telling(on_progress, length_s)
    with ThreadPoolExecutor(1) as beside:
        heard = beside.submit(lambda: (track, FPS) if track else _heard(voice, _values_a_second(float(film.rate))))
        followed = follow(film, until_s=length_s, mouth_box=mouth_box, changeable=changeable, on_picture=tell.followed)
        if not followed.runs:
            raise RenderError(NO_FACE if mask is None else NO_FACE_IN_MASK)
        moves = _at(heard.result(), order := played(film, length_s), film.unit)
    if changeable is not None:
        changeable = np.asarray(cv2.resize(changeable, (film.width, film.height)), np.float32)
    frames = _drawn(followed, order, moves, changeable)
    colours = (film.colours.primaries, film.colours.transfer, film.colours.matrix)
    tell.total = len(order)
    write_mp4(out, frames, voice, tell.drawn, Clock(film.unit, film.rate, [one.at for one in order], colours))
    last = order[-1]
    return Rendered(film.width, film.height, len(order), float((last.at + last.lasts) * film.unit))


def _lightness(mask: Image) -> Floats:
    return np.asarray(cv2.cvtColor(mask, cv2.COLOR_RGB2GRAY).astype(np.float32) / np.float32(255), np.float32)


def _values_a_second(rate: float) -> int:
    """Return for how many instants a second the voice is heard: as many as pictures, or a whole part of them."""
    return max(10, round(rate / math.ceil(rate / _MOST_HEARD)))


def _heard(voice: Path, fps: int) -> tuple[MouthTrack, int]:
    track = mouth_track(speech_blocks(voice), fps=fps)
    return replace(track, openness=held(track.openness)), fps


def _at(heard: tuple[MouthTrack, int], order: Sequence[Showing], unit: Fraction) -> MouthTrack:
    """Return openness and width for each showing, at the middle of its time."""
    track, fps = heard
    middles = np.array([(one.at + one.lasts / 2) * float(unit) for one in order])
    instants = (np.arange(len(track.openness)) + 0.5) / fps
    return MouthTrack(
        np.interp(middles, instants, track.openness).astype(np.float32),
        np.interp(middles, instants, track.width).astype(np.float32),
        None if track.inside is None else track.inside[np.minimum(middles * fps, len(instants) - 1).astype(np.intp)],
    )


def _drawn(
    followed: Followed, order: Sequence[Showing], track: MouthTrack, changeable: Floats | None
) -> Iterator[Image]:
    run: Run | None = None
    mouth: NewMouth | None = None
    for index, frame in enumerate(ahead(pictures(followed.film, order))):
        shot = order[index].shot
        now = followed.run_at(shot)
        if now is None or now.portrait is None:
            yield frame
            continue
        if mouth is None or now is not run:
            run, mouth = now, NewMouth(now, now.portrait, float(followed.film.rate))
        openness, width = float(track.openness[index]), float(track.width[index])
        seen = Inside.PLAIN if track.inside is None or openness <= 0 else Inside(int(track.inside[index]))
        pose = Pose(fitting(openness, seen), width, inside=seen)
        yield mouth.draw(frame, shot - now.first, pose, changeable)


class _Telling:
    """Tells how far the work is, now and then, in frames."""

    def __init__(self, on_progress: Callable[[int, int], None], length_s: float) -> None:
        self.total = 1
        self._on_progress, self._length_s = on_progress, length_s
        self._seen = 0

    def followed(self, seconds: float) -> None:
        self._seen += 1
        if self._seen % _PROGRESS_EVERY == 0:
            total = max(1, round(self._seen * self._length_s / max(seconds, 1e-3)))
            self._on_progress(min(round(_FOLLOWING * self._seen), total), total)

    def drawn(self, done: int) -> None:
        if done % _PROGRESS_EVERY == 0 or done == self.total:
            self._on_progress(round(self.total * _FOLLOWING + done * (1 - _FOLLOWING)), self.total)
