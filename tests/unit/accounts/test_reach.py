"""Whether a finished video could be fetched is asked before it is paid for, of the resolver that this computer has."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lipsync_core import Brief, BriefError, JobState, Settings, Studio
from lipsync_core.accounts.output_hosts import OutputHosts
from lipsync_core.accounts.reach import Account
from lipsync_core.job import LIVE, SANDBOX
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.registry import PROVIDERS
from tests.desk import Desk, vendors
from tests.sandbox import KEYS, as_live

JOYPIX = PROVIDERS["joypix"]


def account(vendor: str = "joypix", **changed: str) -> Account:
    provider = PROVIDERS[vendor]
    about = {"environment": LIVE, "base_url": provider.base_url} | changed
    keys = Keys.found(provider.key_variables, KEYS)
    return Account(provider, about["environment"], keys, None, about["base_url"])


@pytest.mark.parametrize(
    ("vendor", "host"),
    [
        ("joypix", "joypix-output.s3.amazonaws.com"),
        ("aimlapi", "cdn.aimlapi.com"),
        ("lipsync-studio", "lipsync.studio"),
        ("creatify", "api.creatify.ai"),
    ],
)
@pytest.mark.parametrize("address", ["10.128.0.5", "127.0.0.1", "0.0.0.0", "fd12::5"])
def test_where_names_lead_inside_the_vendor_is_named_and_what_helps(vendor: str, host: str, address: str) -> None:
    asked: list[str] = []

    def resolve(name: str, _port: int) -> list[str]:
        asked.append(name)
        return [address]

    found = OutputHosts([], resolve).look(account(vendor))
    assert found is not None
    assert PROVIDERS[vendor].title in found.title
    assert f"add {host} to STUDIO_FETCH_ALLOW" in found.text
    assert asked[0] == host
    if address.startswith(("10.", "127.", "fd")):
        assert OutputHosts([host], resolve).look(account(vendor)) is None


@pytest.mark.parametrize("address", ["93.184.216.34", "198.18.0.5", "64:ff9b::c633:6405", "64:ff9b::808:808"])
def test_where_they_lead_out_or_to_a_proxy_nothing_is_said(address: str) -> None:
    outside = address != "64:ff9b::c633:6405"  # 198.51.100.5, which is nobody's
    assert (OutputHosts([], lambda name, port: [address]).look(account()) is None) == outside


def test_a_resolver_that_knows_nothing_stops_nothing() -> None:
    def unknown(_name: str, _port: int) -> list[str]:
        raise OSError("no such host")

    assert OutputHosts([], unknown).look(account()) is None


def test_neither_the_sandbox_nor_an_address_of_ones_own_is_looked_at() -> None:
    def never(name: str, _port: int) -> list[str]:
        raise AssertionError(f"{name} was looked up")

    reach = OutputHosts([], never)
    assert reach.look(account(environment=SANDBOX)) is None
    assert reach.look(account(base_url="http://10.0.0.7/joypix")) is None
    assert reach.problem(account(base_url="http://10.0.0.7/joypix")) is None
    assert reach.look(replace(account(), keys=None)) is None


def test_where_the_last_video_lay_the_next_one_will_too() -> None:
    asked: list[str] = []

    def resolve(name: str, _port: int) -> list[str]:
        asked.append(name)
        return ["8.8.8.8"]

    reach = OutputHosts([], resolve)
    reach.came_from("joypix", "https://videos.example/1.mp4?signed")
    reach.look(account())
    assert asked == ["videos.example"]


def test_who_asks_for_a_quote_waits_for_no_resolver_and_is_told_by_the_next_one() -> None:
    answers, asked = threading.Event(), threading.Event()

    def slow(_name: str, _port: int) -> list[str]:
        asked.set()
        answers.wait(300)
        return ["10.0.0.7"]

    reach = OutputHosts([], slow)
    assert reach.problem(account()) is None
    assert asked.wait(300)
    assert reach.problem(account()) is None
    answers.set()
    for thread in threading.enumerate():
        if thread.name == "reach":
            thread.join(300)
    assert "cannot be fetched" in str(reach.problem(account()))


# The whole way


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Iterator[Desk]:
    with vendors(template, tmp_path / "sandbox") as (base, host):
        yield Desk(template, tmp_path / "desk", base, host)


def opened(desk: Desk, address: str, allow: str) -> Studio:
    """A studio for which every name leads to ``address``, and which has fetched from videos.example before."""
    variables = {
        "STUDIO_DATABASE_URL": desk.url,
        "STUDIO_MEDIA_URL": str(desk.folder / "media"),
        **as_live(desk.base),
        "STUDIO_FETCH_ALLOW": allow,
    }
    studio = Studio(Settings.from_env(variables, dotenv=desk.folder / "no.env"), resolve=lambda name, port: [address])
    studio._reach.came_from("joypix", "https://videos.example/1.mp4")
    return studio


def test_an_order_whose_video_could_not_be_fetched_never_leaves_and_the_quote_says_so(desk: Desk) -> None:
    studio = opened(desk, "10.128.0.5", "files.example")
    brief = desk.brief("joypix/motion-2")
    job = desk.submit()
    desk.run(desk.reaches(job, JobState.REJECTED), studio=studio)
    row = desk.row(job)
    assert "videos.example" in row["error"]
    assert row["error"].endswith("Nothing was sent.")
    assert (desk.posts(), row["counted_usd_micros"]) == ([], 0)
    (quote,) = studio.quotes(brief)
    (problem,) = quote.problems
    assert "videos.example" in problem
    assert ("reach", problem) in quote.concerns
    with pytest.raises(BriefError, match="STUDIO_FETCH_ALLOW"):
        studio.submit(brief, by="ana")


@pytest.mark.parametrize(("address", "allow"), [("8.8.8.8", "files.example"), ("10.128.0.5", "videos.example")])
def test_where_it_can_be_fetched_or_somebody_says_so_the_order_leaves(desk: Desk, address: str, allow: str) -> None:
    studio = opened(desk, address, allow)
    job = desk.submit()
    desk.run(desk.reaches(job, JobState.RENDERING, JobState.ARCHIVING), studio=studio)
    assert len(desk.posts()) == 1


def test_a_brief_for_the_sandbox_is_not_held_up(desk: Desk) -> None:
    studio = opened(desk, "10.128.0.5", "files.example")
    brief = desk.brief("joypix/motion-2")
    assert isinstance(brief, Brief)
    (quote,) = studio.quotes(brief, sandbox=True)
    assert not any("STUDIO_FETCH_ALLOW" in problem for problem in quote.problems)
