"""A table of clips: however it was saved, whatever is wrong in it, and never another price than a single quote's."""

import csv
import io
import random
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings, strategies as st

from lipsync_core import ROOT
from lipsync_core.brief import KeptMedium
from lipsync_core.estimates import (
    Batch,
    LengthError,
    Plan,
    SheetError,
    Wish,
    choose,
    csv_of,
    file_key,
    harmless,
    length_text,
    plan_csv,
    quote_rows,
    read_sheet,
    seconds_of,
    sheet_of,
    template,
)
from lipsync_core.medium import MediumFacts, MouthGuess
from lipsync_core.pricing import NO_RATES, Override, Rates
from lipsync_core.pricing.assess import assess
from lipsync_core.pricing.catalogue import ENGINES, SCENES
from lipsync_core.providers.aimlapi import SPEAKERS
from lipsync_core.quote import Qualifier

JOYPIX, STUDIO, DIALOG = "joypix/motion-2", "lipsync-studio/lipsync-image", "joypix/motion-2-dialog"
RATES = Rates(
    {
        "lipsync-studio": Override(usd_per_credit=Decimal("0.0833")),
        "creatify": Override(plan="pro"),
        "aimlapi": Override(usd_per_second=Decimal("0.05")),
    }
)
BY_TEXT = RATES.having("aimlapi", Override(usd_per_second=Decimal("0.05"), usd_per_15_bytes=Decimal("0.04")))
PLACES = {"joypix": 2, "lipsync-studio": 2, "aimlapi": 2, "creatify": 2, "draft": 1}
READ = date(2026, 11, 21)


@dataclass(frozen=True)
class Medium:
    """A stored file."""

    name: str
    duration_s: float = 0.0
    sha256: str = "a" * 64
    url: str | None = None
    unheard: str = ""


FACE, VOICE = Medium("face.png"), Medium("voice.wav", 12.4)
HERE = {("image", "face.png"): FACE, ("audio", "voice.wav"): VOICE, ("video", "film.mp4"): Medium("film.mp4", 20.0)}


def quoted(text: str, **more: object) -> Batch:
    return quote_rows(read_sheet(text.encode()), rates=RATES, **more)  # type: ignore[arg-type]  # what a test needs


def planned(text: str, wish: Wish | None = None, **more: object) -> Plan:
    return choose(quoted(text, **more), wish or Wish(), PLACES)


# Reading

TABLE = "name,duration,resolution\nGrüße,12.4,480p\nZwei,5.001,720p\n"
SAVED = {
    "plain": TABLE.encode(),
    "BOM": TABLE.encode("utf-8-sig"),
    "UTF-16 with BOM": TABLE.encode("utf-16"),
    "UTF-16 big-endian without BOM": TABLE.encode("utf-16-be"),
    "UTF-16 little-endian without BOM": TABLE.encode("utf-16-le"),
    "UTF-32": TABLE.encode("utf-32"),
    "Latin-1": TABLE.encode("latin-1"),
    "semicolons": TABLE.replace(",", ";").encode(),
    "semicolons and decimal commas": TABLE.replace(",", ";").replace(".", ",").encode(),
    "tabs": TABLE.replace(",", "\t").encode(),
    "bars": TABLE.replace(",", "|").encode(),
    "sep= of Excel": b"sep=;\r\n" + TABLE.replace(",", ";").encode(),
    "Windows line ends": TABLE.replace("\n", "\r\n").encode(),
    "old Mac line ends": TABLE.replace("\n", "\r").encode(),
    "no last line end": TABLE.strip().encode(),
    "blank lines": b"\n\n" + TABLE.replace("\n", "\n\n,,\n").encode(),
    "all quoted": "".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in TABLE.splitlines()
    ).encode(),
    "spaces": b" Name ,  DURATION (s), Resolution \n" + TABLE.replace(",", " , ").partition("\n")[2].encode(),
    "more columns": "name,note,duration,resolution,price\nGrüße,x,12.4,480p,1\nZwei,y,5.001,720p,2\n".encode(),
    "columns in another order": "resolution,name,duration\n480p,Grüße,12.4\n720p,Zwei,5.001\n".encode(),
    "trailing commas": "name,duration,resolution\nGrüße,12.4,480p,,,\nZwei,5.001,720p\n".encode(),
    "a column twice": "name,duration,resolution,duration,length\nGrüße,12.4,480p,7,8\nZwei,5.001,720p,9,9\n".encode(),
}


@pytest.mark.parametrize("way", SAVED)
def test_a_table_is_read_however_it_was_saved(way: str) -> None:
    batch = quote_rows(read_sheet(SAVED[way], "latin-1" if way == "Latin-1" else None), rates=RATES)
    assert batch.texts["name"].tolist() == ["Grüße", "Zwei"]
    assert batch.seconds.tolist() == [12.4, 5.001]
    assert batch.problems.tolist() == ["", ""]
    assert batch.offers[JOYPIX].usd_micros.tolist() == [450_000, 600_000]


def test_it_says_what_it_took_a_file_for_where_that_is_not_plain() -> None:
    assert read_sheet(SAVED["plain"]).notes == read_sheet(SAVED["BOM"]).notes == ()
    assert "Western European" in read_sheet(SAVED["Latin-1"]).notes[0]
    assert read_sheet(SAVED["semicolons"]).notes == ()  # as a spreadsheet saves it in half of Europe
    assert read_sheet(SAVED["more columns"]).notes == ("Not used: note, price.",)
    assert "the first one is used" in read_sheet(SAVED["a column twice"]).notes[0]


REFUSED = {
    "nothing": b"",
    "blank lines": b"\n \n,,\n",
    "no known column": b"apples,pears\n1,2\n",
    "a header alone": b"name,duration\n",
    "an Excel workbook": b"PK\x03\x04" + bytes(200),
    "an old Excel workbook": b"\xd0\xcf\x11\xe0" + bytes(200),
    "bytes": bytes(range(256)) * 10,
    "half a UTF-16 character": TABLE.encode("utf-16")[:-1],
    "a quotation mark that is never closed": b'name,duration\n"Weekly,12\nNext,13\nLast,14\n',
    "a cell without an end": b'name,duration\n"' + b"x" * 200_000 + b"\n",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_table_is_refused_in_words(what: str) -> None:
    with pytest.raises(SheetError) as refusal:
        read_sheet(REFUSED[what])
    assert str(refusal.value).endswith((".", "how."))


def test_more_rows_than_anybody_sends_are_refused_and_a_hundred_thousand_are_not() -> None:
    batch = quote_rows(read_sheet(b"duration\n" + b"7.5\n" * 100_000), rates=NO_RATES)
    assert batch.total(JOYPIX, batch.offers[JOYPIX].can_quote).usd_micros == 100_000 * 300_000
    with pytest.raises(SheetError, match="200,001 rows"):
        read_sheet(b"duration\n" + b"7.5\n" * 200_001)


def test_rows_are_numbered_as_in_the_spreadsheet() -> None:
    assert list(read_sheet(b"duration\n1\n\n2\n,\n3\n").numbers) == [2, 4, 6]
    assert list(read_sheet(b"sep=;\nduration\n1\n").numbers) == [3]


def test_a_row_with_too_many_cells_stops_no_other() -> None:
    # 12,4 between commas is two cells: without a word, 12 s would be quoted
    for over in ("Two,12,4,480p", "Two,12,4,480p,x"):
        batch = quoted(f"name,duration,resolution\nOne,12.4,480p\n{over}\nThree,5,720p\n")
        assert [bool(problem) for problem in batch.problems] == [False, True, False]
        assert "more cells" in batch.problems[1]


def test_a_row_with_too_few_cells_is_read_as_far_as_it_goes() -> None:
    batch = quoted("name,duration,resolution\nOne,12.4\nTwo\n")
    assert batch.seconds[0] == 12.4
    assert "length is not known" in batch.problems[1]


def test_a_cell_may_hold_lines_commas_and_quotation_marks() -> None:
    text = 'name,duration,text\n"Weekly, ""47""\nDE",,"Hello,\nworld"\n5" screen,7,\n'
    assert quoted(text).texts["name"].tolist() == ['Weekly, "47" DE', '5" screen']


# Lengths

LENGTHS = {
    "12.4": 12.4,
    " 12,4 s ": 12.4,
    "1:23.5": 83.5,
    "00:01:23": 83.0,
    "00:01:23,456": 83.456,
    "1:00:00": 3600.0,
    "90:00": 5400.0,
    "1 min 23 s": 83.0,
    "2m30s": 150.0,
    "1h": 3600.0,
    "2.5 minutes": 150.0,
    "1500 ms": 1.5,
    "1.234,5": 1234.5,
    "1,234.5": 1234.5,
    "1,234,567.5e0": None,
    "1e2": 100.0,
    "+7": 7.0,
    ".5": 0.5,
    "5.": 5.0,
    "0.001": 0.001,
    "4.999": 4.999,
    "5.000000001": 5.000000001,
    "600.001": 600.001,
    "１２": 12.0,
    "": None,
    "0": None,
    "0:00": None,
    "-3": None,
    "−3": None,
    "nan": None,
    "inf": None,
    "1e9": None,
    "1e999": None,
    "0.0004": None,
    "1:60": None,
    "1:60:00": None,
    "1:2:3:4": None,
    "twelve": None,
    "12 apples": None,
    "=1+1": None,
}


ASKED = ("1:00:00", "0.001")
"""Lengths that only a table leaves in doubt, because a spreadsheet may have changed them."""


@pytest.mark.parametrize("text", LENGTHS)
def test_a_written_length(text: str) -> None:
    if (seconds := LENGTHS[text]) is not None:
        assert seconds_of(text) == seconds
        return
    with pytest.raises(LengthError) as refusal:
        seconds_of(text)
    assert str(refusal.value).endswith((".", "?"))


@pytest.mark.parametrize("text", LENGTHS)
def test_a_length_in_a_table_is_that_of_the_field(text: str) -> None:
    batch = quoted(f'name,duration\nOne,"{text}"\n')
    if text in ASKED:
        assert "can be" in batch.problems[0]
    elif (seconds := LENGTHS[text]) is not None:
        assert (batch.seconds[0], batch.problems[0]) == (seconds, "")
    else:
        assert batch.problems[0]
        assert not batch.offers[JOYPIX].can_quote[0]


@given(st.integers(1, 86_400_000))
def test_a_length_is_written_so_that_it_reads_the_same(ms: int) -> None:
    assert seconds_of(length_text(ms / 1000)) == pytest.approx(ms / 1000, abs=1e-9)


DURATIONS = {"0.001": 1, "4.999": 1, "5": 1, "5.000000001": 1, "5.001": 2, "599.999": 120, "600": 120, "600.001": 121}


@pytest.mark.parametrize("written", DURATIONS)
def test_a_block_begins_where_the_tariff_says(written: str) -> None:
    assert quoted(f"duration\n{written} s\n").offers[JOYPIX].units[0] == DURATIONS[written]


# What is wrong with a row stands in the row


WRONG = {
    "duration\nabc": "“abc” isn’t a length",
    "name,duration\nx,": "Its length is not known",
    "duration,resolution\n5,8K": "8k",
    "duration,engine\n5,joypix/motion-3": "Did you mean joypix/motion-2?",
    "duration,engine\n5,midjourney": "Unknown engine “midjourney”",
    "duration,scene\n5,opera": "Unknown scene “opera”",
    "duration,scene,engine\n5,dialog,joypix/motion-2": "portrait",
    "duration,seed\n5,many": "isn’t a seed",
    "audio\nvoice_de.wav": "voice_de.wav is missing",
    "audio\nhttps://example.org/v.wav": "has not been fetched yet",
    "audio\nbad.wav": "bad.wav is a picture",
    "text,scene\nHello,portrait": "No engine can make this",
    f"name,duration\n{'x' * 121},5": "Keep the name to 120 characters",
    "text,speaker,video\nHello,Nobody,film.mp4": "Nobody",
}
BAD = HERE | {("audio", "bad.wav"): "bad.wav is a picture."}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_in_the_row_and_stops_no_other(text: str) -> None:
    header, row = text.split("\n")
    cells = dict(zip(header.split(","), row.split(","), strict=True))
    good = {"name": "Good", "duration": "12.4"}
    plan = choose(quote_rows(sheet_of([cells, good]), rates=RATES, files=BAD), Wish(), PLACES)
    assert WRONG[text] in plan.problems[0]
    assert (plan.quoted[0], plan.quoted[1]) == (False, True)
    assert plan.total(plan.quoted).usd_micros == 450_000


def test_a_row_without_media_is_an_estimate_and_one_with_them_is_ready() -> None:
    plan = planned("image,audio,duration\nface.png,voice.wav,\n,voice.wav,\n,,12.4\n", files=HERE)
    assert plan.ready.tolist() == [True, False, False]
    assert plan.quoted.tolist() == [True, True, True]
    assert plan.problems.tolist() == [""] * 3
    assert [plan.why_not(row) for row in range(3)] == [
        "",
        "Only an estimate: add a picture.",
        "Only an estimate: add a picture and a voice.",
    ]
    assert plan.total(plan.ready).usd_micros == 450_000
    assert plan.total(plan.quoted).usd_micros == 3 * 450_000


def test_one_picture_serves_many_voices_and_a_row_may_have_its_own() -> None:
    other = {("image", "other.png"): Medium("other.png", sha256="b" * 64)}
    sheet = sheet_of(
        [{"name": "One", "audio": "voice.wav"}, {"name": "Two", "audio": "voice.wav", "image": "other.png"}]
    )
    batch = quote_rows(sheet, rates=RATES, files=HERE | other, picture=FACE)
    images = [batch.brief(row, JOYPIX).image for row in range(2)]
    assert [image.sha256[0] for image in images if isinstance(image, KeptMedium)] == ["a", "b"]
    assert choose(batch, Wish(), PLACES).ready.all()


def test_a_file_is_found_whatever_its_folder_and_capitals() -> None:
    assert file_key("C:\\voices\\Größe.WAV") == file_key("größe.wav") == file_key("audio/Gro\u0308ße.wav")
    assert planned("image,audio\npics/FACE.png,Voice.WAV\n", files=HERE).ready.all()


def test_a_recording_wins_over_a_written_length() -> None:
    assert quoted("audio,duration\nvoice.wav,90\n", files=HERE).seconds[0] == 12.4


def test_spreadsheets_may_take_an_aspect_ratio_for_a_time() -> None:
    batch = quoted("creator,duration,aspect_ratio\nx,5,09:16:00\nx,5,9:16\nx,5,16:09\nx,5,1x1\n")
    assert batch.texts["aspect_ratio"].tolist() == ["9:16", "9:16", "16:9", "1:1"]
    assert (batch.scenes == "presenter").all()


@pytest.mark.parametrize("found", [True, False])
def test_the_draft_engine_needs_a_face(found: bool) -> None:
    mouth = MouthGuess(10.0, 10.0, 5.0, found=found, sure=found)
    picture = MediumFacts("b" * 64, "image", "wall.png", ".png", "image/png", 1, mouth=mouth)
    plan = planned("audio\nvoice.wav\n", Wish("draft/portrait"), files=HERE, picture=picture)
    assert plan.ready.tolist() == [found]
    assert found or "No face was found" in plan.why_not(0)
    assert planned("audio\nvoice.wav\n", Wish(JOYPIX), files=HERE, picture=picture).ready.all()


# The same figures as single quotes

LENGTHS_S = [0.001, 4.999, 5.0, 5.000000001, 5.001, 10.0, 29.999, 30.0, 30.0004, 599.999, 600.0, 600.001]
TEXTS = ["Hello.", "In 1984 it cost 1,234,567 dollars.", "Grüße aus Köln", "これは1つのテストです。", "١٢٣", "x" * 201]
VOICES = {"portrait": ["audio"], "dialog": ["left_audio", "right_audio"], "redub": ["video", "audio"]}
KINDS = ("exact", "assumed", "upper bound", "unknown")


def random_row(at: random.Random) -> dict[str, str | float]:
    """A row as somebody may write it: mostly what its scene needs, sometimes too little or too much."""
    scene = at.choice(list(SCENES))
    row: dict[str, str | float] = {"scene": scene, "resolution": at.choice(["480p", "720p"])}
    for name in VOICES.get(scene, ["audio"]):
        if at.random() < 0.85:
            row[name] = at.choice(LENGTHS_S) if at.random() < 0.5 else at.uniform(0.05, 700)
    if scene in ("portrait", "dialog") and at.random() < 0.9:
        row["image"] = "face.png"
    if scene in ("redub", "presenter") and at.random() < 0.6:
        row.pop("audio", None)
        row |= {"text": at.choice(TEXTS) * at.randrange(1, 9), "speaker": SPEAKERS[0] if scene == "redub" else ""}
    if scene == "presenter":
        row |= {"creator": "one", "aspect_ratio": at.choice(["", "9:16", "16:9"])}
    if scene == "dialog":
        row["order"] = at.choice(["", "meanwhile", "left_right", "right_left"])
    if at.random() < 0.05:
        row["text"] = "Too much."
    return row


def test_a_row_costs_what_a_single_quote_says_and_a_batch_the_sum_of_its_rows() -> None:
    counted: dict[str, int] = {}
    for rates in (NO_RATES, RATES, BY_TEXT):
        for seen in ((), tuple((60.0 + n, 10.0) for n in range(8))):
            compare(rates, seen, counted)
    assert min(counted.get(kind, 0) for kind in KINDS) >= 1_000, counted


def compare(rates: Rates, seen: tuple[tuple[float, float], ...], counted: dict[str, int]) -> None:
    at = random.Random(f"{rates}{seen}")
    files = {("image", "face.png"): FACE}
    cells = []
    for number in range(1_500):
        made = random_row(at)
        cell = {name: value for name, value in made.items() if isinstance(value, str)}
        for name, length in made.items():
            if isinstance(length, float):
                cell[name] = f"{name}{number}"
                files["video" if name == "video" else "audio", cell[name]] = Medium(cell[name], length)
        cells.append(cell)
    batch = quote_rows(sheet_of(cells), rates=rates, files=files, seen=lambda engine: seen)
    totals = dict.fromkeys(batch.offers, 0)
    for row in range(len(batch)):
        for engine, offer in batch.offers.items():
            if not offer.applies[row]:
                continue
            brief = batch.brief(row, engine)
            facts = {
                name: MediumFacts("a" * 64, "audio", name, "", "", 1, duration_s=one.duration_s)
                for name, column in batch.media.items()
                if (one := column[row]) is not None
            }
            quote = assess(ENGINES[engine], brief, facts, rates=rates, today=READ, seen=seen)
            price = offer.price(row)
            assert (price.usd_micros, price.credits) == (quote.usd_micros, quote.credits)
            assert price.qualifier is quote.qualifier
            assert (int(offer.units[row]) if offer.units[row] >= 0 else None) == quote.billed_units
            if quote.expected_s is None:
                assert not offer.can_quote[row]
            else:
                assert offer.expected_s[row] == pytest.approx(quote.expected_s)
                assert offer.p90_s[row] == pytest.approx(quote.p90_s)
            assert bool(offer.problems[row] or offer.lacks[row]) == bool(quote.errors)
            totals[engine] += quote.usd_micros or 0
            counted[quote.qualifier] = counted.get(quote.qualifier, 0) + (not ENGINES[engine].is_draft)
    for engine, offer in batch.offers.items():
        assert batch.total(engine, offer.applies).usd_micros == totals[engine]


def test_a_total_says_what_it_leaves_out() -> None:
    batch = quote_rows(read_sheet(b"duration\n12.4\n5\n"), rates=NO_RATES)
    assert batch.total(STUDIO, batch.offers[STUDIO].can_quote).unknown_credits == 26 + 10
    total = batch.total(JOYPIX, batch.offers[JOYPIX].can_quote)
    assert (total.usd_micros, total.unknown, total.qualifier) == (600_000, 0, Qualifier.ASSUMED)


# Who makes what


def test_the_engine_in_a_row_stands_and_the_chosen_one_makes_the_others() -> None:
    plan = planned(f"duration,engine\n5,{STUDIO}\n5,\n5,JoyPix Motion-2\n", Wish("draft/portrait"))
    assert plan.engines.tolist() == [STUDIO, "draft/portrait", JOYPIX]


def test_a_row_of_another_scene_is_left_out_and_says_so() -> None:
    plan = planned("duration,scene\n5,dialog\n5,portrait\n", Wish(JOYPIX))
    assert plan.engines.tolist() == ["", JOYPIX]
    assert "Two people" in plan.problems[0]


def test_without_a_wish_the_cheapest_paid_engine_makes_it() -> None:
    # 3 s: 15 credits of $0.01 at JoyPix, five seconds of 2 credits of $0.0833 at lipsync.studio
    plan = planned("duration\n3\n")
    assert plan.engines.tolist() == [JOYPIX]
    cheap = Rates({"lipsync-studio": Override(usd_per_credit=Decimal("0.001"))})
    assert choose(quote_rows(read_sheet(b"duration\n3\n"), rates=cheap), Wish(), PLACES).engines.tolist() == [STUDIO]


def test_a_budget_is_kept_and_what_is_left_of_it_buys_speed() -> None:
    text = "duration\n5\n5\n5\n"
    # JoyPix: $0.15 and 80 s each; lipsync.studio: $0.833 and 105 s
    seen = {STUDIO: [(10.0, 5.0)] * 5}
    batch = quote_rows(read_sheet(text.encode()), rates=RATES, seen=lambda engine: seen.get(engine, ()))

    def under(cents: int) -> Plan:
        return choose(batch, Wish(budget_usd_micros=cents * 10_000), PLACES)

    assert under(45).engines.tolist() == [JOYPIX] * 3
    assert under(44).engines.tolist() == [JOYPIX, JOYPIX, ""]
    assert "budget is used up" in under(44).problems[2]
    assert under(45 + 69).engines.tolist() == [STUDIO, JOYPIX, JOYPIX]
    assert under(300).engines.tolist() == [STUDIO] * 3
    assert under(0).engines.tolist() == [""] * 3


def test_what_has_no_price_fits_no_budget() -> None:
    plan = choose(
        quote_rows(read_sheet(b"scene,duration\npresenter,5\n"), rates=NO_RATES),
        Wish(budget_usd_micros=10**9),
        PLACES,
    )
    assert "price is known" in plan.problems[0]


def test_a_deadline_is_kept_by_a_dearer_engine_and_then_by_leaving_rows_out() -> None:
    text = "duration\n" + "5\n" * 6
    # JoyPix, two at a time: 80 s, nine of ten within 155 s; lipsync.studio: 105 s, 155 s
    assert planned(text, Wish(within_s=155)).engines.tolist() == [JOYPIX] * 2 + [STUDIO] * 2 + [""] * 2
    assert planned(text, Wish(within_s=154)).engines.tolist() == [""] * 6
    assert planned(text, Wish(within_s=1000)).engines.tolist() == [JOYPIX] * 6
    assert "in time" in planned(text, Wish(within_s=154)).problems[0]


def test_a_batch_is_done_when_the_last_place_is_free() -> None:
    plan = planned("duration\n" + "5\n" * 5, Wish(JOYPIX))
    assert plan.finish_s(plan.quoted, PLACES) == pytest.approx(3 * 80.0)
    assert plan.finish_s(plan.quoted, PLACES | {"joypix": 5}) == pytest.approx(80.0)
    assert plan.finish_s(plan.ready, PLACES) is None


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=30), st.integers(0, 40_000_000))
def test_no_budget_is_ever_exceeded(lengths: list[int], budget: int) -> None:
    plan = planned("duration\n" + "".join(f"{length}\n" for length in lengths), Wish(budget_usd_micros=budget))
    assert plan.total(plan.quoted).usd_micros <= budget


# Export

FORMULAS = ["=1+1", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1", "|calc", "%0A"]


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_of_somebody_else_is_text_on_export(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    ((_header,), (back,)) = list(csv.reader(io.StringIO(csv_of(["name"], [[cell]]).decode("utf-8-sig"), newline="")))
    assert back == f"'{cell}"


@pytest.mark.parametrize("cell", ["Weekly", "-3", "+12.5", "1-2", "a=b", "", "Grüße; =1"])
def test_what_is_no_formula_stays_as_it_is(cell: str) -> None:
    assert harmless(cell) == cell


def test_a_formula_in_a_table_is_neutralised_wherever_it_was() -> None:
    text = 'name,project,engine,scene,audio,duration\n=A1,@x,=cmd,+opera,"=HYPERLINK(""x"")",=5\n'
    for row in csv.reader(io.StringIO(plan_csv(planned(text)).decode("utf-8-sig"), newline="")):
        assert not any(cell.startswith(("=", "+", "@", "-")) for cell in row), row


def test_an_export_holds_every_row_with_its_price_and_its_problem() -> None:
    plan = planned("name,duration\nOne,12.4\nTwo,abc\n", files=HERE)
    one, two = csv.DictReader(io.StringIO(plan_csv(plan).decode("utf-8-sig"), newline=""))
    assert (one["name"], one["row"], one["engine"], one["usd"], one["credits"]) == (
        "One",
        "2",
        JOYPIX,
        "0.450000",
        "45",
    )
    assert (one["qualifier"], one["length_s"], one[f"{STUDIO} usd"]) == ("assumed", "12.4", "2.165800")
    assert ("isn’t a length" in two["problem"], two["usd"], two["engine"]) == (True, "", "")


def test_a_changed_cell_counts_as_if_it_stood_in_the_table() -> None:
    sheet = read_sheet(b"name,duration\nOne,5\nTwo,abc\n")
    edited = sheet.edited({1: {"duration": " 1:23,5 ", "resolution": "720p"}, 0: {"name": "First"}, 9: {"name": "x"}})
    written = read_sheet(b'name,duration,resolution\nFirst,5,\nTwo,"1:23,5",720p\n')
    assert edited.cells.to_dict() == written.cells.to_dict()
    assert sheet.cells["name"].tolist() == ["One", "Two"]  # the table itself stays as it was
    ours, theirs = (choose(quote_rows(one, rates=RATES), Wish(), PLACES) for one in (edited, written))
    assert [ours.price(row) for row in (0, 1)] == [theirs.price(row) for row in (0, 1)]
    assert ours.price(1) is not None


def test_the_template_is_a_table_that_can_be_read() -> None:
    sheet = read_sheet(template())
    assert sheet.notes == ()
    plan = choose(quote_rows(sheet, rates=RATES), Wish(), PLACES)
    assert "anchor.jpg is missing" in plan.problems[0]
    assert plan.quoted.tolist() == [False, False, True]


def test_importing_the_studio_imports_no_pandas() -> None:
    code = (
        "import sys, lipsync_core.studio, lipsync_core.estimates.clip, lipsync_core.estimates;"
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_row_with_a_text_is_a_free_draft_once_it_says_who_speaks() -> None:
    columns = "image,text,speaker,engine"
    plan = planned(f"{columns}\nface.png,Hello,de,draft/portrait\nface.png,Hello,,draft/portrait\n", files=HERE)
    assert plan.problems.tolist() == [""] * 2
    assert plan.ready.tolist() == [True, False]
    assert plan.lacks.tolist() == ["", "Choose who speaks the text."]
    assert plan.total(plan.quoted).usd_micros == 0
