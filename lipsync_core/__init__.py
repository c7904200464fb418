"""Lip-Sync Studio's core: useful without a server and without Streamlit.

    from lipsync_core import Brief, Studio

The public names are listed in `__init__.pyi`. Each is loaded on first use, so that a worker process starts without the
ledger's libraries.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
