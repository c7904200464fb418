"""Who may bring files, to which page, and how much at once. By the raw protocol, on a studio where people sign in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

from lipsync_core import Role, Studio
from tests import patient
from tests.line import Line, opened
from tests.oidc import Provider, claims_of, signed_cookie
from tests.server import Server, sandboxed, studio_of

pytestmark = pytest.mark.places

ADMIN, MAKER, VIEWER = "mia@studio.test", "max@studio.test", "vic@studio.test"
MB = 1024 * 1024


@pytest.fixture(scope="module", params=["", "studio"], ids=["at the top", "below a path"])
def base(request: pytest.FixtureRequest) -> str:
    return f"/{request.param}" if request.param else ""


@pytest.fixture(scope="module")
def variables(base: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("uploads")
    with Provider() as provider:
        yield sandboxed(folder) | {
            "STUDIO_ADMIN": ADMIN,
            "STREAMLIT_SECRETS_FILES": str(provider.secrets(folder)),
            "STREAMLIT_SERVER_BASE_URL_PATH": base.strip("/"),
        }


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str]) -> Studio:
    studio = studio_of(variables)
    studio.people.enter(claims_of(ADMIN))
    for who, role in ((MAKER, Role.MAKER), (VIEWER, Role.VIEWER)):
        studio.people.invite(who, role, by=ADMIN)
    return studio


@pytest.fixture(scope="module")
def server(
    base: str, variables: dict[str, str], ledger: Studio, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with Server(variables, tmp_path_factory.mktemp("log") / "server.log", base=base) as server:
        yield server


def cookie(server: Server, who: str, visit: str = "one") -> dict[str, str]:
    return signed_cookie(server.url, claims_of(who, nonce=visit))


def page_of(line: Line) -> str:
    """The id of the page that a socket shows."""
    return next(one for told in line.draw() if (one := told.new_session.initialize.session_id))


def bring(server: Server, base: str, page: str, signed: Mapping[str, str] | None, size: int, name: str = "a") -> int:
    token = generate_xsrf_token_string()
    cookies = {"_streamlit_xsrf": token} | ({signed["name"]: signed["value"]} if signed else {})
    answer = patient.put(
        f"{server.url}{base}/_stcore/upload_file/{page}/{name}",
        headers={"X-Xsrftoken": token, "Cookie": "; ".join(f"{key}={value}" for key, value in cookies.items())},
        files={"file": ("voice.wav", b"0" * size)},
        timeout=120,
    )
    return answer.status_code


def test_files_are_taken_from_whoever_may_make_for_a_page_of_the_same_visit(server: Server, base: str) -> None:
    path = f"{base}/_stcore/stream"
    makers, viewers = cookie(server, MAKER), cookie(server, VIEWER)
    with opened(server.url, path=path, cookies=[makers]) as line, opened(server.url, path=path) as strangers:
        page = page_of(line)
        assert bring(server, base, page, makers, 10) == 204
        assert bring(server, base, page, None, 10) == 403
        assert bring(server, base, page, viewers, 10) == 403
        assert bring(server, base, page, cookie(server, MAKER, "another"), 10) == 403
        assert bring(server, base, page, cookie(server, ADMIN), 10) == 403
        assert bring(server, base, page_of(strangers), None, 10) == 403
        assert bring(server, base, page_of(strangers), makers, 10) == 403
    with opened(server.url, path=path, cookies=[viewers]) as line:
        assert bring(server, base, page_of(line), viewers, 10) == 403


def test_one_person_has_so_much_in_memory_and_no_more(server: Server, base: str) -> None:
    signed = cookie(server, MAKER, "much")
    path = f"{base}/_stcore/stream"
    with opened(server.url, path=path, cookies=[signed]) as one, opened(server.url, path=path, cookies=[signed]) as two:
        pages = [page_of(one), page_of(two)]
        for number in range(4):
            assert bring(server, base, pages[number % 2], signed, 120 * MB, f"file-{number}") == 204
        assert bring(server, base, pages[0], signed, 120 * MB, "too-much") == 413
        assert bring(server, base, pages[1], signed, MB, "small") == 204
        others = cookie(server, ADMIN)
        with opened(server.url, path=path, cookies=[others]) as line:
            assert bring(server, base, page_of(line), others, 10) == 204  # it is counted for each by themselves
