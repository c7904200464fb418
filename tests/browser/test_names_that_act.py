"""What people type is shown as it was typed, on every page, and makes nothing: no script, request, link or colour."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from lipsync_core import Brief, Role, Studio
from tests import corpus
from tests.browser.visit import PORTRAIT, settle
from tests.oidc import claims_of, secrets_file, signed_cookie
from tests.server import Server, sandboxed, studio_of

pytestmark = pytest.mark.browser

ADMIN, MAKER, OTHER = (f"{name}@studio.test" for name in ("mia", "max", "moe"))
WILD = (
    "<script>window.acted=1</script><img src=//canary.invalid/a onerror=window.acted=2>",
    "![x](http://canary.invalid/b) [y](javascript:window.acted=3) www.canary.invalid",
    ":red[r] :material/delete: $x^2$ **b** `c` # h <b id=made>m</b>",
    '"><svg onload=window.acted=4><iframe src=//canary.invalid/c> =1+1 |a|b|',
)
TURNED = "live\u202egpj.exe\u2066\u200b\nDecided: paid"
"""A name that would be read the other way round, and begin a second line."""


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("wild")
    return sandboxed(folder) | {
        "STUDIO_ADMIN": ADMIN,
        "STUDIO_ALLOWED_DOMAINS": "studio.test",
        "STREAMLIT_SECRETS_FILES": str(secrets_file(folder)),
    }


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """Wild words wherever somebody can put any."""
    studio = studio_of(variables)
    for number, (who, role) in enumerate(((ADMIN, Role.ADMIN), (MAKER, Role.MAKER), (OTHER, Role.MAKER))):
        studio.people.enter(claims_of(who, name=WILD[number]))
        studio.people.set_role(who, role, by=ADMIN)
    folder = tmp_path_factory.mktemp("media")
    voice = folder / "![v](http:canary.invalid) :red[v].wav"
    voice.write_bytes(corpus.wav(seconds=0.4))
    picture = folder / "<img src=x onerror=window.acted=5> $p$.jpg"
    picture.write_bytes(PORTRAIT.read_bytes())
    for number, words in enumerate((*WILD, TURNED)):
        prompt = "" if words == TURNED else words  # a text keeps its lines and its marks
        brief = Brief(engine="joypix/motion-2", image=picture, audio=voice, name=words, project=words, prompt=prompt)
        (job,) = studio.desk(MAKER).submit_all([brief], batch=f"batch-{number}")
        if number == 1:
            studio.desk(ADMIN).approvals.decline(job.id, words)
        studio.budgets.set_cap(f"project:{words}", 5_000_000 + number, ADMIN)
    draft = Brief(engine="draft/portrait", image=picture, audio=voice, name=WILD[0], project=WILD[2])
    studio.wait(studio.submit(draft, by=MAKER).id, timeout_s=300)
    face = studio.desk(MAKER).media.keep(picture, "image", picture.name)
    studio.library.keep(face, name=WILD[2], project=WILD[1], consent="\n".join(WILD), by=MAKER)
    studio.desk(MAKER).briefs.change("wild-brief", name=WILD[1], project=WILD[2])
    return studio


@pytest.fixture(scope="module")
def server(variables: dict[str, str], ledger: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(variables, tmp_path_factory.mktemp("log") / "server.log") as server:
        yield server


MADE = """() => [window.acted ? `script ${window.acted}` : '', ...[...document.querySelectorAll(
  '#made, [src*="//canary"], [href*="//canary"], [href^=javascript], [onerror], .katex, .stMarkdownColoredText, iframe'
)].map(one => one.outerHTML.slice(0, 200))].filter(Boolean)"""
"""What was made of a name."""

PAGES = (
    *(
        "/",
        "/?brief=wild-brief",
        "/jobs",
        "/jobs?view=cards",
        *(f"/jobs?job={number}" for number in range(1, 7)),
        "/jobs?batch=batch-0",
    ),
    *("/library", "/estimate", "/spend", "/providers", "/team"),
)


@pytest.mark.parametrize("who", [ADMIN, MAKER], ids=["admin", "maker"])
def test_nothing_is_made_of_what_people_type(context: BrowserContext, server: Server, ledger: Studio, who: str) -> None:
    context.add_cookies([signed_cookie(server.url, claims_of(who))])  # type: ignore[list-item]  # a part of one
    page = context.pages[0]
    seen = ""
    review = ledger.sharing.review_link(ledger.job(6), by=MAKER)
    for address in (*PAGES, str(review)):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if address != review:
            settle(page)
        assert page.evaluate(MADE) == [], address
        seen += page.locator("body").inner_text().replace("\u2060", "")
    for words in WILD:
        assert words in seen, "it is not shown as it was typed"
    assert "\u202e" not in seen
    assert "live gpj" not in seen
    for text in (seen, server.log()):
        assert not [line for line in text.splitlines() if line.startswith("Decided: paid")]
