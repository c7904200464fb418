"""A cell means what its writer sees, and what a program has spoilt is never paid for."""

import pytest

from lipsync_core import sheet_of
from lipsync_core.csvfile import csv_of
from lipsync_core.estimates import Wish, choose, file_key, quote_rows, read_sheet
from lipsync_core.estimates.damaged import damage
from lipsync_core.pricing import Rates

VOICE = "My Größe voice.wav"
PATHS = [
    VOICE,
    f'"C:\\Users\\Ana\\{VOICE}"',
    f"“{VOICE}”",
    f"„{VOICE}“",
    f"'{VOICE}'",
    f"<{VOICE}>",
    f"\ufeff{VOICE}\u200b",
    f"\u202a{VOICE}\u202c",
    f" {VOICE}\xa0",
    VOICE.replace(" ", "\xa0").replace("ß", "ß\xad"),
    VOICE.replace(" ", "\u202f").upper().replace("GRÖSSE", "GRÖßE"),
    VOICE.replace("ö", "o\u0308"),
    "My%20Gr%C3%B6%C3%9Fe%20voice.wav",
    "file:///C:/Users/Ana/My%20Gr%C3%B6%C3%9Fe%20voice.wav",
    f"file://server/share/{VOICE}",
    f"/Users/ana/Desktop/{VOICE}",
]


@pytest.mark.parametrize("cell", PATHS)
def test_a_path_names_its_file_however_it_was_copied(cell: str) -> None:
    sheet = read_sheet(csv_of(["audio"], [[cell]]))
    assert file_key(sheet.cells["audio"][0]) == file_key(VOICE)
    edited = read_sheet(b"audio\nother.wav\n").edited({0: {"audio": cell}})
    assert file_key(edited.cells["audio"][0]) == file_key(VOICE)


def test_a_missing_file_is_named_without_its_folders() -> None:
    sheet = read_sheet(csv_of(["audio"], [["file:///C:/Users/Ana/voice%20one.wav"]]))
    assert quote_rows(sheet, rates=Rates()).problems[0] == "voice one.wav is missing. Drop it here too."


def test_a_file_that_was_saved_with_percent_signs_is_found_by_its_name() -> None:
    assert file_key("voice%20one.wav") == file_key("voice one.wav")
    assert file_key("100%.wav") == "100%.wav"


@pytest.mark.parametrize(
    "cell",
    ["https://example.org/a.wav", ' "https://example.org/a.wav"\u200b', '=HYPERLINK("https://example.org/a.wav";"a")'],
)
def test_a_link_is_followed_however_it_was_copied(cell: str) -> None:
    assert read_sheet(csv_of(["audio"], [[cell]])).cells["audio"][0] == "https://example.org/a.wav"


@pytest.mark.parametrize(
    "header",
    [
        "\ufeffDuration",
        "dura\xadtion",
        "\u200bDURATION\u200e",
        "ｄｕｒａｔｉｏｎ",
        "Duration (s)",
        "Length [sec]",
        "duration_s",
    ],
)
def test_a_header_may_hold_marks_and_units(header: str) -> None:
    assert read_sheet(f"{header},x\n5,1\n".encode()).cells["duration"].tolist() == ["5"]


@pytest.mark.parametrize(
    ("header", "column"),
    [
        *(("Audio File", "audio"), ("audioFile", "audio"), ("Voice URL", "audio"), ("Filename", "audio")),
        *(("image_url", "image"), ("Photo link", "image"), ("Video path", "video"), ("leftAudio", "left_audio")),
        *(("Aspect-Ratio", "aspect_ratio"), ("Script", "text"), ("Length in seconds", "duration")),
    ],
)
def test_a_header_is_known_in_the_spellings_people_use(header: str, column: str) -> None:
    assert list(read_sheet(f"{header},x\n5,1\n".encode()).cells) == [column]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Projekt;Titel;Bild;Ton;Dauer (s);Auflösung", "project,name,image,audio,duration,resolution"),
        ("PROJEKT;Bilddatei;Stimme;Länge in Sekunden;Größe", "project,image,audio,duration,resolution"),
        ("Portraet;Tondatei;Laenge;Groesse", "image,audio,duration,resolution"),
        ("Gra\u0308\u00adn;Stimme links;Stimme rechts;Pra\u0308sentator", "left_audio,right_audio,creator"),
        ("Nom;Projet;Image;Voix;Durée;Résolution", "name,project,image,audio,duration,resolution"),
        ("NOM DU CLIP;Lien vers l’image;Fichier audio;duree (secondes)", "name,image,audio,duration"),
        ("Titre;URL de la vidéo;Son;Texte", "name,video,audio,text"),
        ("Nombre;Proyecto;Imagen;Voz;Duración;Guion", "name,project,image,audio,duration,text"),
    ],
)
def test_headers_in_german_french_and_spanish_are_known(header: str, columns: str) -> None:
    table = f"{header}\n{';'.join('5' for _ in header.split(';'))}\n".encode()
    assert {*read_sheet(table).cells} == {*columns.split(",")}


def test_a_word_that_may_mean_something_else_is_listed_as_unused() -> None:
    assert read_sheet(b"Titel;Sprache;Zeit\nA;de;10\n").notes == ("Not used: Sprache, Zeit.",)


def test_a_sentence_keeps_its_quotes_and_loses_its_marks() -> None:
    sheet = read_sheet(
        csv_of(
            ["name", "text"],
            [['5" screen', '\ufeff"Hel\xadlo" \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645\u200f']],
        )
    )
    assert sheet.cells["name"][0] == '5" screen'
    assert sheet.cells["text"][0] == '"Hello" \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'


def test_an_apostrophe_that_an_export_adds_is_taken_off_again() -> None:
    cells = ["=hello", "-and so on", "@ana", "'tis", "It's"]
    assert read_sheet(csv_of(["text"], [[cell] for cell in cells])).cells["text"].tolist() == cells


# Letters that were lost, and formulas

SPOILT = {
    "SchÃ¶ne GrÃ¼ÃŸe": "“Schöne Grüße” is meant",
    "dÃ©jÃ\xa0 vu": "“déjà vu” is meant",
    "ItвЂ™s": "“It’s” is meant",
    "Sch√∂n": "“Schön” is meant",
    "Ð—Ð´Ñ€Ð°Ð²Ñ\x81Ñ‚Ð²ÑƒÐ¹Ñ‚Ðµ": "“Здравствуйте” is meant",
    "Р—РґСЂР°РІСЃС‚РІСѓР№С‚Рµ": "“Здравствуйте” is meant",
    "å¤§å®¶å¥½": "“大家好” is meant",
    "Gr\ufffd\ufffde": "letters that were lost",
    "Gr\x81\x8de aus Köln": "letters that were lost",
    "????????????, ??? ??????? ??????": "question marks for them",
    "Gr??e aus M?nchen": "question marks for them",
    "?ber uns": "question marks for them",
    "=A2&B2": "is a formula, not its result",
    '="Hello "&A2': "is a formula, not its result",
    "=SVERWEIS(A1;B:C;2)": "is a formula, not its result",
    "='Data 2'!A1": "is a formula, not its result",
}


@pytest.mark.parametrize("text", SPOILT)
def test_a_text_that_a_program_has_spoilt_stops_its_row(text: str) -> None:
    rows = [{"creator": "3c90c3cc", "aspect_ratio": "9:16", "text": one} for one in (text, "Good morning")]
    plan = choose(quote_rows(sheet_of(rows), rates=Rates()), Wish(), {})
    assert SPOILT[text] in plan.problems[0]
    assert plan.ready.tolist() == [False, True]
    header, row = "creator,aspect_ratio,text", f'3c90c3cc,9:16,"{text.replace(chr(34), chr(34) * 2)}"'
    read = choose(quote_rows(read_sheet(f"{header}\n{row}\n".encode()), rates=Rates()), Wish(), {})
    assert SPOILT[text] in read.problems[0]


@pytest.mark.parametrize(
    "text",
    [
        *("Schöne Grüße", "São Paulo – “déjà vu”…", "Здравствуйте, это новости", "Русский Ёжик «№5»", "大家好"),
        *(
            "こんにちは、今週のニュースです",
            "안녕하세요",
            "مرحبا، هذه",
            "Καλημέρα",
            "Really???",
            "What?! No way?",
            "€50 ± 3",
            "Çä va",
        ),
        *("Really?Yes", "See https://example.org/watch?v=1&a=b", "Ask: a/b?c", "“Why?” she said", "(or?) no"),
        *("= equals", "1 + 1 = 2", "👩‍👧 family", "Ångström", "naïve café"),
    ],
)
def test_what_people_write_is_not_taken_for_spoilt(text: str) -> None:
    assert damage(text) is None
