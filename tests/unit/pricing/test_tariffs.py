"""Prices: the worked examples, how far each can be trusted, and the sentence that explains it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from lipsync_core.pricing import NO_RATES, TARIFFS, Measure, Override, Price, Rates, TariffKind, price, rate_from_live
from lipsync_core.pricing.catalogue import ENGINES
from lipsync_core.quote import Qualifier, Quote, credits_text, priced

READ = date(2026, 11, 21)
THEIRS = Rates(
    {
        "lipsync-studio": Override(usd_per_credit=Decimal("0.0833"), set_on=READ),
        "creatify": Override(plan="starter", set_on=READ),
        "aimlapi": Override(usd_per_second=Decimal("0.04"), set_on=READ),
    }
)
"""A rate for every vendor that publishes none."""

PAID = [engine for engine, tariff in TARIFFS.items() if tariff.kind is not TariffKind.FREE]
JOYPIX, JOYPIX_DIALOG = "joypix/motion-2", "joypix/motion-2-dialog"
STUDIO, STUDIO_DIALOG = "lipsync-studio/lipsync-image", "lipsync-studio/lipsync-image-multi"
STUDIO_VIDEO = "lipsync-studio/lipsync-video"
PIXVERSE, CREATIFY = "aimlapi/pixverse-lip-sync", "creatify/lipsync"


def of(engine: str, measure: Measure, rates: Rates = NO_RATES, today: date = READ) -> Price:
    return price(engine, measure, rates, today)


def voice(seconds: float, resolution: str | None = None) -> Measure:
    return Measure(audio_s=seconds, resolution=resolution)


def test_every_engine_has_a_tariff_with_a_source_and_a_day() -> None:
    assert set(ENGINES) <= set(TARIFFS)
    assert all(tariff.source and tariff.read_on <= date(2026, 11, 21) for tariff in TARIFFS.values())


WORKED_EXAMPLES = [
    (JOYPIX, voice(3.0, "480p"), 15, 150_000, 1),
    (JOYPIX, voice(5.0), 15, 150_000, 1),
    (JOYPIX, voice(5.1), 30, 300_000, 2),
    (JOYPIX, voice(60.0, "720p"), 360, 3_600_000, 12),
    (JOYPIX, voice(600.0), 1800, 18_000_000, 120),
    (JOYPIX_DIALOG, voice(12.4, "720p"), 90, 900_000, 3),
    (STUDIO, voice(3.0, "720p"), 20, None, 5),
    (STUDIO, voice(10.0), 20, None, 10),
    (STUDIO, voice(7.2, "480p"), 16, None, 8),
    (STUDIO, voice(12.4, "720p"), 52, None, 13),
    (CREATIFY, voice(30.0), 5, None, 1),
    (CREATIFY, voice(31.0), 10, None, 2),
    (PIXVERSE, voice(2.5), None, None, 3),
    ("draft/portrait", voice(31.0), None, 0, None),
]


@pytest.mark.parametrize(("engine", "measure", "credits", "usd_micros", "units"), WORKED_EXAMPLES)
def test_a_clip_costs_what_the_worked_examples_say(
    engine: str, measure: Measure, credits: int | None, usd_micros: int | None, units: int | None
) -> None:
    costs = of(engine, measure)
    assert (costs.credits, costs.usd_micros, costs.billed_units) == (credits, usd_micros, units)


RATED_EXAMPLES = [
    (STUDIO, voice(12.4, "720p"), THEIRS, 52, 4_331_600),
    (CREATIFY, voice(30.0), THEIRS, 5, 990_000),
    (CREATIFY, voice(31.0), Rates({"creatify": Override(plan="pro")}), 10, 1_495_000),
    (PIXVERSE, voice(2.5), THEIRS, 240_000, 120_000),
    (JOYPIX, voice(5.1), Rates({JOYPIX: Override(usd_per_credit=Decimal("0.009"))}), 30, 270_000),
]


@pytest.mark.parametrize(("engine", "measure", "rates", "credits", "usd_micros"), RATED_EXAMPLES)
def test_a_teams_rate_gives_the_dollars(
    engine: str, measure: Measure, rates: Rates, credits: int, usd_micros: int
) -> None:
    costs = of(engine, measure, rates)
    assert (costs.credits, costs.usd_micros) == (credits, usd_micros)


@pytest.mark.parametrize("seconds", [5.0000001, 4.9999999, 5.0004])
def test_a_decoders_noise_costs_no_second_block(seconds: float) -> None:
    assert of(JOYPIX, voice(seconds)).billed_units == 1
    assert of(CREATIFY, voice(seconds * 6)).billed_units == (1 if seconds < 5.0001 else 2)


def test_a_millisecond_more_than_a_block_costs_a_second_one_and_says_so() -> None:
    costs = of(JOYPIX, voice(5.001))
    assert costs.billed_units == 2
    assert costs.explanation.startswith("5.001 s → 2 blocks of 5 s × 15 credits")


# How far a price can be trusted

TRUST = [
    (JOYPIX_DIALOG, voice(60.0), Qualifier.EXACT, None),
    (JOYPIX_DIALOG, voice(4.0), Qualifier.EXACT, None),
    (JOYPIX_DIALOG, voice(7.0), Qualifier.ASSUMED, 210_000),
    (JOYPIX, voice(5.0), Qualifier.ASSUMED, None),
    (STUDIO, voice(3.0), Qualifier.EXACT, None),
    (STUDIO, voice(10.0), Qualifier.EXACT, None),
    (STUDIO, voice(7.2), Qualifier.ASSUMED, 1_199_520),
    (STUDIO_VIDEO, Measure(audio_s=10.0, video_s=10.0), Qualifier.EXACT, None),
    (STUDIO_VIDEO, Measure(audio_s=10.0, video_s=9.0), Qualifier.ASSUMED, None),
    (STUDIO_VIDEO, voice(10.0), Qualifier.ASSUMED, None),
    (CREATIFY, voice(31.0), Qualifier.EXACT, None),
    (PIXVERSE, voice(3.0), Qualifier.ASSUMED, None),
]


@pytest.mark.parametrize(("engine", "measure", "qualifier", "low"), TRUST)
def test_a_price_is_as_exact_as_its_vendor(engine: str, measure: Measure, qualifier: Qualifier, low: int) -> None:
    costs = of(engine, measure, THEIRS)
    assert (costs.qualifier, costs.low_usd_micros) == (qualifier, low)
    assert ("assumed" in costs.explanation) is (qualifier is Qualifier.ASSUMED)


@pytest.mark.parametrize("engine", [STUDIO, PIXVERSE, CREATIFY])
def test_without_a_rate_the_price_is_unknown_and_says_what_to_do(engine: str) -> None:
    costs = of(engine, voice(10.0))
    assert (costs.usd_micros, costs.low_usd_micros, costs.qualifier) == (None, None, Qualifier.UNKNOWN)
    assert "on Providers" in costs.basis


@pytest.mark.parametrize("engine", PAID)
@pytest.mark.parametrize("seconds", [None, 0.0, -1.0, float("nan"), float("inf"), 1e300])
def test_a_length_that_is_not_known_is_never_an_error(engine: str, seconds: float | None) -> None:
    measure = Measure(audio_s=seconds, left_s=seconds, right_s=seconds)
    assert of(engine, measure, THEIRS).explanation == "The voice’s length is not known yet."
    assert of(engine, measure, THEIRS).qualifier is Qualifier.UNKNOWN


def test_what_nobody_prices_is_unknown() -> None:
    assert of(JOYPIX, voice(3.0, "1080p")).explanation == "JoyPix names no price for 1080p."
    assert of("acme/lips", voice(3.0)).qualifier is Qualifier.UNKNOWN
    assert of(JOYPIX, Measure(text="Good morning")).usd_micros is None, "JoyPix speaks no text"


def test_a_draft_is_free_before_anything_is_known() -> None:
    assert of("draft/portrait", Measure()) == Price("Made on this computer: free.", Qualifier.EXACT, usd_micros=0)


# Two voices


def test_a_dialog_of_undocumented_length_shows_both_readings_and_promises_the_higher() -> None:
    costs = of(JOYPIX_DIALOG, Measure(left_s=3.0, right_s=4.0))
    assert (costs.usd_micros, costs.low_usd_micros, costs.qualifier) == (300_000, 150_000, Qualifier.UPPER_BOUND)
    assert costs.explanation == ("3 s + 4 s → 2 blocks of 5 s × 15 credits; 1 block of 5 s if both speak at once (4 s)")


def test_a_dialog_that_costs_the_same_either_way_is_exact() -> None:
    costs = of(JOYPIX_DIALOG, Measure(left_s=2.0, right_s=3.0))
    assert (costs.usd_micros, costs.low_usd_micros, costs.qualifier) == (150_000, None, Qualifier.EXACT)
    assert costs.explanation.endswith("the same if both speak at once (3 s)")


def test_a_started_block_is_assumed_whole_where_either_reading_starts_one() -> None:
    costs = of(JOYPIX_DIALOG, Measure(left_s=5.5, right_s=4.5))
    assert (costs.usd_micros, costs.low_usd_micros, costs.qualifier) == (300_000, 165_000, Qualifier.ASSUMED)


def test_two_voices_are_added_before_they_are_rounded() -> None:
    assert of(JOYPIX_DIALOG, Measure(left_s=2.5004, right_s=2.5004)).usd_micros == 300_000, "5.0008 s are 5.001 s"


def test_a_dialogs_order_decides_its_length_at_lipsync_studio() -> None:
    both = Measure(left_s=6.0, right_s=5.0)
    at_once = of(STUDIO_DIALOG, replace(both, order="meanwhile"), THEIRS)
    in_turn = of(STUDIO_DIALOG, replace(both, order="left_right"), THEIRS)
    undecided = of(STUDIO_DIALOG, both, THEIRS)
    assert (at_once.credits, at_once.qualifier) == (12, Qualifier.EXACT)
    assert (in_turn.credits, in_turn.qualifier) == (22, Qualifier.EXACT)
    assert (undecided.credits, undecided.low_credits, undecided.qualifier) == (22, 12, Qualifier.UPPER_BOUND)


def test_one_voice_of_two_gives_no_price() -> None:
    assert of(JOYPIX_DIALOG, Measure(left_s=3.0)).usd_micros is None


# A text


def test_a_text_is_a_range_and_quoted_at_its_upper_end() -> None:
    costs = of(CREATIFY, Measure(text="a" * 465), THEIRS)
    assert (costs.usd_micros, costs.low_usd_micros, costs.qualifier) == (1_980_000, 990_000, Qualifier.ASSUMED)
    assert "465 characters (25 to 39 s when spoken) → 1 to 2 blocks of 30 s" in costs.explanation
    assert "12 to 18 characters a second" in costs.explanation


def test_a_short_text_is_one_block_and_still_assumed() -> None:
    costs = of(CREATIFY, Measure(text="Good morning."), THEIRS)
    assert (costs.usd_micros, costs.low_usd_micros, costs.qualifier) == (990_000, None, Qualifier.ASSUMED)


def test_a_recording_wins_over_a_text_as_it_does_at_the_vendor() -> None:
    assert of(CREATIFY, Measure(text="a" * 4650, audio_s=10.0), THEIRS).credits == 5


def test_signs_that_last_longer_count_for_more() -> None:
    latin, digits, chinese = (of(CREATIFY, Measure(text=sign * 300)).billed_units for sign in ("a", "7", "好"))
    assert (latin, digits, chinese) == (1, 5, 3)


def test_a_text_costs_by_its_bytes_where_the_vendor_lists_that_rate() -> None:
    rates = THEIRS.having("aimlapi", Override(usd_per_15_bytes=Decimal("0.04"), set_on=READ))
    costs = of(PIXVERSE, Measure(text="é" * 8), rates)
    assert (costs.usd_micros, costs.low_usd_micros, costs.billed_s) == (80_000, 42_666, None)
    assert costs.explanation.startswith("16 bytes of text → 2 blocks of 15 bytes × $0.04, your team’s rate of 21 Nov")


def test_a_text_of_long_signs_is_not_quoted_below_its_bytes() -> None:
    text = "д" * 120
    assert of(PIXVERSE, Measure(text=text), THEIRS).billed_units == 240 // 15


# Overrides


def test_an_override_is_marked_as_theirs() -> None:
    said = of(STUDIO, voice(12.4, "720p"), THEIRS).explanation
    assert said.startswith("12.4 s → 13 s × 4 credits × $0.0833 a credit, your team’s rate of 21 Nov 2026; assumed: ")
    assert "your team’s plan (Starter) of 21 Nov 2026" in of(CREATIFY, voice(3.0), THEIRS).explanation


def test_an_engines_rate_wins_over_its_providers_field_by_field() -> None:
    rates = Rates(
        {
            "joypix": Override(usd_per_credit=Decimal("0.02"), credits_per_unit={"480p": 10}, set_on=READ),
            JOYPIX: Override(usd_per_credit=Decimal("0.03"), set_on=READ),
        }
    )
    assert of(JOYPIX, voice(3.0), rates).usd_micros == 300_000
    assert of(JOYPIX_DIALOG, voice(3.0), rates).usd_micros == 200_000
    assert of(JOYPIX, voice(3.0, "720p"), rates).credits == 30, "the size that they did not set stays the vendor's"


def test_credits_that_the_team_set_are_no_longer_assumed_and_its_dollars_alone_leave_them_so() -> None:
    dollars = Rates({"joypix": Override(usd_per_credit=Decimal("0.01"), set_on=READ)})
    credits = Rates({"joypix": Override(credits_per_unit={"": 12}, set_on=READ)})
    assert of(JOYPIX, voice(3.0), dollars).qualifier is Qualifier.ASSUMED
    assert of(JOYPIX, voice(3.0), credits).qualifier is Qualifier.EXACT
    assert of(JOYPIX, voice(7.0), credits).qualifier is Qualifier.ASSUMED, "a started block is still assumed whole"


def test_a_live_price_is_the_vendors_own_and_dated() -> None:
    override = rate_from_live(
        [(Decimal("0.04"), "second", Decimal(1)), (Decimal("0.04"), "byte", Decimal(15))], set_on=READ, by="ana"
    )
    rate = Decimal("0.04")
    assert override == Override(usd_per_second=rate, usd_per_15_bytes=rate, set_on=READ, by="ana", published=True)
    said = of(PIXVERSE, voice(2.5), Rates({"aimlapi": override})).explanation
    assert said.startswith("2.5 s → 3 s × $0.04, AI/ML API’s published rate of 21 Nov 2026")


LIVE = [
    ([("0.39", "second", "1"), ("0.65", "second", "1")], "0.65", None),
    ([("3", "minute", "1")], "0.05", None),
    ([("1", "seconds", "3")], "0.333333334", None),
    ([("2.4", "character", "1000")], None, "0.036"),
]


@pytest.mark.parametrize(("prices", "second", "text"), LIVE)
def test_of_a_live_prices_variants_the_dearest_counts(
    prices: list[tuple[str, str, str]], second: str | None, text: str | None
) -> None:
    found = rate_from_live([(Decimal(usd), unit, Decimal(per)) for usd, unit, per in prices], set_on=READ, by="")
    assert found is not None
    assert found.usd_per_second == (None if second is None else Decimal(second))
    assert found.usd_per_15_bytes == (None if text is None else Decimal(text))


@pytest.mark.parametrize(
    "prices",
    [
        [],
        [("0.5", "token", "1000000")],
        [("0.04", "second", "1"), ("1", "generation", "1")],
        [("0", "second", "1")],
        [("NaN", "second", "1")],
        [("1", "second", "0")],
    ],
)
def test_a_live_price_that_cannot_be_quoted_from_sets_no_rate(prices: list[tuple[str, str, str]]) -> None:
    values = [(Decimal(usd), unit, Decimal(per)) for usd, unit, per in prices]
    assert rate_from_live(values, set_on=READ, by="") is None


# Age


def test_a_tariff_older_than_ninety_days_says_so() -> None:
    fresh, old = READ + timedelta(days=90), READ + timedelta(days=91)
    assert of(JOYPIX, voice(3.0), today=fresh).warnings == ()
    (warning,) = of(JOYPIX, voice(3.0), today=old).warnings
    assert "JoyPix’s prices were read on 21 Nov 2026, 91 days ago" in warning


def test_a_teams_own_rate_ages_instead_of_what_it_replaces() -> None:
    today = READ + timedelta(days=100)
    whole = Override(usd_per_credit=Decimal("0.01"), credits_per_unit={"480p": 15}, set_on=today)
    assert of(JOYPIX, voice(3.0), Rates({"joypix": whole}), today).warnings == ()
    (warning,) = of(PIXVERSE, voice(3.0), THEIRS, today).warnings
    assert "Your team’s rate for AI/ML API is from 21 Nov 2026, 100 days ago" in warning
    undated = Rates({"aimlapi": Override(usd_per_second=Decimal("0.04"))})
    (warning,) = of(PIXVERSE, voice(3.0), undated, today).warnings
    assert "has no date" in warning


def test_the_day_of_a_price_is_that_of_its_oldest_figure() -> None:
    rates = Rates({"lipsync-studio": Override(usd_per_credit=Decimal("0.08"), set_on=date(2026, 10, 1))})
    assert of(STUDIO, voice(3.0), rates).priced_on == "2026-10-01"
    assert of(JOYPIX, voice(3.0)).priced_on == "2026-11-21"


# Words


def quote(usd_micros: int | None, credits: int | None, qualifier: Qualifier) -> Quote:
    return Quote("any/engine", usd_micros, credits, None, "", qualifier, None, None)


WORDS = [
    (900_000, 90, Qualifier.EXACT, "$0.90"),
    (900_000, 90, Qualifier.ASSUMED, "about $0.90"),
    (1_800_000, 180, Qualifier.UPPER_BOUND, "up to $1.80"),
    (None, 52, Qualifier.UNKNOWN, "52 credits, price not set"),
    (None, None, Qualifier.UNKNOWN, "price not set"),
    (0, None, Qualifier.EXACT, "free"),
    (1_234_567_891, None, Qualifier.ASSUMED, "about $1,234.57"),
    (1, None, Qualifier.EXACT, "$0.01"),
]


@pytest.mark.parametrize(("usd_micros", "credits", "qualifier", "words"), WORDS)
def test_a_price_is_worded_as_it_stands_on_the_button(
    usd_micros: int | None, credits: int | None, qualifier: Qualifier, words: str
) -> None:
    assert priced(quote(usd_micros, credits, qualifier)) == words


def test_one_credit_is_no_credits() -> None:
    assert (credits_text(1), credits_text(1800)) == ("1 credit", "1,800 credits")


def test_what_a_price_rests_on_stands_under_the_button() -> None:
    assert of(JOYPIX, voice(5.0)).basis == "Price assumed: taken from its two-speaker page (read 21 Nov 2026)."
    assert of(JOYPIX_DIALOG, voice(5.0)).basis == (
        "Price from JoyPix, Motion-2-Dialog API, Pricing (read 21 Nov 2026)."
    )
    assert of(JOYPIX_DIALOG, Measure(left_s=3.0, right_s=4.0)).basis.startswith("At most this much: JoyPix does not")
    own = Rates({"joypix": Override(usd_per_credit=Decimal("0.01"), credits_per_unit={"": 15}, set_on=READ)})
    assert of(JOYPIX_DIALOG, voice(5.0), own).basis == "Price at your team’s rate of 21 Nov 2026."


# For every length

SECONDS = st.floats(0.001, 900.0)
ENGINE = st.sampled_from(PAID)
SIZE = st.sampled_from(["480p", "720p"])


@given(ENGINE, SIZE, SECONDS, SECONDS)
def test_a_longer_voice_never_costs_less(engine: str, size: str, one: float, other: float) -> None:
    shorter, longer = sorted((one, other))
    less, more = of(engine, voice(shorter, size), THEIRS), of(engine, voice(longer, size), THEIRS)
    assert less.usd_micros is not None
    assert more.usd_micros is not None
    assert less.usd_micros <= more.usd_micros
    assert (less.low_usd_micros or less.usd_micros) <= (more.low_usd_micros or more.usd_micros)


@given(st.sampled_from([CREATIFY, PIXVERSE]), st.text(min_size=1, max_size=400), st.text(max_size=100))
def test_a_longer_text_never_costs_less(engine: str, text: str, more: str) -> None:
    short, long = of(engine, Measure(text=text), THEIRS), of(engine, Measure(text=text + more), THEIRS)
    if text.strip():
        assert short.usd_micros is not None
        assert long.usd_micros is not None
        assert 0 < short.usd_micros <= long.usd_micros


@given(ENGINE, SIZE, SECONDS, st.decimals("0.000000001", 1000, places=9))
def test_money_is_whole_micro_dollars_and_never_below_the_exact_sum(
    engine: str, size: str, seconds: float, rate: Decimal
) -> None:
    override = Override(usd_per_second=rate) if engine == PIXVERSE else Override(usd_per_credit=rate)
    costs = of(engine, voice(seconds, size), Rates({engine: override}))
    assert isinstance(costs.usd_micros, int)
    assert isinstance(costs.credits, int)
    assert costs.billed_units is not None
    counted = costs.billed_units if engine == PIXVERSE else costs.credits
    assert 0 <= costs.usd_micros - counted * rate * 1_000_000 < 1
    assert costs.low_usd_micros is None or 0 <= costs.low_usd_micros < costs.usd_micros


@given(ENGINE, st.integers(1, 900_000), st.floats(-0.00049, 0.00049))
def test_less_than_half_a_millisecond_changes_nothing(engine: str, ms: int, noise: float) -> None:
    assert of(engine, voice(ms / 1000 + noise), THEIRS) == of(engine, voice(ms / 1000), THEIRS)


def test_no_two_engines_have_the_same_title() -> None:
    """Menus, charts and tables tell them apart by it."""
    assert len({engine.title for engine in ENGINES.values()}) == len(ENGINES)
