"""Speed and memory of a draft render: ``python tests/bench/bench_draft.py [--no-memory]``.

RTF is seconds of work per second of video, for the whole job: finding the face, analysing the speech, drawing and
encoding. It is compared with encoding alone in the same run, because other work on the machine slows both: a plain PyAV
loop that encodes as many identical RGB frames, and the voice, with the same codecs and settings. Memory is the peak of
a process that does nothing else.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that the script also runs by its path

from lipsync_core.decode import SPEECH_RATE, load_image, speech_blocks
from lipsync_core.draft.encode import FPS, VOICE_BIT_RATE, X264
from lipsync_core.draft.face import find_faces
from lipsync_core.draft.render import frame_size, render, render_dialog
from lipsync_core.samples import PAIRS, PORTRAITS, VOICES

SECONDS = 32
REPEATS = 3


def main() -> None:
    """Print both tables; with two arguments, be the process whose memory is measured."""
    if len(sys.argv) == 3:
        print(peak_mb(Path(sys.argv[1]), Path(sys.argv[2])))
        return
    with tempfile.TemporaryDirectory() as folder:
        speed(Path(folder))
        two_people(Path(folder))
        if "--no-memory" not in sys.argv:
            memory(Path(folder))


def speed(folder: Path) -> None:
    """Print the real-time factors of the median run of three, by its ratio to encoding alone."""
    voice = looped_voice(folder / "voice.wav", SECONDS)
    print(f"{'face / frame width':>20} {'':>6} {'size':>10} {'RTF':>6} {'encode':>7} {'ratio':>6}")
    for share in (0.25, 0.9):
        image = portrait(share)
        for resolution in ("480p", "720p"):
            width, height = frame_size(image.shape[1], image.shape[0], resolution)
            runs = sorted(compared(image, resolution, voice, folder) for _ in range(REPEATS))
            ratio, rtf, encode_rtf = runs[REPEATS // 2]
            size = f"{width}×{height}"
            print(f"{share:>20} {resolution:>6} {size:>10} {rtf:>6.3f} {encode_rtf:>7.3f} {ratio:>6.2f}", flush=True)


def two_people(folder: Path) -> None:
    """Print the real-time factor of a dialog: the median of three."""
    voice = looped_voice(folder / "half.wav", SECONDS // 2)
    image = load_image(PAIRS[0].path)
    for resolution in ("480p", "720p"):
        took = sorted(
            timed(partial(conversation, image, voice, folder / "dialog.mp4", resolution)) for _ in range(REPEATS)
        )
        width, height = frame_size(image.shape[1], image.shape[0], resolution)
        size = f"{width}×{height}"
        print(f"{'two people':>20} {resolution:>6} {size:>10} {took[REPEATS // 2] / SECONDS:>6.3f}", flush=True)


def conversation(image: NDArray[np.uint8], voice: Path, out: Path, resolution: str) -> None:
    """Render a dialog in which both people say the same, one after the other."""
    render_dialog(
        image=image,
        left=voice,
        right=voice,
        order="left_right",
        out=out,
        resolution=resolution,
        seed=1,
        on_progress=lambda *_: None,
    )


def compared(image: NDArray[np.uint8], resolution: str, voice: Path, folder: Path) -> tuple[float, float, float]:
    """Return the ratio, the RTF of the whole job, and the RTF of encoding an unchanging frame."""
    size = frame_size(image.shape[1], image.shape[0], resolution)
    still = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    encode = timed(lambda: encode_only(still, voice, folder / "encoded.mp4", SECONDS * FPS))
    whole = timed(lambda: draft(image, voice, folder / "drawn.mp4", resolution))
    return whole / encode, whole / SECONDS, encode / SECONDS


def encode_only(still: NDArray[np.uint8], voice: Path, out: Path, count: int) -> None:
    """Encode the same RGB frame ``count`` times, and the voice."""
    options = {"movflags": "+faststart"}
    with av.open(str(out), "w", format="mp4", options=options) as container, av.open(str(voice)) as source:
        picture = container.add_stream("libx264", rate=FPS, options=X264)
        picture.height, picture.width = still.shape[:2]
        picture.pix_fmt = "yuv420p"
        picture.codec_context.thread_count = 2
        sound = container.add_stream("aac", rate=SPEECH_RATE, layout="mono")
        sound.bit_rate = VOICE_BIT_RATE * 3 // 4
        for _ in range(count):
            container.mux(picture.encode(av.VideoFrame.from_ndarray(still, format="rgb24")))
        for heard in source.decode(audio=0):
            container.mux(sound.encode(heard))
        container.mux(sound.encode(None))
        container.mux(picture.encode(None))


def memory(folder: Path) -> None:
    """Print the peak memory at 480p."""
    print(f"\n{'voice':>8} {'peak':>8}")
    for minutes in (1, 10):
        voice = looped_voice(folder / "long.wav", 60 * minutes)
        command = [sys.executable, __file__, str(voice), str(folder / "m.mp4")]
        peak = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(f"{minutes:>4} min {peak:>5.0f} MB", flush=True)


def peak_mb(voice: Path, out: Path) -> float:
    """Peak resident memory of this process after one draft at 480p, in MB (Linux only)."""
    draft(portrait(0.9), voice, out, "480p")
    # Not ru_maxrss: a process inherits its parent's, which has held whole clips.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return float(status["VmHWM"].split()[0]) / 1024


def draft(image: NDArray[np.uint8], voice: Path, out: Path, resolution: str) -> None:
    """Run one whole job."""
    render(
        image=image, voice=voice, out=out, resolution=resolution, mouth_box=None, seed=1, on_progress=lambda *_: None
    )


def timed(work: Callable[[], None]) -> float:
    """Return the seconds that this work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def portrait(share: float) -> NDArray[np.uint8]:
    """Return a sample portrait cropped to a square of 720 pixels or more in which the face takes this share."""
    image = load_image(PORTRAITS[0].path)
    x, y, width, _ = find_faces(image)[0].box
    half = round(width / share / 2)
    around = cv2.copyMakeBorder(image, half, half, half, half, cv2.BORDER_REFLECT)
    square = around[y + width // 2 : y + width // 2 + 2 * half, x + width // 2 : x + width // 2 + 2 * half]
    return np.asarray(cv2.resize(square, (900, 900), interpolation=cv2.INTER_CUBIC), np.uint8)


def looped_voice(path: Path, seconds: int) -> Path:
    """Write a sample voice, repeated to this length, as 16 kHz WAV."""
    once = np.concatenate(list(speech_blocks(VOICES[0].path)))
    samples = np.resize(once, seconds * SPEECH_RATE)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SPEECH_RATE)
        file.writeframes((samples * 32_767).astype("<i2").tobytes())
    return path


if __name__ == "__main__":
    main()
