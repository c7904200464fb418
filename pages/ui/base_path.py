"""The path below which the pages are served: none, or Streamlit's ``server.baseUrlPath``."""

from __future__ import annotations

from streamlit import config
from streamlit.web.server.server_util import get_url


def base_path() -> str:
    """What the paths of everything begin with, such as “/studio”; empty at the top."""
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def href(link: str) -> str:
    """A link of the core's as a browser follows it. Pictures and players take the link as it is: Streamlit adds it."""
    return base_path() + link


def address() -> str:
    """Where a browser on this computer finds the pages."""
    return get_url(config.get_option("browser.serverAddress") or "localhost")
