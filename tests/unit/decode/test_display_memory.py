"""A video's pictures are let go of as they are shown, however large they are."""

from __future__ import annotations

import gc
from pathlib import Path

import av
import numpy as np

from lipsync_core.decode.container import opened, picture_stream
from lipsync_core.decode.display import Display
from lipsync_core.decode.timing import Timing


def test_few_large_pictures_are_in_memory_at_once(tmp_path: Path) -> None:
    clip = tmp_path / "large.mp4"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 3840, 2160, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.full((3240, 3840), 90, np.uint8), format="yuv420p")
        for number in range(24):
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    most = 0
    with opened(clip) as source:
        moving = picture_stream(source)
        assert moving is not None
        for _frame in Display(moving, most_side=640).shown(Timing(source, moving).stamped()):
            held = sum(isinstance(one, av.VideoFrame) and one.width == 3840 for one in gc.get_objects())
            most = max(most, held)
    assert 0 < most <= 12  # of 24; each is 12 MB
