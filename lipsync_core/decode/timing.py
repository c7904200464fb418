"""When a video's pictures are on screen, by a player's clock, which starts with the video whatever its time stamps say.

Recordings of television start at hours, edited ones in the middle of a stream, and AVI notes only when a picture is to
be decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, dropwhile

from av.container import InputContainer
from av.error import InvalidDataError
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_LEADS_S = 0.1
"""Sound that starts earlier than this before the first picture belongs to the video; less comes from codecs, which
need a start-up."""
_STEPS_BACK_S = (0.0, 2.0, 10.0, 60.0)
"""How much earlier to look for a key picture: indexes are coarse, and transport streams have none."""


class Timing:
    """The clock of an open video, in the unit of its picture stream."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.unit = stream.time_base or Fraction(1, 1000)
        self.rate = stream.average_rate or stream.guessed_rate or Fraction(25)
        self._container = container
        self._stream = stream
        self._usual = max(1, round(1 / (self.rate * self.unit)))
        self._by_decoding = container.format.name == "avi"
        start = next(self._stamped(), None)
        if start is None:
            raise ValueError("a video without a picture")
        self.first, self._first_stamp = start
        self._origin = self._first_stamp
        if container.start_time is not None and not self._by_decoding:
            leads = round(Fraction(container.start_time, 1_000_000) / self.unit)
            if (self._origin - leads) * self.unit > _LEADS_S:
                self._origin = leads

    def pictures(self, from_s: float = 0.0) -> Iterator[tuple[VideoFrame, int]]:
        """Yield each picture with its time, from the last key picture before an instant, or from the first one."""
        for frame, stamp in self._from(int(from_s / self.unit)):
            yield frame, 0 if stamp == self._first_stamp else max(0, stamp - self._origin)

    def stamped(self, begin: int = 0) -> Iterator[VideoFrame]:
        """Yield the pictures from this time on, with time stamps that count from it and with their lengths."""
        for frame, at in self.pictures(self.seconds(begin)):
            if at >= begin:
                frame.pts, frame.time_base, frame.duration = at - begin, self.unit, self._length(frame)
                yield frame

    @property
    def origin(self) -> int:
        """The time stamp with which the video begins."""
        return self._origin

    def seconds(self, at: int) -> float:
        """Return a time in seconds."""
        return float(at * self.unit)

    def sound_s(self, at: int) -> float:
        """Return the time stamp, in seconds, of the sound that is heard at a time."""
        return float((at if self._by_decoding else at + self._origin) * self.unit)

    def end_s(self, packet: Packet[Stream]) -> float | None:
        """Return when the picture in a packet is over, in seconds; None if it is never shown."""
        stamp = packet.dts if self._by_decoding or packet.pts is None else packet.pts
        if stamp is None or packet.is_discard:
            return None
        start = 0 if self._by_decoding else self._origin
        return float((stamp - start + (packet.duration or self._usual)) * self.unit)

    def _length(self, frame: VideoFrame) -> int:
        """How long a picture is on screen."""
        return frame.duration or self._usual

    def _from(self, at: int) -> Iterator[tuple[VideoFrame, int]]:
        target = at if self._by_decoding else at + self._origin
        for back_s in _STEPS_BACK_S:
            earlier = target - int(back_s / self.unit)
            if at <= 0 or earlier <= self._first_stamp:
                break
            self._container.seek(earlier, stream=self._stream)
            found = dropwhile(lambda one: not one[0].key_frame, self._stamped())
            if (first := next(found, None)) is not None and first[1] <= target:
                yield from chain([first], found)
                return
        self._container.seek(min(0, self._first_stamp), stream=self._stream)
        yield from self._stamped()

    def _stamped(self) -> Iterator[tuple[VideoFrame, int]]:
        due: int | None = None
        for packet in self._container.demux(self._stream):
            for frame in _decoded(self._stream, packet):
                given = frame.dts if self._by_decoding else frame.pts
                stamp = due if given is None else given
                if stamp is not None:
                    due = stamp + self._length(frame)
                    yield frame, stamp


def _decoded(stream: VideoStream, packet: Packet[VideoStream]) -> list[VideoFrame]:
    try:
        return stream.codec_context.decode(packet)
    except InvalidDataError:
        return []  # one bad packet does not make a video unusable
