"""The draft engine: a picture and a voice in, a watchable MP4 out, on this computer, with no key and no network.

``face`` finds the mouth (``seam``, ``eyes``), ``speech`` hears the voice (``spectrum``, ``visemes``), ``rig`` bends the
picture (``mouth``, ``interior``, ``lids``, ``sway``, timed by ``life``), ``encode`` writes the file, and ``render`` is
all of it in order. Frames are NV12 throughout (``nv12``). It runs in a worker process only.
"""
