"""What the studio exports opens in columns in every spreadsheet program, and is read again as it was."""

import csv
import io
from decimal import Decimal

import pytest

from lipsync_core.csvfile import csv_of
from lipsync_core.estimates import Wish, choose, plan_csv, quote_rows, read_sheet, template
from lipsync_core.pricing import Rates
from pages.ui.csv_download import is_with_comma

CELLS = ["Grüße", Decimal("0.450000"), 12.5, 7, "", "a;b", 'He said "no"', "=1+1"]


def test_semicolons_come_with_decimal_commas_and_the_mark_of_utf_8() -> None:
    data = csv_of(["a"] * len(CELLS), [CELLS], semicolons=True)
    assert data.startswith(b'\xef\xbb\xbf"a";"a";')
    line = data.decode("utf-8-sig").splitlines()[1]
    assert line == '"Grüße";0,450000;12,5;7;"";"a;b";"He said ""no""";"\'=1+1"'


def test_commas_stay_as_they_were() -> None:
    line = csv_of(["a"] * len(CELLS), [CELLS]).decode("utf-8-sig").splitlines()[1]
    assert line == '"Grüße",0.450000,12.5,7,"","a;b","He said ""no""","\'=1+1"'


@pytest.mark.parametrize("semicolons", [False, True])
def test_an_exported_plan_is_read_again_with_its_lengths(semicolons: bool) -> None:
    table = "name,duration,resolution\n=One,12.4 s,480p\nZwei,1.234 s,720p\nDrei,abc,\n"
    plan = choose(quote_rows(read_sheet(table.encode()), rates=Rates()), Wish(), {})
    exported = plan_csv(plan, semicolons=semicolons)
    again = quote_rows(read_sheet(exported), rates=Rates())
    assert again.texts["name"].tolist() == ["=One", "Zwei", "Drei"]
    assert again.seconds[:2].tolist() == [12.4, 1.234]
    header, *rows = csv.reader(io.StringIO(exported.decode("utf-8-sig")), delimiter=";" if semicolons else ",")
    lengths = [row[header.index("length_s")] for row in rows]
    without = [[cell for name, cell in zip(header, row, strict=True) if name != "duration"] for row in (header, *rows)]
    measured = quote_rows(read_sheet(csv_of(without[0], without[1:], semicolons=semicolons)), rates=Rates())
    assert measured.seconds[:2].tolist() == [12.4, 1.234], f"a length that was exported is in doubt: {lengths}"


def test_the_template_is_read_with_semicolons_too() -> None:
    assert read_sheet(template(semicolons=True)).cells.equals(read_sheet(template()).cells)


def test_the_browsers_language_proposes_the_separator() -> None:
    assert all(map(is_with_comma, ("de-DE", "de", "fr-FR", "es-ES", "pt-BR", "nl-NL", "pl", "ru-RU", "DE-at")))
    assert not any(map(is_with_comma, ("en-US", "en-GB", "es-MX", "ja-JP", "zh-CN", "he-IL", "ko", "")))
