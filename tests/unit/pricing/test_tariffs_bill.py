"""What the studio quotes against what the sandbox bills: two readings of the same documents, under every open rule."""

import asyncio
import base64
import random
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, strategies as st

from lipsync_core import Qualifier, Studio
from lipsync_core.pricing import Measure, Override, Price, Rates, price
from lipsync_core.sandbox.aimlapi import AimlApi
from lipsync_core.sandbox.bill import BillLine, Rules
from lipsync_core.sandbox.creatify import Creatify
from lipsync_core.sandbox.joypix import JoyPix
from lipsync_core.sandbox.lipsync_studio import LipsyncStudio
from lipsync_core.sandbox.order import VendorOrder
from lipsync_core.sandbox.outputs import spoken_s
from lipsync_core.sandbox.state import SandboxState
from lipsync_core.sandbox.vendor import Vendor
from tests import corpus

RATES = Rates(
    {
        "creatify": Override(usd_per_credit=Decimal("0.198")),
        "aimlapi": Override(usd_per_second=Decimal("0.04"), usd_per_15_bytes=Decimal("0.04")),
    }
)
"""What the sandbox's own rules charge where the documents name no one rate."""

PARTS: tuple[Literal["ceil", "exact"], ...] = ("ceil", "exact")
DIALOGS: tuple[Literal["sum", "max"], ...] = ("sum", "max")
READINGS = [
    Rules(joypix_above_block=block, joypix_dialog=dialog, lipsync_studio_seconds=seconds)
    for block, dialog, seconds in product(PARTS, DIALOGS, PARTS)
]
SOLO: dict[str, type[Vendor]] = {
    "joypix/motion-2": JoyPix,
    "lipsync-studio/lipsync-image": LipsyncStudio,
    "lipsync-studio/lipsync-video": LipsyncStudio,
    "aimlapi/pixverse-lip-sync": AimlApi,
    "creatify/lipsync": Creatify,
}
SECONDS = st.one_of(st.floats(0.001, 650.0), st.integers(1, 130).map(lambda blocks: blocks * 5 + 2e-7))
SIZE = st.sampled_from(["480p", "720p"])
READING = st.sampled_from(READINGS)


def quoted(engine: str, measure: Measure) -> Price:
    return price(engine, measure, RATES, date(2026, 11, 21))


def assert_within(quote: Price, bill: BillLine) -> None:
    """The bill is not above the quote, and not below its lower end."""
    assert quote.credits is not None
    assert (quote.low_credits or quote.credits) <= bill.credits <= quote.credits
    if bill.usd_micros is not None:
        assert quote.usd_micros is not None
        assert (quote.low_usd_micros or quote.usd_micros) <= bill.usd_micros <= quote.usd_micros


def assert_equal(quote: Price, bill: BillLine) -> None:
    assert quote.credits == int(bill.credits) == bill.credits
    assert quote.billed_units == int(bill.units) == bill.units
    assert bill.usd_micros in (None, quote.usd_micros)


@given(st.sampled_from(list(SOLO)), SECONDS, SIZE, READING)
def test_a_voice_is_billed_within_its_quote_and_by_the_dearer_reading_exactly(
    engine: str, seconds: float, size: str, reading: Rules
) -> None:
    order = VendorOrder(engine, {}, voices=("voice",), resolution=size)
    quote = quoted(engine, Measure(audio_s=seconds, resolution=size))
    assert_within(quote, SOLO[engine].charge(order, seconds, reading))
    assert_equal(quote, SOLO[engine].charge(order, seconds, Rules()))


@given(SECONDS, SECONDS, SIZE, READING)
def test_a_joypix_dialog_is_billed_within_its_quote(left: float, right: float, size: str, reading: Rules) -> None:
    order = VendorOrder("motion-2-dialog", {}, voices=("left", "right"), resolution=size)
    quote = quoted("joypix/motion-2-dialog", Measure(left_s=left, right_s=right, resolution=size))
    assert_within(quote, JoyPix.charge(order, JoyPix.film_s(order, [left, right], reading), reading))
    assert_equal(quote, JoyPix.charge(order, JoyPix.film_s(order, [left, right], Rules()), Rules()))


@given(SECONDS, SECONDS, SIZE, st.sampled_from(["meanwhile", "left_right", "right_left", None]), READING)
def test_a_lipsync_studio_dialog_is_billed_within_its_quote(
    left: float, right: float, size: str, speaks: str | None, reading: Rules
) -> None:
    order = VendorOrder("multi", {}, voices=("left", "right"), resolution=size, overlap=speaks in ("meanwhile", None))
    measure = Measure(left_s=left, right_s=right, resolution=size, order=speaks)
    quote = quoted("lipsync-studio/lipsync-image-multi", measure)
    length_s = LipsyncStudio.film_s(order, [left, right], reading)
    assert_within(quote, LipsyncStudio.charge(order, length_s, reading))
    if speaks is not None:
        assert_equal(quote, LipsyncStudio.charge(order, length_s, Rules()))


LENGTHS = (0.3, 1.234, 4.9995, 5.0, 5.000125, 5.0005, 7.2, 9.999875, 10.001, 12.4, 15.0, 29.9996, 30.0, 30.0004, 61.3)
"""Seconds of the recordings that both sides measure; at 8 kHz a sample lasts 0.125 ms."""


def test_thousands_of_paid_cases_of_each_kind_agree_those_of_real_recordings_among_them(
    studio: Studio, tmp_path: Path
) -> None:
    files = [corpus.wav(seconds, rate=8_000, bits=8) for seconds in LENGTHS]
    ours = [studio.desk().media.keep(data, "audio", "voice.wav").duration_s for data in files]
    both = list(zip(ours, asyncio.run(measured(files, tmp_path)), strict=True))
    at = random.Random(4)
    kinds = (lambda: at.uniform(0.001, 650.0), lambda: at.randrange(1, 650), lambda: at.randrange(1, 130) * 5.0)
    drawn = [float(at.choice(kinds)()) for _ in range(1200)]
    both += [(seconds, seconds) for seconds in drawn]
    compared: Counter[Qualifier] = Counter()

    def compare(quote: Price, vendor: type[Vendor], order: VendorOrder, *voices: float) -> None:
        bills = [vendor.charge(order, vendor.film_s(order, list(voices), reading), reading) for reading in READINGS]
        for bill in bills:
            assert_within(quote, bill)
        compared[quote.qualifier] += 1
        if quote.qualifier is Qualifier.EXACT:
            assert len({bill.credits for bill in bills}) == 1, "no reading makes it cost something else"
            assert_equal(quote, bills[0])
        else:
            assert max(bill.credits for bill in bills) == quote.credits, "no more than the dearest reading"

    for number, (quoted_s, billed_s) in enumerate(both):
        size = ("480p", "720p")[number % 2]
        for engine, vendor in SOLO.items():
            order = VendorOrder(engine, {}, voices=("voice",), resolution=size)
            compare(quoted(engine, Measure(audio_s=quoted_s, resolution=size)), vendor, order, billed_s)
        for other in range(1, 4):
            right_s, right_billed_s = both[(number + other) % len(both)]
            pair = Measure(left_s=quoted_s, right_s=right_s, resolution=size)
            order = VendorOrder("motion-2-dialog", {}, voices=("left", "right"), resolution=size)
            quote = quoted("joypix/motion-2-dialog", pair)
            compare(quote, JoyPix, order, billed_s, right_billed_s)
            order = VendorOrder("multi", {}, voices=("left", "right"), resolution=size)
            quote = quoted("lipsync-studio/lipsync-image-multi", replace(pair, order="left_right"))
            compare(quote, LipsyncStudio, order, billed_s, right_billed_s)
    paid = {kind: compared[kind] for kind in (Qualifier.EXACT, Qualifier.ASSUMED, Qualifier.UPPER_BOUND)}
    assert min(paid.values()) >= 1000, paid


async def measured(files: list[bytes], folder: Path) -> list[float]:
    """The seconds that the sandbox finds in these recordings."""
    sandbox = SandboxState(folder / "sandbox")
    try:
        return [(await sandbox.fetcher.get(base64.b64encode(data).decode(), "audio")).length_s for data in files]
    finally:
        sandbox.store.close()


@given(st.text(min_size=1, max_size=2000).filter(str.strip))
def test_a_text_is_billed_by_its_bytes_at_pixverse_as_quoted(text: str) -> None:
    bill = AimlApi.charge(VendorOrder("lip-sync", {}, text=text), spoken_s(text), Rules())
    assert_equal(quoted("aimlapi/pixverse-lip-sync", Measure(text=text)), bill)


@given(st.text("abcdefghij klmnop", min_size=15, max_size=3000).filter(str.strip))
def test_a_spoken_text_is_billed_within_its_quote(text: str) -> None:
    bill = Creatify.charge(VendorOrder("lipsync", {}, text=text), spoken_s(text), Rules())
    assert_within(quoted("creatify/lipsync", Measure(text=text)), bill)


@pytest.mark.parametrize("seconds", [4.999, 5.0, 5.0000001, 5.0005, 5.001, 29.9999, 30.0004, 30.001])
@pytest.mark.parametrize("engine", list(SOLO))
def test_both_round_at_the_same_millisecond(engine: str, seconds: float) -> None:
    assert_equal(
        quoted(engine, Measure(audio_s=seconds)), SOLO[engine].charge(VendorOrder(engine, {}), seconds, Rules())
    )
