"""Films that are large: a second of them is many megabytes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

FPS = 25


def make_film(path: Path, size: int) -> Path:
    """An MP4 just below ``size`` bytes; its pictures are noise, each a key picture: 720p, 25 a second."""
    dice = np.random.default_rng(1)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream(
            "libx264", rate=FPS, options={"g": "1", "bf": "0", "qp": "4", "preset": "ultrafast"}
        )
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        noise = [av.VideoFrame.from_ndarray(dice.integers(0, 255, (720, 1280, 3), np.uint8)) for _ in range(6)]
        packets = [packet for frame in noise for packet in stream.encode(frame.reformat(format="yuv420p"))]
        pictures = [bytes(packet) for packet in (*packets, *stream.encode(None))]
        written = number = 0
        while written + 2 * max(map(len, pictures)) < size:
            packet = av.Packet(pictures[number % len(pictures)])
            packet.stream, packet.time_base = stream, Fraction(1, FPS)
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, True
            written, number = written + packet.size, number + 1
            container.mux(packet)
    return path
