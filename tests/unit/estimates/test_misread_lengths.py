"""A length that a spreadsheet may have changed is asked about; one that can mean one thing only is read."""

import pytest

from lipsync_core import LengthError, seconds_of
from lipsync_core.csvfile import csv_of
from lipsync_core.estimates import Batch, quote_rows, read_sheet
from lipsync_core.pricing import Rates

READ = {
    "0:00:12": 12.0,
    "00:00:12": 12.0,
    "00:12,5": 12.5,
    "0:01:23.500000": 83.5,
    "12:00:12 AM": 12.0,
    "12:01:00 am": 60.0,
    "1899-12-30 00:00:12": 12.0,
    "1899-12-30T00:01:23": 83.0,
    "30.12.1899 00:00:12": 12.0,
    "1/0/1900 0:00:12": 12.0,
    "1900-01-00 00:00:12": 12.0,
    "1904-01-01 00:00:12": 12.0,
    "0 days 00:01:23.500000": 83.5,
    "PT1M23.5S": 83.5,
    "PT12S": 12.0,
    "8.120 s": 8.12,
    "0.05 s": 0.05,
    "12500 s": 12_500.0,
    "1 h 23 min": 4_980.0,
}
ASKED = {
    "0.000138889": "12 s, stored as a part of a day",
    "0,000138889": "12 s, stored as a part of a day",
    "1.38889E-04": "12 s, stored as a part of a day",
    "0.00138888888888889": "2 min, stored as a part of a day",
    "46154": "the date 2026-05-12",
    "12500": "12.5 s in milliseconds",
    "1,500": "25 min",
    "1.500": "25 min",
    "1:23:00": "1 min 23 s that the spreadsheet took for hours",
    "01:23:00": "1 min 23 s that the spreadsheet took for hours",
    "1:23:00 AM": "1 min 23 s that the spreadsheet took for hours",
}
DATES = [
    "12.05.2026",
    "2026-05-12",
    "2026-05-12 00:00:00",
    "5/12/2026",
    "12. Mai",
    "12-May",
    "Jan 23",
    "5-дек",
    "12 août",
]


def quoted(*lengths: str) -> Batch:
    return quote_rows(read_sheet(csv_of(["duration"], [[length] for length in lengths])), rates=Rates())


@pytest.mark.parametrize("text", READ)
def test_a_time_of_a_spreadsheet_or_a_program_is_read(text: str) -> None:
    assert seconds_of(text) == READ[text]
    batch = quoted(text)
    assert (batch.seconds[0], batch.problems[0]) == (READ[text], "")


@pytest.mark.parametrize("text", ASKED)
def test_a_length_that_is_read_in_two_ways_has_no_price_and_both_are_named(text: str) -> None:
    batch = quoted(text, "7 s")
    assert f"“{text}” can be " in batch.problems[0]
    assert ASKED[text] in batch.problems[0]
    assert batch.problems[0].endswith((" s.", " min."))
    assert not any(offer.can_quote[0] for offer in batch.offers.values())
    assert batch.problems[1] == ""


@pytest.mark.parametrize("text", ASKED)
def test_what_the_question_proposes_is_certain(text: str) -> None:
    proposed = quoted(text).problems[0].rpartition("such as ")[2].removesuffix(".")
    assert quoted(proposed).problems[0] == ""


@pytest.mark.parametrize("text", DATES)
def test_a_date_is_called_one(text: str) -> None:
    with pytest.raises(LengthError, match="is a date"):
        seconds_of(text)
    assert "is a date" in quoted(text).problems[0]


def test_a_time_of_day_is_no_length() -> None:
    for text in ("1:23 PM", "12:23 AM", "3:15:00 PM"):
        assert "is a time of day" in quoted(text).problems[0]


def test_a_column_tells_what_its_point_means() -> None:
    assert quoted("1.500", "12.25").seconds.tolist() == [1.5, 12.25]
    assert quoted("1,500", "0,850").seconds.tolist() == [1.5, 0.85]
    assert quoted("1,500", "12.25").problems[0], "the comma may still separate thousands"


def test_a_length_in_doubt_stops_no_row_that_has_a_text() -> None:
    sheet = read_sheet(b"text,creator,aspect_ratio,duration\nGood morning,x,9:16,1:23:00\n")
    assert quote_rows(sheet, rates=Rates()).problems[0] == ""
