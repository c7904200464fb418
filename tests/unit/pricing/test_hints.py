"""What would change a price, in one sentence beside it: the next block, the order of two speakers, a text's length."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from lipsync_core.pricing import NO_RATES, Measure, Override, Rates, price

TODAY = date(2026, 11, 27)
IN_DOLLARS = Rates({"lipsync-studio": Override(usd_per_credit=Decimal("0.01"))})
TEXT = "Good morning, and welcome to our weekly update."


@pytest.mark.parametrize(
    ("engine", "measure", "rates", "hint"),
    [
        ("joypix/motion-2", Measure(audio_s=3.0), NO_RATES, "1 block of 5 s."),
        ("joypix/motion-2", Measure(audio_s=12.4), NO_RATES, "3 blocks of 5 s; $0.30 up to 10 s."),
        ("joypix/motion-2-dialog", Measure(left_s=7.4, right_s=3.0), NO_RATES, "$0.30 if both speak at once."),
        ("lipsync-studio/lipsync-image", Measure(audio_s=3.0), NO_RATES, "Billed as 5 s, the minimum."),
        ("lipsync-studio/lipsync-image", Measure(audio_s=7.0), NO_RATES, "Billed as 7 s."),
        ("lipsync-studio/lipsync-image-multi", Measure(left_s=7.0, right_s=3.0), NO_RATES, "14 credits if both speak"),
        ("lipsync-studio/lipsync-image-multi", Measure(left_s=7.0, right_s=3.0), IN_DOLLARS, "$0.14 if both speak at"),
        ("creatify/lipsync", Measure(text=TEXT), NO_RATES, "3 to 4 s when spoken; 30 s are priced."),
        ("draft/portrait", Measure(audio_s=3.0), NO_RATES, ""),
        ("joypix/motion-2", Measure(), NO_RATES, ""),
    ],
)
def test_the_hint_says_what_would_change_the_sum(engine: str, measure: Measure, rates: Rates, hint: str) -> None:
    said = price(engine, measure, rates, TODAY).hint
    assert said.startswith(hint)
    assert bool(said) == bool(hint)


def test_the_sum_in_the_hint_is_the_price_of_that_length() -> None:
    shorter = price("joypix/motion-2", Measure(audio_s=10.0), NO_RATES, TODAY)
    assert shorter.usd_micros == 300_000
    assert "$0.30 up to 10 s" in price("joypix/motion-2", Measure(audio_s=10.001), NO_RATES, TODAY).hint
