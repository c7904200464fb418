"""Names are one line that reads as it is written, and no field of a brief is longer than the studio can bear."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from lipsync_core import (
    TEAM,
    Brief,
    BriefError,
    Filter,
    KeptMedium,
    SettingsError,
    Studio,
    sheet_of,
)
from lipsync_core.brief import LONGEST
from lipsync_core.db.database import Database
from lipsync_core.estimates import COLUMNS, quote_rows
from lipsync_core.plain_text import one_line, paragraphs
from lipsync_core.pricing import Rates
from lipsync_core.samples import PORTRAITS, VOICES

pytestmark = pytest.mark.usefixtures("stocked")

NAMES = {
    "Weekly update": "Weekly update",
    "  Weekly \t update\n": "Weekly update",
    "Spring\nRequested: by mia": "Spring Requested: by mia",
    "a\u2028b\u2029c\x85d\x0be": "a b c d e",
    "cap\u202eenoyreve\u202c": "capenoyreve",
    "x\u200by\ufeffz\u2066w\u2069": "xyzw",
    "NUL\x00 BEL\x07 DEL\x7f": "NUL BEL DEL",
    "\ud800lone": "lone",
    "cafe\u0301": "café",
    "\u200d \u200c": "",
    "می\u200cخواهم": "می\u200cخواهم",
    "👩\u200d👩\u200d👧 family": "👩\u200d👩\u200d👧 family",
    "日本語　名前": "日本語 名前",
}


@pytest.mark.parametrize(("typed", "kept"), NAMES.items())
def test_a_name_is_one_line_that_reads_as_it_is_written(typed: str, kept: str) -> None:
    assert one_line(typed) == kept
    assert one_line(kept) == kept


def test_a_name_that_is_cut_ends_in_a_letter() -> None:
    assert one_line("Weekly update", 7) == "Weekly"


def test_a_text_keeps_its_lines_and_loses_what_no_voice_can_speak() -> None:
    assert paragraphs(" One.\r\nTwo.\rThree.\x0bFour.\x00\x07\n\n") == "One.\nTwo.\nThree.\nFour."
    assert paragraphs("\u200fשלום") == "\u200fשלום"


LONG = {field: "x" * (most + 1) for field, most in LONGEST.items() if field not in ("scene", "engine")}


@pytest.mark.parametrize("field", LONG)
def test_a_field_that_is_too_long_is_refused_wherever_it_arrives(studio: Studio, field: str) -> None:
    """Whatever the engine: also one that would not be sent the field."""
    brief = Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=VOICES[0].path)
    long = replace(brief, **{field: LONG[field]})  # type: ignore[arg-type]  # any field
    for ask in (
        lambda: studio.desk("ana").briefs.change("brief-0001", **{field: LONG[field]}),
        lambda: studio.submit(long, by="ana"),
        lambda: studio.desk("ana").submit_all([brief, long], batch="b"),
        lambda: studio.quotes(long),
        lambda: studio.quotes(replace(long, engine=None)),
    ):
        with pytest.raises(BriefError, match="Keep the") as refused:
            ask()
        assert list(refused.value.fields) == [field]
    assert studio.count(Filter(hidden=True)) == 0
    assert studio.desk().briefs.open("brief-0001") is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", 10**400),
        ("seed", -2),
        ("seed", True),
        ("mouth_box", (0.0, 0.0, float("nan"), 5.0)),
        ("mouth_box", (1.0,)),
        ("prompt", ["a", "list"]),
        ("image", "https://example.org/" + "x" * 10_000),
        ("audio", KeptMedium("a" * 64, "x" * 10_000)),
    ],
)
def test_what_no_field_can_hold_is_refused(studio: Studio, field: str, value: object) -> None:
    brief = Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=VOICES[0].path)
    with pytest.raises(BriefError) as refused:
        studio.submit(replace(brief, **{field: value}), by="ana")  # type: ignore[arg-type]  # any field
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize("column", [name for name in COLUMNS if name in LONG.keys() - {"resolution", "aspect_ratio"}])
def test_a_cell_that_is_too_long_is_a_problem_of_its_row(column: str) -> None:
    rows = [{"duration": "5", column: LONG[column]}, {"duration": "5", "name": "Good"}]
    batch = quote_rows(sheet_of(rows), rates=Rates())
    assert "Keep the" in batch.problems[0]
    assert batch.problems[1] == ""


def test_names_are_written_the_same_by_everybody_who_keeps_one(studio: Studio) -> None:
    odd = " Spring\u202e\n sale "
    brief = Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=VOICES[0].path, name=odd, project=odd)
    job = studio.submit(brief, by="ana\nb\u200b")
    assert (job.brief.name, job.brief.project, job.by) == ("Spring sale", "Spring sale", "ana b")
    assert [event.by for event in studio.history(job.id)] == ["ana b"]
    studio.desk("ana").briefs.change("brief-0001", name=odd, project=odd)
    opened = studio.desk().briefs.open("brief-0001")
    assert opened is not None
    assert (opened.brief.name, opened.brief.project) == ("Spring sale", "Spring sale")
    studio.budgets.set_caps({f"project:{odd}": 5_000_000, "person:ana\tb": 1_000_000}, "ana")
    assert [cap.scope for cap in studio.budgets.caps(studio.month())] == ["person:ana b", "project:Spring sale"]
    with pytest.raises(SettingsError, match="Unknown scope"):
        studio.budgets.set_cap("project:\u202e", 1, "ana")


def test_a_name_that_only_looks_different_does_not_escape_its_projects_cap(studio: Studio) -> None:
    studio.budgets.set_cap("project:Spring", 10_000, "ana")
    brief = Brief(engine="joypix/motion-2", image=PORTRAITS[0].path, audio=VOICES[0].path, project="Spr\u200bing ")
    (quote,) = studio.quotes(brief, by="ana")
    assert any("the cap of project “Spring”" in problem for problem in quote.problems)


def test_the_names_of_an_older_ledger_are_written_anew(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    database.upgrade("0007")
    with database.write() as connection:
        for scope, usd_micros in ((TEAM, 9), ("project:A  b", 5), ("project:A b", 7), ("person:m\u202eia", 3)):
            row = {"scope": scope, "usd": usd_micros}
            connection.execute(text("INSERT INTO caps VALUES (:scope, :usd, 'ana', 1)"), row)
            connection.execute(text("INSERT INTO budgets VALUES (:scope, '2026-11', :usd)"), row)
        connection.execute(text("INSERT INTO budgets VALUES ('project:A  b', '2026-10', 1)"))
        job = "INSERT INTO jobs (state, engine, made_by, name, brief, quote, created_ms, project) VALUES "
        row = {"brief": json.dumps(Brief().to_dict())}
        connection.execute(text(f"{job} ('done', 'e', 'm\u202eia', 'n', :brief, '{{}}', 1, 'A  b')"), row)
    database.migrate()
    with database.read() as connection:
        caps = connection.execute(text("SELECT scope, usd_micros FROM caps ORDER BY scope")).all()
        taken = connection.execute(text("SELECT scope, month, taken_usd_micros FROM budgets ORDER BY 1, 2")).all()
        jobs = connection.execute(text("SELECT made_by, project FROM jobs")).all()
    assert caps == [("person:mia", 3), ("project:A b", 5), ("team", 9)]
    assert taken == [
        ("person:mia", "2026-11", 3),
        ("project:A b", "2026-10", 1),
        ("project:A b", "2026-11", 12),
        ("team", "2026-11", 9),
    ]
    assert jobs == [("mia", "A b")]


def test_a_text_that_differs_in_nothing_that_is_kept_is_the_same_clip(studio: Studio) -> None:
    brief = Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=VOICES[0].path, prompt="Friendly", seed=3)
    job = studio.submit(brief, by="ana")
    again = replace(job.brief, name="Another name", prompt=" Friendly\r\n")
    assert [one and one.id for one in studio.desk().alike([again, replace(again, prompt="Sad")])] == [job.id, None]


def test_the_audit_names_people_on_one_line(studio: Studio) -> None:
    studio.budgets.set_cap("team", 5_000_000, "mia\n\u202e" + "x" * 500)
    (entry,) = studio.audit.entries(limit=5)
    assert entry.by == "mia " + "x" * 116
