"""Four vendors played locally over real HTTP: their wire formats, their waiting, their bill and their bad days.

`lipsync_core.sandbox.app` builds the ASGI app; ``python -m lipsync_core.sandbox`` serves it. The sandbox shares no
code with the studio's prices, timings or provider clients, so that their agreeing with it means something.
"""
