"""A table and a quote bill by one arithmetic: what holds for one clip holds for its row, at any tariff."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from hypothesis import given, settings, strategies as st

from lipsync_core.estimates.cells import amounts_of
from lipsync_core.estimates.row_costs import UNKNOWN, costs_of
from lipsync_core.estimates.text import Notes, blank, codes_of
from lipsync_core.pricing import TARIFFS, Measure, Override, Rates, Tariff, TariffKind
from lipsync_core.pricing.cost import price_at
from lipsync_core.pricing.terms import QUALIFIERS
from lipsync_core.providers.facts import DialogRule

READ = date(2026, 11, 21)
SIZES = ("480p", "720p", "1080p")


@dataclass(frozen=True)
class Recording:
    """A stored voice or video, as far as its row's price needs it."""

    duration_s: float
    sha256: str = "a" * 64
    name: str = "voice.wav"
    url: str | None = None
    unheard: str = ""


NEAR_S = (0.0, 1e-7, -1e-7, 0.0004, 0.0005, 0.0006, 0.001, -0.001)
"""What a length lies beside whole seconds, where prices jump."""
WHOLE_S = st.integers(0, 700).map(float)
LENGTHS = st.none() | st.floats(0.0, 700.0) | st.builds(float.__add__, WHOLE_S, st.sampled_from(NEAR_S))
ORDERS = st.sampled_from([None, "meanwhile", "left_right", "right_left"])
TEXTS = st.text(max_size=300).map(str.strip) | st.integers(0).map(str) | st.integers(0, 99).map(lambda n: n * "abc")
SPOKEN = st.builds(Measure, resolution=st.sampled_from(SIZES), text=TEXTS)
CLIPS = SPOKEN | st.builds(
    Measure,
    resolution=st.sampled_from(SIZES),
    audio_s=LENGTHS,
    left_s=LENGTHS,
    right_s=LENGTHS,
    video_s=LENGTHS,
    order=ORDERS,
    text=TEXTS,
)
MONEY = st.none() | st.decimals("0.000000001", "20", places=9)
CREDITS = st.dictionaries(st.sampled_from(["", *SIZES]), st.integers(1, 900), max_size=3)
MADE_UP = st.builds(
    Tariff,
    kind=st.sampled_from(TariffKind),
    source=st.just("nowhere"),
    read_on=st.just(READ),
    unit_s=st.integers(1, 60),
    minimum_units=st.integers(0, 12),
    credits=CREDITS,
    usd_per_credit=MONEY,
    credits_per_usd=st.none() | st.integers(1, 10**6),
    plans=st.just({"pro": Decimal("0.1495")}),
    whole_units=st.booleans(),
    assumed=st.sampled_from(["", "counted as elsewhere"]),
    dialog=st.none() | st.sampled_from(DialogRule),
    extends_video=st.booleans(),
    speaks=st.booleans(),
    text_bytes_per_s=st.none() | st.integers(1, 40),
    engine=st.just("made/up"),
)
OVERRIDES = st.builds(
    Override,
    usd_per_credit=MONEY,
    plan=st.sampled_from([None, "pro"]),
    credits_per_unit=st.none() | CREDITS,
    usd_per_second=MONEY,
    usd_per_15_bytes=MONEY,
)


@settings(deadline=None, max_examples=400)  # the first one imports pandas
@given(
    tariff=st.sampled_from(list(TARIFFS.values())) | MADE_UP,
    override=st.none() | OVERRIDES,
    clips=st.lists(CLIPS, min_size=1, max_size=8),
)
def test_a_row_costs_what_a_quote_of_the_same_clip_costs(
    tariff: Tariff, override: Override | None, clips: list[Measure]
) -> None:
    rates = Rates({} if override is None else {tariff.engine: override})
    usd, credits, units, qualifier = costs_in_a_table(tariff, clips, rates)
    for row, clip in enumerate(clips):
        quote = price_at(tariff, clip, rates, READ)
        assert usd[row] == (UNKNOWN if quote.usd_micros is None else quote.usd_micros)
        assert credits[row] == (UNKNOWN if quote.credits is None else quote.credits)
        assert units[row] == (UNKNOWN if quote.billed_units is None else quote.billed_units)
        assert QUALIFIERS[qualifier[row]] is quote.qualifier


def costs_in_a_table(tariff: Tariff, clips: list[Measure], rates: Rates) -> tuple[list[int], ...]:
    """What these clips cost as the rows of one table."""

    def column(texts: list[str]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        return np.array(texts, dtype=object)

    def recordings(lengths: list[float | None]) -> list[Recording | None]:
        return [None if seconds is None else Recording(seconds) for seconds in lengths]

    texts = {
        "text": column([clip.text for clip in clips]),
        "order": column([clip.order or "" for clip in clips]),
        "duration": blank(len(clips)),
    }
    media = {
        "audio": recordings([clip.audio_s for clip in clips]),
        "left_audio": recordings([clip.left_s for clip in clips]),
        "right_audio": recordings([clip.right_s for clip in clips]),
        "video": recordings([clip.video_s for clip in clips]),
    }
    amounts, _seconds = amounts_of(texts, media, Notes(len(clips)))
    sizes, size_of = codes_of(column([clip.resolution or "" for clip in clips]))
    everywhere = np.ones(len(clips), dtype=np.bool_)
    return tuple(found.tolist() for found in costs_of(tariff, amounts, everywhere, sizes, size_of, rates))
