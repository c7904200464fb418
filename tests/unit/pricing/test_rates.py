"""The file of a team's own rates: what it may say, what it may not, and that it is never half written.

`tests/unit/ledger/test_team_rates.py` is about the ledger's copy of it."""

import os
import re
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings, strategies as st

from lipsync_core.errors import SettingsError
from lipsync_core.pricing import NO_RATES, TARIFFS, Measure, Override, Rates, price
from lipsync_core.pricing.rates_file import Stamp, body, changed, header, parse, places, read, settable, stamp_of, write

STAMP = Stamp(7, "0123abcd")
BY_HAND = """
[creatify]                      # our plan since March
plan = "pro"
set_on = 2026-11-21
by = "mia"
note = "invoice of November"

[lipsync-studio]
usd_per_credit = 0.0833

["joypix/motion-2"]
credits_per_unit = { 480p = 12, 720p = 24 }

[joypix]
usd_per_credit = 1
credits_per_unit = 14

[aimlapi]
usd_per_second = 0.05
published = true
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "rates.toml"


def written(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def load(path: Path) -> Rates:
    """What a file says, as the studio reads it in."""
    text = read(path)
    assert text is not None
    return parse(text, path.name)


def change(path: Path, place: str, override: Override | None) -> Rates:
    """Change one rate in a file, as the studio does by way of the ledger."""
    text = body(read(path) or "")
    return save(path, parse(text, path.name).having(place, override))


def save(path: Path, rates: Rates) -> Rates:
    text = changed(body(read(path) or ""), rates)
    write(path, text, STAMP)
    return load(path)


def test_no_file_says_nothing(path: Path) -> None:
    assert read(path) is None


def test_a_file_written_by_hand_is_read_to_the_last_figure(path: Path) -> None:
    found = load(written(path, BY_HAND)).overrides
    assert found == {
        "creatify": Override(plan="pro", set_on=date(2026, 11, 21), by="mia", note="invoice of November"),
        "lipsync-studio": Override(usd_per_credit=Decimal("0.0833")),
        "joypix/motion-2": Override(credits_per_unit={"480p": 12, "720p": 24}),
        "joypix": Override(usd_per_credit=Decimal(1), credits_per_unit={"": 14}),
        "aimlapi": Override(usd_per_second=Decimal("0.05"), published=True),
    }


def test_a_rate_in_the_file_changes_the_price(path: Path) -> None:
    team = load(written(path, "[lipsync-studio]\nusd_per_credit = 0.1\nset_on = 2026-11-20\n"))
    costs = price("lipsync-studio/lipsync-image", Measure(audio_s=10.0), team, date(2026, 11, 21))
    assert costs.usd_micros == 2_000_000
    assert "your team’s rate of 20 Nov 2026" in costs.explanation


def test_what_windows_editors_add_does_no_harm(path: Path) -> None:
    content = '\ufeff[creatify]\r\nplan = "pro"\r\n'.encode()
    assert load(written(path, content)).overrides == {"creatify": Override(plan="pro")}


NONSENSE = [
    ("[creatify\nplan = 1", "line 1"),
    ('[creatify]\nplan = "pro"\nplan = "pro"\n', "line 3"),
    ("[aimlapi/pixverse-lip-sync]\nusd_per_second = 1\n", "line 1"),
    ("usd_per_credit = 0.2\n", "usd_per_credit is outside a table"),
    ("[creatfy]\nusd_per_credit = 0.2\n", r"\[creatfy\].*Did you mean creatify"),
    ('["joypix/motion2"]\nusd_per_credit = 0.2\n', "Did you mean joypix/motion-2"),
    ("[draft]\nusd_per_credit = 0.2\n", r"\[draft\]"),
    ("[creatify]\nusd_per_credits = 0.2\n", "usd_per_credits.*Did you mean usd_per_credit"),
    ("[creatify]\nusd_per_second = 0.2\n", r"\[creatify\] does not take usd_per_second. It takes usd_per_credit"),
    ("[aimlapi]\nusd_per_credit = 0.2\n", "does not take usd_per_credit"),
    ('[joypix]\nplan = "pro"\n', "does not take plan"),
    ('[creatify]\nusd_per_credit = "0.2"\n', "usd_per_credit is “0.2”. Write a bare number"),
    ("[creatify]\nusd_per_credit = true\n", "usd_per_credit"),
    ("[creatify]\nusd_per_credit = 0\n", "usd_per_credit is 0"),
    ("[creatify]\nusd_per_credit = -0.2\n", "usd_per_credit is -0.2"),
    ("[creatify]\nusd_per_credit = nan\n", "usd_per_credit"),
    ("[creatify]\nusd_per_credit = inf\n", "usd_per_credit"),
    ("[creatify]\nusd_per_credit = 1e9\n", "usd_per_credit"),
    ("[creatify]\nusd_per_credit = 1e-40\n", "decimals"),
    (f"[creatify]\nusd_per_credit = {'9' * 5000}\n", "creatify|TOML"),
    ('[creatify]\nplan = "platinum"\n', "plan is “platinum”. It can be starter or pro"),
    ('[creatify]\nplan = "pro"\nusd_per_credit = 0.2\n', "both plan and usd_per_credit"),
    ("[joypix]\ncredits_per_unit = 0\n", "credits_per_unit is 0"),
    ("[joypix]\ncredits_per_unit = 1.5\n", "credits_per_unit is 1.5. Write a whole number"),
    ("[joypix]\ncredits_per_unit = { 1080p = 3 }\n", "credits_per_unit is for “1080p”. It can be for 480p or 720p"),
    ("[joypix]\ncredits_per_unit = {}\n", "credits_per_unit is empty"),
    ("[creatify]\ncredits_per_unit = { 480p = 3 }\n", "It is one number"),
    ('[creatify]\nplan = "pro"\nset_on = "yesterday"\n', "set_on is “yesterday”. Write a day"),
    ('[creatify]\nplan = "pro"\nset_on = 2026-11-21T10:00:00\n', "set_on"),
    ('[creatify]\nplan = "pro"\nby = 7\n', "by is 7"),
    ('[creatify]\nplan = "pro"\nnote = "a\\nb"\n', "note must be one line"),
    ('[creatify]\nplan = "pro"\npublished = "yes"\n', "published"),
    ('[creatify]\nnote = "soon"\n', "states no rate"),
    ("[creatify.lipsync]\nplan = 1\n", "does not know lipsync"),
    (b'[creatify]\nnote = "\xff"\n', "UTF-8"),
]


@pytest.mark.parametrize(("content", "words"), NONSENSE)
def test_nonsense_is_refused_by_its_line_or_field(path: Path, content: str | bytes, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        load(written(path, content))
    assert "rates.toml" in str(caught.value)


def test_a_file_that_cannot_be_read_is_no_traceback(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(SettingsError, match=r"rates\.toml cannot be read"):
        load(path)


# Writing

PLACE = st.sampled_from(places())
USD = st.decimals("0.000000001", 1000, places=9)
LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=40)


@st.composite
def overrides(draw: st.DrawFn, place: str) -> Override:
    allowed = settable(place)
    values: dict[str, object] = {}
    if "usd_per_second" in allowed:
        values = {"usd_per_second": draw(USD), "usd_per_15_bytes": draw(st.none() | USD)}
    elif "plan" in allowed and draw(st.booleans()):
        values = {"plan": draw(st.sampled_from(["starter", "pro"]))}
    else:
        values = {"usd_per_credit": draw(USD)}
    if "credits_per_unit" in allowed:
        sizes = next(t.credits for t in TARIFFS.values() if t.engine.startswith(place))
        names = st.sampled_from([*(name for name in sizes if name), ""])
        table = st.dictionaries(names, st.integers(1, 100_000), min_size=1)
        values["credits_per_unit"] = draw(st.none() | table)
    about = {"set_on": draw(st.none() | st.dates()), "by": draw(LINE), "note": draw(LINE)}
    return Override(**values, **about, published=draw(st.booleans()))  # type: ignore[arg-type]  # drawn by field


@st.composite
def teams(draw: st.DrawFn) -> Rates:
    return Rates({place: draw(overrides(place)) for place in draw(st.sets(PLACE))})


@settings(deadline=None)  # a slow disk is no failure
@given(teams())
def test_what_is_written_is_read_again(team: Rates) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rates.toml"
        save(path, team)
        assert load(path).overrides == team.overrides
        assert [file.name for file in Path(folder).iterdir()] == ["rates.toml"]


def test_the_file_is_fit_to_be_read_and_edited_by_people(path: Path) -> None:
    save(path, load(written(path.with_name("by-hand.toml"), BY_HAND)))
    lines = path.read_text().splitlines()
    assert lines[0].startswith("# Your team’s own rates")
    assert lines[lines.index("[creatify]") + 1 :] == [
        'plan = "pro"',
        "set_on = 2026-11-21",
        'by = "mia"',
        'note = "invoice of November"',
    ]
    assert "credits_per_unit = { 480p = 12, 720p = 24 }" in lines
    assert '["joypix/motion-2"]' in lines


COMMENTED = """\
# Asked Mia before you change this.

[joypix]
usd_per_credit = 0.010  # until the new contract

# The big pack.
[lipsync-studio]
usd_per_credit = 0.0833  # of 21 November
note = "big pack"
"""


def test_what_people_wrote_into_the_file_survives_a_change_by_the_page(path: Path) -> None:
    written(path, COMMENTED)
    mine = Override(usd_per_credit=Decimal("0.09"), note="big pack", by="ana")
    for _ in range(2):  # what the page wrote is changed again
        change(path, "lipsync-studio", mine)
        change(path, "aimlapi", Override(usd_per_second=Decimal("0.05")))
    text = path.read_text()
    by_hand = COMMENTED.replace("0.0833  #", "0.09  #") + 'by = "ana"\n\n[aimlapi]\nusd_per_second = 0.05\n'
    assert text == f"{header(STAMP)}\n{by_hand}"
    assert "aimlapi" not in change(path, "aimlapi", None).overrides
    assert path.read_text().startswith(f"{header(STAMP)}\n{COMMENTED[:40]}")


def test_the_explanation_of_an_earlier_version_is_renewed(path: Path) -> None:
    old = (
        "# Your team’s own rates. They win.\n#   plan              “pro”\n# The Providers page rewrites this file: …\n"
    )
    written(path, f"{old}# Ours.\n\n[joypix]\nusd_per_credit = 1\n")
    change(path, "creatify", Override(plan="pro"))
    assert path.read_text() == f'{header(STAMP)}\n# Ours.\n\n[joypix]\nusd_per_credit = 1\n\n[creatify]\nplan = "pro"\n'


def test_the_explanation_names_for_each_field_who_takes_it() -> None:
    said = dict(re.findall(r"#   (\w+): .* \(([^()]+)\)$", header(STAMP), re.MULTILINE))
    assert said == {
        "usd_per_credit": "JoyPix, lipsync.studio, Creatify",
        "plan": 'Creatify: "starter" or "pro"',
        "credits_per_unit": "JoyPix 5 s, lipsync.studio 1 s, Creatify 30 s",
        "usd_per_second": "AI/ML API",
        "usd_per_15_bytes": "AI/ML API",
    }


def test_nonsense_is_not_written_and_leaves_the_file_as_it_was(path: Path) -> None:
    written(path, BY_HAND)
    with pytest.raises(SettingsError, match=r"\[creatify\] usd_per_credit is 0"):
        change(path, "creatify", Override(usd_per_credit=Decimal(0)))
    assert path.read_text() == BY_HAND


def test_a_file_that_cannot_be_written_leaves_nothing_behind(path: Path) -> None:
    written(path.parent / "file", "")
    with pytest.raises(OSError, match="file"):
        write(path.parent / "file" / "rates.toml", "", STAMP)
    path.mkdir()
    with pytest.raises(OSError, match=r"rates\.toml"):
        write(path, "", STAMP)
    assert sorted(file.name for file in path.parent.iterdir()) == ["file", "rates.toml"]


def test_one_rate_is_set_or_taken_back_and_the_others_stay(path: Path) -> None:
    written(path, BY_HAND)
    mine = Override(usd_per_credit=Decimal("0.16"), by="ana")
    assert change(path, "creatify", mine).overrides["creatify"] == mine
    assert "creatify" not in change(path, "creatify", None).overrides
    assert set(load(path).overrides) == {"lipsync-studio", "joypix/motion-2", "joypix", "aimlapi"}


@settings(deadline=None)
@given(teams(), st.integers(1, 10**9))
def test_a_file_says_which_version_it_is_a_copy_of_and_the_rest_is_that_version(team: Rates, version: int) -> None:
    text = changed("# Ours.\n", team)
    stamp = Stamp.of(version, text)
    with TemporaryDirectory() as folder:
        write(Path(folder) / "rates.toml", text, stamp)
        found = read(Path(folder) / "rates.toml")
    assert found is not None
    assert (stamp_of(found), body(found)) == (stamp, text)
    assert stamp_of(text) is None


@contextmanager
def reading(path: Path, seen: list[int]) -> Iterator[None]:
    """Load the file again and again meanwhile, and note how many rates it held."""
    stop = threading.Event()

    def read() -> None:
        seen.append(len(load(path).overrides))
        while not stop.is_set():
            seen.append(len(load(path).overrides))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_a_reader_never_sees_half_a_file(path: Path) -> None:
    full = load(written(path, BY_HAND))
    seen: list[int] = []
    with reading(path, seen):
        for _ in range(50):
            save(path, full)
    assert set(seen) == {5}


@pytest.mark.skipif(os.name != "posix", reason="file modes and links as POSIX has them")
def test_the_files_mode_and_link_are_kept(path: Path) -> None:
    written(path, BY_HAND).chmod(0o640)
    link = path.with_name("link.toml")
    link.symlink_to(path)
    save(link, NO_RATES)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert load(path) == NO_RATES


def test_every_vendor_with_a_price_can_be_set() -> None:
    assert {place for place in places() if "/" not in place} == {"joypix", "lipsync-studio", "aimlapi", "creatify"}
    assert all(settable(place) for place in places())
    assert settable("draft") == ()
