"""An error of the spreadsheet is never spoken, sent or taken for a name: it is a problem of its row."""

import pytest

from lipsync_core import LengthError, seconds_of, sheet_of
from lipsync_core.estimates import COLUMNS, Wish, choose, quote_rows, read_sheet
from lipsync_core.estimates.error_values import is_error_value
from lipsync_core.pricing import Rates

ERRORS = [
    *("#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA"),
    *("#BEZUG!", "#NV", "#WERT!", "#ZAHL!", "#ÜBERLAUF!", "#VALEUR!", "#NOM?", "#NOMBRE!", "#NUL!", "#PROPAGATION!"),
    *("#¡REF!", "#¡VALOR!", "#¿NOMBRE?", "#¡DIV/0!", "#¡NUM!", "#¡NULO!", "#N/D", "#RIF!", "#VALORE!", "#NOME?"),
    *("#VERW!", "#WAARDE!", "#NAAM?", "#N/B", "#NÚM!", "#ADR!", "#ARG!", "#LICZBA!", "#DZIEL/0!", "#NAZWA?"),
    *("#ССЫЛКА!", "#ЗНАЧ!", "#ИМЯ?", "#Н/Д", "#ДЕЛ/0!", "#ЧИСЛО!", "#ПУСТО!", "#REFERENS!", "#VÄRDEFEL!", "#SAKNAS!"),
    *("#VÆRDI!", "#I/T", "#VIITTAUS!", "#HODNOTA!", "#ÉRTÉK!", "#DEĞER!", "#ΤΙΜΗ!", "#VALOARE!", "#SKLIC!"),
    *("#REIKŠMĖ!", "#VĒRTĪBA!", "#СТОЙНОСТ!", "#ВРЕДНОСТ!", "#ГРЕШКА!", "#値!", "#名前?", "#X/Y", "Loading..."),
    *("Err:502", "Err:508", "########", "#n/a", " #REF! ", "#U\u0308BERLAUF!"),
]
TEXTS = [
    "#1 in the charts!",
    "#Monday?",
    "#",
    "##",
    "Error 502",
    "Err",
    "N/A",
    "REF!",
    "#REF! was in the cell",
    "#hashtag",
    "#5!",
    "Loading the van",
]


@pytest.mark.parametrize("cell", ERRORS)
def test_an_error_value_is_known_in_every_language(cell: str) -> None:
    assert is_error_value(cell)


@pytest.mark.parametrize("cell", TEXTS)
def test_what_a_person_may_have_written_is_none(cell: str) -> None:
    assert not is_error_value(cell)


def test_a_text_that_is_an_error_is_a_problem_of_its_row_alone() -> None:
    table = (
        "name,creator,text,aspect_ratio\n"
        "Intro,3c90c3cc,Welcome to the weekly news.,9:16\n"
        "Sports,3c90c3cc,#REF!,9:16\n"
        "Weather,3c90c3cc,#N/A,9:16\n"
    )
    plan = choose(quote_rows(read_sheet(table.encode()), rates=Rates()), Wish(), {})
    assert plan.ready.tolist() == [True, False, False]
    assert plan.problems[1].startswith("#REF! is an error of the spreadsheet, not a text.")
    assert plan.problems[2].startswith("#N/A is an error of the spreadsheet, not a text.")
    assert plan.batch.brief(1, "creatify/lipsync").text == ""


@pytest.mark.parametrize("cell", ["nan", "NaN", "None", "NULL", "undefined", "[object Object]", "<NA>"])
def test_what_a_program_writes_for_nothing_is_not_spoken(cell: str) -> None:
    rows = [{"name": one, "creator": "x", "text": one, "aspect_ratio": "9:16"} for one in (cell, "Nanna and Noah")]
    plan = choose(quote_rows(sheet_of(rows), rates=Rates()), Wish(), {})
    assert "for an empty cell, not a text" in plan.problems[0]
    assert plan.ready.tolist() == [False, True]
    assert plan.batch.texts["name"][0] == cell, "people are called Null, too"


WITHIN = {
    "Hello #N/A": "#N/A",
    "Hello #N/A, welcome back.": "#N/A",
    "Bonjour\n#VALEUR! et merci": "#VALEUR!",
    "Guten Tag #NV!": "#NV",
    "Hola #¡REF!": "#¡REF!",
    "Привет, #ССЫЛКА!": "#ССЫЛКА!",
    "(#REF!)": "#REF!",
    "#REF! was in the cell": "#REF!",
    "Your balance: Err:502": "Err:502",
    "Delivered on ########.": "########",
    "#U\u0308BERLAUF! am Montag": "#ÜBERLAUF!",
}
TAGGED = [
    "We are #1!",
    "It is #ZERO! now",
    "#AD? Yes.",
    "Error 502",
    "## Intro",
    "#Monday #NVidia",
    "room#N/A2",
    "C# is fun!",
]


@pytest.mark.parametrize("text", WITHIN)
def test_hello_and_an_error_is_not_spoken(text: str) -> None:
    rows = [{"name": one, "creator": "x", "text": one, "aspect_ratio": "9:16"} for one in (text, "Hello Ana")]
    batch = quote_rows(sheet_of(rows), rates=Rates())
    assert f"holds {WITHIN[text]}, an error of the spreadsheet. Fix its formula" in batch.problems[0]
    assert batch.brief(0, "creatify/lipsync").text == ""
    assert batch.problems[1] == ""


@pytest.mark.parametrize("text", TAGGED)
def test_a_number_sign_in_a_text_is_spoken(text: str) -> None:
    batch = quote_rows(sheet_of([{"creator": "x", "text": text, "aspect_ratio": "9:16"}]), rates=Rates())
    assert (batch.problems[0], batch.brief(0, "creatify/lipsync").text) == ("", text)


def test_a_long_text_with_an_error_is_quoted_around_it() -> None:
    text = "Welcome to the weekly news of our company, dear #NAME? and all others who have joined us."
    batch = quote_rows(sheet_of([{"creator": "x", "text": text}]), rates=Rates())
    assert batch.problems[0].startswith("“…ws of our company, dear #NAME? and all others…” holds #NAME?")


@pytest.mark.parametrize("column", COLUMNS)
def test_an_error_in_any_column_stops_its_row(column: str) -> None:
    rows = [{"name": "A", "duration": "5", column: "#BEZUG!"}, {"name": "B", "duration": "5"}]
    batch = quote_rows(sheet_of(rows), rates=Rates())
    assert "#BEZUG! is an error of the spreadsheet" in batch.problems[0]
    assert "is not a" not in batch.problems[0]
    assert batch.problems[1] == ""


@pytest.mark.parametrize("column", COLUMNS)
def test_no_cell_is_too_long_or_too_odd_to_be_judged(column: str) -> None:
    for cell in ("9" * 40_000, "9" * 5_000, "9" * 5_000 + ":00", "1e" + "9" * 5_000, "," * 5_000):
        batch = quote_rows(sheet_of([{"duration": "5", column: cell}]), rates=Rates())
        assert len(batch.problems[0]) < 400


def test_a_length_of_thousands_of_digits_is_none() -> None:
    with pytest.raises(LengthError, match="isn’t a length"):
        seconds_of("9" * 5_000 + ":00")
