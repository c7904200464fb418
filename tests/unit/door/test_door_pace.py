"""How fast things go on at the door, and from where: by turns, and by what happens in which order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lipsync_core.door.callers import Callers, Crowd
from lipsync_core.door.flow import Flow


def test_all_that_come_get_a_turn_in_the_order_in_which_they_came() -> None:
    async def run() -> tuple[list[int], float]:
        flow, had = Flow(200, 10), list[int]()

        async def one(number: int) -> None:
            await flow.turn()
            had.append(number)

        loop = asyncio.get_running_loop()
        begun = loop.time()
        await asyncio.gather(*(one(number) for number in range(60)))
        return had, loop.time() - begun

    had, took_s = asyncio.run(run())
    assert had == list(range(60))
    assert took_s >= 50 / 200 - 0.01  # ten at once, the others not faster than they may; how much slower is no promise


def test_who_comes_at_the_pace_of_a_person_never_waits() -> None:
    async def run() -> None:
        flow = Flow(1, 3)
        for _ in range(3):
            with pytest.raises(StopIteration):  # it is through without having waited for anything
                flow.turn().__await__().__next__()

    asyncio.run(run())


def test_who_leaves_the_line_takes_nobodys_turn() -> None:
    async def run() -> None:
        flow = Flow(10, 1)
        await flow.turn()
        leaving = [asyncio.ensure_future(flow.turn()) for _ in range(10_000)]
        await asyncio.sleep(0)
        last = asyncio.ensure_future(flow.turn())
        for one in leaving:
            one.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        await asyncio.wait_for(last, 60)  # after ten thousand others it would be a quarter of an hour

    asyncio.run(run())


def scope(
    client: tuple[str, int] | None, *, own: str = "10.0.0.9", forwarded: str | None = None, more: str | None = None
) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", text.encode()) for text in (forwarded, more) if text is not None]
    return {"type": "websocket", "client": client, "server": (own, 8501), "headers": headers}


@pytest.mark.parametrize(
    ("proxies", "asks", "address"),
    [
        ([], scope(("203.0.113.7", 5)), "203.0.113.7"),
        ([], scope(("203.0.113.7", 5), forwarded="198.51.100.1"), "203.0.113.7"),
        ([], scope(("2001:db8:1:2:3::4", 5)), "2001:db8:1:2::/64"),
        ([], scope(("::ffff:203.0.113.7", 5)), "203.0.113.7"),
        ([], scope(("127.0.0.1", 5), own="127.0.0.1"), None),
        ([], scope(("198.51.100.1", 0), own="127.0.0.1", forwarded="198.51.100.1"), None),  # uvicorn believed it
        ([], scope(("198.51.100.1", 77), own="127.0.0.1", forwarded="198.51.100.1:77"), None),
        (["10.0.0.2"], scope(("10.0.0.2", 5), forwarded="198.51.100.1"), "198.51.100.1"),
        (["10.0.0.2"], scope(("10.0.0.2", 5), forwarded="198.51.100.1:443"), "198.51.100.1"),
        (["10.0.0.2"], scope(("10.0.0.2", 5), forwarded="1.1.1.1, 198.51.100.1"), "198.51.100.1"),
        (["10.0.0.2"], scope(("10.0.0.2", 5), forwarded="1.1.1.1", more="198.51.100.1"), "198.51.100.1"),
        (["10.0.0.0/8"], scope(("10.0.0.2", 5), forwarded="198.51.100.1, 10.0.0.3"), "198.51.100.1"),
        (["10.0.0.2"], scope(("10.0.0.2", 5)), None),
        (["10.0.0.2"], scope(("10.0.0.2", 5), forwarded="anything"), None),
        (["10.0.0.2"], scope(("10.0.0.3", 5), forwarded="198.51.100.1"), "10.0.0.3"),
        (["127.0.0.1"], scope(("127.0.0.1", 5), own="127.0.0.1", forwarded="198.51.100.1"), "198.51.100.1"),
        (["127.0.0.1"], scope(("1.1.1.1", 0), own="127.0.0.1", forwarded="1.1.1.1, 198.51.100.1"), "198.51.100.1"),
        ([], scope(None), None),
    ],
)
def test_an_address_is_the_peers_unless_a_named_proxy_says_otherwise(
    proxies: list[str], asks: dict[str, Any], address: str | None
) -> None:
    assert Callers(proxies).address(asks) == address


def test_one_address_holds_so_many_sockets_and_no_more() -> None:
    crowd = Crowd(per_address=2, altogether=4)
    with crowd.one_more("a") as one, crowd.one_more("a") as two:
        assert one
        assert two
        with crowd.one_more("a") as three, crowd.one_more("b") as other, crowd.one_more(None) as unknown:
            assert not three
            assert other
            assert unknown
            with crowd.one_more("c") as fifth:
                assert not fifth
    with crowd.one_more("a") as again:
        assert again
