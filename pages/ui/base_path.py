"""The path below which the pages are served: none, or Streamlit's ``server.baseUrlPath``."""

from __future__ import annotations

from streamlit import config
from streamlit.web.server.server_util import get_url


def base_path() -> str:
    """Return the prefix of all paths, such as “/studio”; empty at the root."""
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def href(link: str) -> str:
    """Return a link of the core with the base path. For pictures and players, Streamlit adds the path itself."""
    return base_path() + link


def address() -> str:
    """Return the address of the pages for a browser on this computer."""
    return get_url(config.get_option("browser.serverAddress") or "localhost")
