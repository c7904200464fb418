"""What a quote says besides its price: which field a problem is about, and when a price has risen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from lipsync_core import ENGINES, Brief, KeptMedium, Qualifier, Quote, has_risen
from lipsync_core.pricing import NO_RATES
from lipsync_core.pricing.assess import assess

QUOTE = Quote("joypix/motion-2", 900_000, 90, 3, "3 blocks", Qualifier.ASSUMED, 300.0, 600.0)
TODAY = date(2026, 11, 21)
VIDEO = KeptMedium("0" * 64, "take.mp4")


@pytest.mark.parametrize(
    ("now", "rose"),
    [
        (QUOTE, False),
        (replace(QUOTE, usd_micros=600_000), False),
        (replace(QUOTE, usd_micros=900_001), True),
        (replace(QUOTE, usd_micros=900_000, credits=120), False),  # what is paid is the same
        (replace(QUOTE, usd_micros=None), True),  # nobody agreed to that
    ],
)
def test_a_known_price_has_risen_when_it_is_more_or_unknown(now: Quote, rose: bool) -> None:
    assert has_risen(QUOTE, now) is rose


@pytest.mark.parametrize(
    ("was", "now", "rose"),
    [(5, 5, False), (10, 5, False), (5, 10, True), (None, None, False), (5, None, True), (None, 5, True)],
)
def test_an_unknown_price_has_risen_when_its_credits_are_more(was: int | None, now: int | None, rose: bool) -> None:
    unknown = replace(QUOTE, usd_micros=None)
    assert has_risen(replace(unknown, credits=was), replace(unknown, credits=now)) is rose


def test_a_text_that_is_probably_too_long_is_a_warning_beside_the_text() -> None:
    brief = Brief(scene="redub", video=VIDEO, text="A" * 201, speaker="Ava")
    quote = assess(ENGINES["aimlapi/pixverse-lip-sync"], brief, {}, rates=NO_RATES, today=TODAY)
    assert quote.errors == {}
    (warning,) = (message for field, message in quote.concerns if field == "text")
    assert "up to 200 characters here; this has 201" in warning
    assert warning in quote.warnings


def test_what_is_missing_names_its_field() -> None:
    brief = Brief(scene="presenter", text="Hello.")
    quote = assess(ENGINES["creatify/lipsync"], brief, {}, rates=NO_RATES, today=TODAY)
    errors = quote.errors
    assert set(errors) == {"creator", "aspect_ratio"}
    assert {(field, message) for field, message in quote.concerns} == set(errors.items())
    assert set(quote.problems) == set(errors.values())
