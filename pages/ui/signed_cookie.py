"""Reads a browser's sign-in cookie outside of pages; Streamlit does so for its WebSocket only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from streamlit.auth_util import get_cookie_with_chunks, get_origin_from_redirect_uri
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

TOKENS = "tokens"
"""A key that may accompany the claims if so configured; it is not a claim."""


def signed_claims(cookies: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the claims that `st.user` has in a page of this browser; None without a cookie signed by this server."""

    def signed(name: str) -> bytes | None:
        value = cookies.get(name)
        return None if value is None else decode_signed_value(get_cookie_secret(), name, value.encode("latin-1"))

    content = get_cookie_with_chunks(signed, USER_COOKIE_NAME)
    claims: dict[str, Any] = {} if content is None else json.loads(content)
    ours = claims.pop("origin", None) == get_origin_from_redirect_uri()
    return claims if ours and claims.get("is_logged_in") else None
