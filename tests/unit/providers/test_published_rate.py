"""The price list that a vendor publishes: anybody may read it, so no key goes along."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lipsync_core import Settings, Studio, VendorError
from lipsync_core.providers.aimlapi import MODEL
from tests.sandbox import KEYS, served

PRICE = {
    "kind": "variants",
    "currency": "USD",
    "dimensions": ["input"],
    "variants": [{"when": {"input": "audio"}, "price": 0.04, "unit": "second", "per": 1}],
}


def test_the_published_rate_is_asked_for_without_any_key(environment: dict[str, str], tmp_path: Path) -> None:
    seen: list[Request] = []

    async def models(request: Request) -> Response:
        seen.append(request)
        return JSONResponse([{"id": MODEL, "pricing": PRICE}])

    with served(Starlette(routes=[Route("/{path:path}", models)])) as base:
        variables = environment | KEYS | {"AIMLAPI_BASE_URL": base}
        studio = Studio(Settings.from_env(variables, dotenv=tmp_path / "no.env"))
        rate = studio.vendors.published_rate("aimlapi", by="mia")
        assert (str(rate.usd_per_second), rate.published, rate.by) == ("0.04", True, "mia")
        with pytest.raises(VendorError, match="no price list"):
            studio.vendors.published_rate("joypix", by="mia")
    (request,) = seen
    assert "authorization" not in request.headers
    assert KEYS["AIMLAPI_API_KEY"] not in f"{request.url} {dict(request.headers)}"
