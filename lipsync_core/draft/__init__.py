"""The draft engine: makes an MP4 from a picture and a voice on this computer, without a key or network.

``face`` finds people (``mesh``) and ``eyes`` their eyes; ``speech`` reads the voice (``spectrum``, ``visemes``), or
``spoken`` makes it of a text (``synthesis``). ``rig`` deforms the picture (``shape``, ``mouth``, ``interior``,
``lids``, ``sway``, timed by ``life``), ``encode`` writes the file, and ``render`` runs all of them in order. All frames
are NV12 (``nv12``). It runs only in a worker process.
"""
