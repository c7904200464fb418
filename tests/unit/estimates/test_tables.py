"""Tables of every kind are read in time and memory in proportion to their bytes; a large one in a worker."""

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from lipsync_core import ROOT, Sheet, SheetError, Studio
from lipsync_core.estimates import (
    ENCODINGS,
    MOST_COLUMNS,
    Wish,
    choose,
    even_rows,
    plan_csv,
    quote_rows,
    read_sheet,
    sheet_of,
    write_even,
)
from lipsync_core.estimates.reader import SMALL_BYTES
from lipsync_core.pricing import Rates


def columns(count: int) -> str:
    return "name,duration," + ",".join(f"c{n}" for n in range(count - 2))


WIDE_RAGGED = f"{columns(1_000)}\n{'x,' * 1_001}x\n" + "\n" * 100_000
EDGE_RAGGED = f"{columns(MOST_COLUMNS)}\n{'x,' * 201}x\n" + "\n" * 100_000
REFUSED = {
    "a thousand columns, a row too long, blank lines": (WIDE_RAGGED, "1,000 columns; at most 200 are allowed"),
    "a hundred thousand columns": (f"{columns(15_000)}\n" + "\n" * 300_000, "at most 200 are allowed"),
    "a header of a megabyte": ("name," * 200_000 + "\n1,2\n", "first row of this table has more than 100,000"),
    "nothing but newlines": ("\n" * 999_000, "is empty"),
    "nothing but commas": (",\n" * 499_000, "No column of this table"),
    "a header and newlines": ("name,duration\n" + "\n" * 900_000, "no rows"),
    "an endless quote": ('name,duration\n"' + "x\n" * 400_000, "never closed"),
    "a quote in the header that never ends": ('name,"' + "x\n" * 400_000, "first row of this table has more than"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_table_that_would_take_everybody_down_is_answered_with_a_sentence(what: str) -> None:
    text, why = REFUSED[what]
    with pytest.raises(SheetError, match=why):
        read_sheet(text.encode())


MEMORY = """
import resource, sys
from lipsync_core.estimates import SheetError, read_sheet
from pathlib import Path
read_sheet(b"name,duration\\n" + b"x,1\\n" * 1000)
read_sheet(b"name,duration\\nx,1,2,3\\n")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    rows = len(read_sheet(Path(sys.argv[1]).read_bytes()))
except SheetError:
    rows = 0
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
HEAVY = {
    "wide, ragged, blank": (WIDE_RAGGED, 0),
    "as wide as may be, ragged, blank": (EDGE_RAGGED, 1),
    "as wide as may be, blank": (f"{columns(MOST_COLUMNS)}\nx\n" + "\n" * 999_000, 1),
    "as wide as may be, one cell a row": (f"{columns(MOST_COLUMNS)}\n" + "x\n" * 190_000, 190_000),
    "commas": (f"{columns(MOST_COLUMNS)}\n" + f"{',' * 199}\n" * 4_900, 0),
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not say how much memory a process has used")
@pytest.mark.parametrize("what", HEAVY)
def test_a_megabyte_of_table_takes_less_than_a_hundred_of_memory(what: str, tmp_path: Path) -> None:
    text, rows = HEAVY[what]
    table = tmp_path / "table.csv"
    table.write_text(text)
    done = subprocess.run([sys.executable, "-c", MEMORY, str(table)], cwd=ROOT, capture_output=True, check=True)
    read, kilobytes = map(int, done.stdout.split())
    assert read == rows
    assert kilobytes < 100_000


def test_more_lines_than_a_spreadsheet_has_are_not_counted_to_their_end() -> None:
    with pytest.raises(SheetError, match="more than 1,048,576 lines"):
        read_sheet(b"name,duration\nx,1\n" + b"\n" * 1_100_000)


def test_rows_are_counted_while_they_are_read() -> None:
    with pytest.raises(SheetError, match="more than 200,000 rows"):
        read_sheet(b"duration\n1,2\n" + b"7\n" * 300_000)


def test_blank_lines_and_ragged_rows_change_no_row_and_no_number() -> None:
    """The two ways to read give the same."""
    plain = read_sheet(b"name,duration\nOne,1\n\nTwo,2\n,\nThree,3\n")
    ragged = read_sheet(b"name,duration\nOne,1\n\nTwo,2\n,\nThree,3\n" + b"\n" * 100 + b"Four,4,,,\n")
    assert plain.cells.values.tolist() == [["One", "1"], ["Two", "2"], ["Three", "3"]]
    assert ragged.cells.values.tolist() == [*plain.cells.values.tolist(), ["Four", "4"]]
    assert (list(plain.numbers), list(ragged.numbers)) == ([2, 4, 6], [2, 4, 6, 107])


def same(one: Sheet, other: Sheet) -> bool:
    return (one.cells.equals(other.cells), list(one.numbers), dict(one.problems), one.notes, one.guess) == (
        True,
        list(other.numbers),
        dict(other.problems),
        other.notes,
        other.guess,
    )


ROW = "Weekly update é,12.4,“Hello, world” and good morning to all of you\n"
LARGE: dict[str, Callable[[], bytes]] = {
    "plain": lambda: b"name,duration,text\n" + b"Weekly update,12.4,Good morning to all of you\n" * 40_000,
    "semicolons and notes": lambda: ("name;note;duration\n" + "é;x;1,5\n" * 120_000).encode(),
    "ragged": lambda: b"name,duration\n" + b"x,1\n" * 150_000 + b"y,1,2,3,4\n" + b"\n" * 450_000 + b"z,1\n",
    "cells of several lines": lambda: b"name,duration,text\n" + b'"a ""b""",1,"x, y\nz\r\n end"\n' * 50_000,
    "a guess": lambda: ("name,duration\n" + "Новости недели,12\n" * 60_000).encode("cp1251"),
    "UTF-16": lambda: ("name,duration\n" + "Grüße,12\n" * 60_000).encode("utf-16"),
}


@pytest.mark.parametrize("what", LARGE)
def test_a_worker_reads_a_large_table_as_it_would_be_read_here(studio: Studio, what: str) -> None:
    data = LARGE[what]()
    assert len(data) > SMALL_BYTES
    assert same(studio.desk().briefs.read_table(data), read_sheet(data))


def test_a_worker_reads_a_large_table_in_the_encoding_that_was_chosen(studio: Studio) -> None:
    data = LARGE["a guess"]()
    sheet = studio.desk().briefs.read_table(data, encoding="cp1251")
    assert sheet.guess is None
    assert sheet.cells["name"].iloc[0] == "Новости недели"


def test_what_a_worker_refuses_is_refused_in_the_same_words(studio: Studio) -> None:
    data = f"{columns(300)}\n".encode() + b"x\n" * SMALL_BYTES
    with pytest.raises(SheetError, match="300 columns; at most 200 are allowed") as here:
        read_sheet(data)
    with pytest.raises(SheetError) as there:
        studio.desk().briefs.read_table(data)
    assert str(there.value) == str(here.value)


def test_nothing_of_a_large_table_stays_behind(studio: Studio, tmp_path: Path) -> None:
    studio.desk().briefs.read_table(LARGE["plain"]())
    assert [path for path in (tmp_path / "data" / "media").rglob("*") if path.is_file()] == []


def test_what_is_written_evenly_is_read_as_it_was(tmp_path: Path) -> None:
    at = random.Random(7)
    odd = ["", " ", '"', '""', ",", "\n", "\r", "\r\n", "a", "é", "日本", "'", "=1", "\t", "NA", "nan", "1e5", "\\"]
    names = ("name", "text", "audio")
    rows = [{name: "".join(at.choices(odd, k=at.randint(0, 5))) for name in names} for _ in range(2_000)]
    sheet = sheet_of(rows)
    write_even(sheet, tmp_path / "rows.csv")
    assert even_rows(tmp_path / "rows.csv", [*names]).values.tolist() == sheet.cells.values.tolist()


PIECES = [
    *(
        b",",
        b";",
        b"\t",
        b"\n",
        b"\r\n",
        b"\r",
        b'"',
        b'""',
        b"#REF!",
        b"5",
        b"1:23",
        b"9" * 50,
        b"1e999",
        b"-5",
        b"nan",
    ),
    *(b"\x00", b"\x1b$B", b"\xff\xfe", b"\xd6\xd0", b"M\xfcller", b"\xc3\xbc", b"\xe2\x80\xae", b"=1+1", b"http://x"),
]
HEADERS = [b"name,text,duration\n", b"name;audio;seed\n", b"sep=;\nname;duration\n", b"text\taudio\timage\n", b""]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(HEADERS),
    st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join),
    st.sampled_from([None, *ENCODINGS, "utf-8", "utf-16"]),
)
def test_any_bytes_are_a_table_or_a_sentence(header: bytes, body: bytes, encoding: str | None) -> None:
    try:
        sheet = read_sheet(header + body, encoding)
    except SheetError as error:
        assert str(error).endswith((".", "how."))
        return
    assert len(sheet.numbers) == len(sheet)
    plan_csv(choose(quote_rows(sheet, rates=Rates()), Wish(), {}))
