"""The draft engine: a picture and a voice in, a watchable MP4 out, on this computer, with no key and no network.

``face`` finds the mouth (``seam``, ``eyes``), ``speech`` hears the voice (``spectrum``, ``visemes``), ``rig`` bends the
picture (``mouth``, ``interior``, ``life``, ``lids``), ``encode`` writes the file, and ``render`` is all of it in order.
It runs in a worker process only.
"""
