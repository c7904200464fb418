"""A table whose letters are a guess is paid for only after somebody chose its encoding beside a preview."""

from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from lipsync_core import ENCODINGS, ROOT, KeptMedium, OpenBatch, SheetError, Studio, read_sheet
from lipsync_core.estimates import Wish, choose, quote_rows
from lipsync_core.pricing import Rates
from lipsync_core.samples import PORTRAITS, VOICES
from pages.ui import frame

pytestmark = pytest.mark.usefixtures("stocked")

LIVE = {"CREATIFY_API_ID": "id-1", "CREATIFY_API_KEY": "key-1", "JOYPIX_API_KEY": "jp-key-1"}

WRITTEN = {
    "cp1251": "Здравствуйте, это новости недели",
    "koi8_r": "Здравствуйте, это новости недели",
    "cp1252": "Guten Tag, schöne Grüße aus München",
    "latin_1": "Bonjour à tous, voici les nouvelles de la semaine, déjà",
    "mac_roman": "Guten Tag, schöne Grüße aus München",
    "cp1250": "Dobrý den, vítejte. Příliš žluťoučký kůň",
    "cp1253": "Καλημέρα, αυτά είναι τα νέα της εβδομάδας",
    "cp1256": "مرحبا، هذه أخبار الأسبوع",
    "gb18030": "大家好，欢迎收看本周新闻",
    "big5": "大家好，歡迎收看本週新聞",
    "cp932": "こんにちは、今週のニュースです",
    "shift_jis": "こんにちは、今週のニュースです",
    "euc_jp": "こんにちは、今週のニュースです",
    "iso2022_jp": "こんにちは、今週のニュースです",
    "euc_kr": "안녕하세요, 이번 주 뉴스입니다",
    "cp874": "สวัสดีครับ นี่คือข่าวประจำสัปดาห์",
    "cp866": "Здравствуйте, это новости недели",
}
ALIKE = {"latin_1": "cp1252", "shift_jis": "cp932"}
"""Encodings that are the same where these texts are concerned, and the one of them that is proposed."""


RARER = {
    "mac_cyrillic": WRITTEN["cp1251"],
    "koi8_u": "Доброго дня, це новини тижня: її ґанок",
    "iso8859_2": WRITTEN["cp1250"],
    "mac_latin2": WRITTEN["cp1250"],
    "cp852": WRITTEN["cp1250"],
    "cp850": WRITTEN["cp1252"],
    "iso8859_15": WRITTEN["latin_1"],
    "cp1257": "Labdien, šīs ir nedēļas ziņas",
    "cp949": WRITTEN["euc_kr"],
}
"""Encodings that can be chosen and are not proposed, because others write the same letters more often."""


def table(encoding: str) -> bytes:
    rows = (f'One,"{(WRITTEN | RARER)[encoding]}"', "Two,Good morning")
    return "\n".join(["name,text,creator,aspect_ratio", *(f"{row},3c90c3cc,9:16" for row in rows), ""]).encode(encoding)


@pytest.mark.parametrize("encoding", WRITTEN)
def test_no_row_of_a_guess_is_ready_and_the_right_encoding_is_proposed(encoding: str) -> None:
    sheet = read_sheet(table(encoding))
    assert sheet.guess is not None
    assert ALIKE.get(encoding, encoding) in sheet.guess.encodings[:2]
    assert encoding in sheet.guess.encodings
    assert WRITTEN[encoding] in sheet.guess.preview(encoding)
    assert "Good morning" not in sheet.guess.preview(encoding), "only lines that leave it in doubt are shown"
    plan = choose(quote_rows(sheet, rates=Rates()), Wish(), {})
    assert plan.ready.tolist() == [False, False]
    assert all("encoding first" in why for why in plan.problems)


@pytest.mark.parametrize("encoding", [*WRITTEN, *RARER])
def test_what_was_chosen_is_what_is_read(encoding: str) -> None:
    sheet = read_sheet(table(encoding), encoding=encoding)
    assert sheet.guess is None
    assert sheet.cells["text"].tolist() == [(WRITTEN | RARER)[encoding], "Good morning"]
    assert ENCODINGS[encoding] in sheet.notes[0]
    assert choose(quote_rows(sheet, rates=Rates()), Wish(), {}).ready.tolist() == [True, True]


@pytest.mark.parametrize("encoding", RARER)
def test_a_rarer_encoding_is_asked_about_and_can_be_seen_before_it_is_chosen(encoding: str) -> None:
    guess = read_sheet(table(encoding)).guess
    assert guess is not None
    assert encoding in guess.encodings
    assert RARER[encoding] in guess.preview(encoding)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_known_by_its_line_ends_where_no_letter_is_latin(encoding: str) -> None:
    rows = "Новости,Здравствуйте это новости недели\n" * 9
    sheet = read_sheet(f"name,text\n{rows}".encode(encoding))
    assert sheet.guess is None
    assert sheet.cells["text"].unique().tolist() == ["Здравствуйте это новости недели"]


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_what_tells_itself_is_asked_about_by_nobody(encoding: str) -> None:
    text = "Good morning" if encoding == "ascii" else "Здравствуйте schöne 新闻"
    sheet = read_sheet(f"name,text\nOne,{text}\n".encode(encoding))
    assert sheet.guess is None
    assert sheet.cells["text"].tolist() == [text]


@pytest.mark.parametrize(
    "name", ["windows-1251", "CP1251", "gbk", "GB2312", "shift-jis", "latin-1", "utf-8", "mac-roman"]
)
def test_an_encoding_may_be_written_in_any_usual_way(name: str) -> None:
    assert len(read_sheet(b"name,duration\nOne,5\n", encoding=name)) == 1


@pytest.mark.parametrize(
    "name", ["", "unicode_escape", "punycode", "idna", "rot13", "zlib", "cp9999", "\0", "x" * 9_999]
)
def test_no_other_codec_is_let_near_a_table(name: str) -> None:
    with pytest.raises(SheetError, match="is not an encoding that can be read here"):
        read_sheet(b"name,duration\nOne,5\n", encoding=name)


def test_what_is_not_written_so_is_refused_and_the_line_named() -> None:
    data = b"name,duration\nOne,5\n" + "Новости,5\n".encode("cp1251")
    with pytest.raises(SheetError, match="not written in UTF-8: line 3 holds bytes that are not valid in it"):
        read_sheet(data, encoding="utf-8")


def test_a_few_damaged_letters_do_not_make_all_others_wrong() -> None:
    data = f"name,duration\n{'Здравствуйте' * 5},5\n".encode() + b"\xd0 broken,5\n"
    with pytest.raises(SheetError, match="UTF-8, but line 3 holds damaged letters"):
        read_sheet(data)


def test_a_preview_of_a_long_line_is_cut_where_nothing_is_torn_apart() -> None:
    data = ("name,text\n" + "x" * 10_000 + "，" + "新闻，欢迎。 a," * 500 + "\n").encode("gb18030")
    guess = read_sheet(data).guess
    assert guess is not None
    assert len(guess.sample[0]) <= 300
    assert "\ufffd" not in guess.preview("gb18030")
    assert "新闻" in guess.preview("gb18030")


# The page


@pytest.fixture(autouse=True)
def own_studio(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the pages at the test's own folder."""
    for name, value in (environment | LIVE).items():
        monkeypatch.setenv(name, value)
    frame.studio.clear()


def visit(files: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=300)
    app.session_state.visitor = app.session_state.remembered = "Ana"  # the harness has no cookies to read it from
    app.query_params["make"] = "many"
    app.query_params["files"] = files
    app.run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    return unescape(" ".join(str(one.value) for one in (*app.markdown, *app.caption, *app.error)))


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def test_a_person_picks_the_letters_beside_a_preview_and_finds_them_again(studio: Studio) -> None:
    studio.desk("ana").briefs.keep_batch("batch-0001", OpenBatch({}, table("cp1251"), "news.csv"))
    app = visit("batch-0001")
    assert "None of the 2 rows can be rendered yet" in shown(app)
    assert app.button(key="batch.send").disabled
    box = next(box for box in app.selectbox if box.label == "Encoding")
    assert box.value == "cp1251"
    assert WRITTEN["cp1251"] in app.code[0].value

    box.set_value("cp1252").run()
    assert "Çäðàâñòâóéòå" in app.code[0].value
    assert app.button(key="batch.send").disabled

    next(box for box in app.selectbox if box.label == "Encoding").set_value("cp1251").run()
    press(app, "Yes, use this encoding")
    assert "2 of 2 rows ready" in shown(app)
    assert "Read as Cyrillic (Windows-1251)" in shown(app)

    again = visit("batch-0001")
    assert "2 of 2 rows ready" in shown(again)
    press(again, "Choose another encoding")
    assert "None of the 2 rows can be rendered yet" in shown(again)


def test_files_are_found_by_names_in_the_letters_that_were_chosen(studio: Studio) -> None:
    voice = studio.desk().media.keep(VOICES[0].path, "audio", "Müller.flac")
    face = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    files: dict[tuple[str, str], KeptMedium | str] = {
        ("audio", "müller.flac"): KeptMedium(voice.sha256, voice.name),
        ("image", "face.jpg"): KeptMedium(face.sha256, face.name),
    }
    data = "audio,engine\nMüller.flac,draft/portrait\n".encode("mac_roman")
    studio.desk("ana").briefs.keep_batch("batch-0002", OpenBatch(files, data, "weekly.csv"))
    app = visit("batch-0002")
    next(box for box in app.selectbox if box.label == "Encoding").set_value("mac_roman").run()
    press(app, "Yes, use this encoding")
    assert "1 of 1 rows ready" in shown(app)


def test_an_old_batch_that_knows_no_encoding_is_opened(studio: Studio) -> None:
    studio.desk("ana").briefs.keep_batch("batch-0003", OpenBatch({}, b"duration\n5\n", "old.csv"))
    kept = studio.desk().briefs.open_batch("batch-0003")
    assert kept is not None
    assert kept.encoding == ""


def test_a_header_may_hold_such_letters_too() -> None:
    data = "name,text,Примечание\nНовости,Добрый день,да\n".encode("cp1251")
    sheet = read_sheet(data)
    assert sheet.guess is not None
    assert "Примечание" in sheet.guess.preview("cp1251")
    assert read_sheet(data, encoding="cp1251").notes[1] == "Not used: Примечание."
