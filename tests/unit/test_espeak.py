"""The voices that speak a text in a draft."""

from __future__ import annotations

import pytest

from lipsync_core.espeak import Speaker, listed, speaker, speaker_for, speakers, unspeakable, voice_of

TABLE = """Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  de              --/M      German             gmw/de               
 2  en-gb           --/M      English_(Great_Britain) gmw/en               (en 2)
 5  chr-US-Qaaa-x-west --/M      Cherokee_          iro/chr              
 5  cmn             --/M      Chinese_(Mandarin,_latin_as_English) sit/cmn              (zh-cmn 5)(zh 5)
 5  cmn-latn-pinyin --/M      Chinese_(Mandarin,_latin_as_Pinyin) sit/cmn-Latn-pinyin  (zh-cmn 5)(zh 5)
"""  # noqa: W291 - as the program prints it


def test_every_language_is_listed_by_name_with_a_deeper_and_a_higher_voice() -> None:
    found = listed(TABLE)
    assert [(one.id, one.name) for one in found if not one.id.endswith("+f2")] == [
        ("chr-us-qaaa-x-west", "Cherokee"),
        ("cmn", "Chinese (Mandarin)"),
        ("en-gb", "English (Great Britain)"),
        ("de", "German"),
    ]
    assert Speaker("de+f2", "German, higher voice", "gmw/de+f2") in found
    assert len(found) == 8


def test_what_is_no_table_lists_nobody() -> None:
    assert listed("espeak-ng: error while loading shared libraries\n") == ()


@pytest.mark.espeak
def test_the_installed_voices_are_found_and_found_by_their_id() -> None:
    assert {"en-us", "fr-fr", "de", "es", "cmn", "ja", "ar", "hi", "ru", "pt", "tr"} <= {one.id for one in speakers()}
    german = speaker("de")
    assert german is not None
    assert german.name == "German"
    assert speaker("xx-nowhere") is None


def test_where_the_program_is_missing_there_is_no_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert speakers() == ()


def voice(its_id: str) -> Speaker:
    return Speaker(its_id, its_id, its_id)


@pytest.mark.parametrize(
    ("text", "language", "script"),
    [
        ("Привет, как дела?", "de", "Cyrillic"),
        ("Всем привет and hello", "en-us", "Cyrillic"),
        ("你好，世界", "fr-fr", "Chinese"),
        ("世界平和", "ja", "Chinese"),
        ("こんにちは", "cmn", "Hiragana"),
        ("مرحبا", "he", "Arabic"),
        ("שלום", "en-gb+f2", "Hebrew"),
    ],
)
def test_letters_that_a_voice_would_only_name_are_refused(text: str, language: str, script: str) -> None:
    assert f"cannot speak {script} letters" in (unspeakable(text, voice(language)) or "")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Привет", "ru"),
        ("Hello", "ru"),
        ("Добрый день", "uk+f2"),
        ("हिन्दी भाषा", "en-us"),
        ("안녕하세요", "de"),
        ("你好，世界", "cmn"),
        ("日本語をはなします", "ja"),
        ("مرحبا", "ur"),
        ("The word мир means peace.", "en-us"),
        ("😀🎉", "tr"),
        ("100 %", "de"),
    ],
)
def test_what_a_voice_can_speak_is_taken(text: str, language: str) -> None:
    assert unspeakable(text, voice(language)) is None


@pytest.mark.parametrize("text", ["…", "?!", "---"])
def test_a_text_without_a_word_is_refused(text: str) -> None:
    assert "nothing to speak" in (unspeakable(text, voice("en-us")) or "")


@pytest.mark.parametrize(
    ("text", "voice"),
    [
        ("Hello, мир and all", "gmw/en-US"),
        ("Привет, hi", "zle/ru"),
        ("你好", "sit/cmn-Latn-pinyin"),
        ("123 …", "gmw/en-US"),
    ],
)
def test_a_voice_is_found_by_the_letters_of_a_text(text: str, voice: str) -> None:
    assert voice_of(text) == voice


@pytest.mark.espeak
@pytest.mark.parametrize(
    ("text", "locale", "its_id"),
    [
        ("Hallo", "de-AT", "de"),
        ("Olá", "pt-BR", "pt-br"),
        ("Hello", "en-AU", "en-us"),
        ("Hello", "en_GB", "en-gb"),
        ("Bonjour", "fr", "fr-fr"),
        ("你好", "zh-TW", "cmn"),
        ("Привет", "de-DE", "ru"),
        ("こんにちは", "en-US", "ja"),
        ("Hello", "", "en-us"),
        ("Hello", "xx", "en-us"),
    ],
)
def test_a_text_has_a_voice_by_the_browsers_language_or_by_its_letters(text: str, locale: str, its_id: str) -> None:
    assert speaker_for(text, locale) == its_id
