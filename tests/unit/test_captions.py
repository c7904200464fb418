"""Captions: what is read, when, and how a player gets it."""

from __future__ import annotations

import re

import pytest

from lipsync_core.captions import LINE, LONGEST_S, MOST, Caption, as_srt, as_vtt, between, captions_of, later


def at_pace(text: str, each_s: float = 0.35) -> list[tuple[int, float, float]]:
    """Every word of a text, spoken evenly."""
    places = [match.start() for match in re.finditer(r"\S+", text)]
    return [(at, index * each_s, (index + 1) * each_s) for index, at in enumerate(places)]


def test_a_caption_never_crosses_the_end_of_a_sentence() -> None:
    text = "Welcome. Is it you? Yes!\n\nA heading\n\nAnd the rest"
    assert [caption.text for caption in captions_of(text, at_pace(text))] == [
        "Welcome.",
        "Is it you?",
        "Yes!",
        "A heading",
        "And the rest",
    ]


def test_a_sentence_that_fits_is_not_divided_at_its_commas() -> None:
    text = "Good evening, everybody, and welcome."
    assert [caption.text for caption in captions_of(text, at_pace(text))] == [text]


def test_a_long_sentence_is_divided_into_lines_that_can_be_read() -> None:
    text = "Today we look at the new office, " + "and at trains that leave every hour of the day " * 5 + "at last."
    captions = captions_of(text, at_pace(text))
    assert len(captions) > 2
    assert captions[0].text.replace("\n", " ") == "Today we look at the new office,"
    for caption in captions:
        lines = caption.text.split("\n")
        assert len(lines) <= 2
        assert max(map(len, lines)) <= LINE + 8
        assert len(caption.text) <= MOST + 1
        assert caption.end_s - caption.start_s <= 1.5 * LONGEST_S
    assert " ".join(caption.text for caption in captions).split() == text.split()


def test_every_caption_stands_until_the_next_one_and_long_enough_to_be_read() -> None:
    text = "Yes. No. A pause follows."
    words = [(0, 0.1, 0.3), (5, 0.5, 0.7), (9, 3.0, 3.2), (11, 3.2, 3.6), (17, 3.6, 4.1)]
    captions = captions_of(text, words)
    assert [(caption.start_s, caption.end_s) for caption in captions] == [(0.1, 0.5), (0.5, 1.5), (3.0, 4.1)]


def test_a_text_without_spaces_is_divided_too() -> None:
    text = "今天我们来看新的办公室，以及每小时发车的火车，还有大家从春天以来所做的一切工作。"
    words = [(at, at * 0.2, at * 0.2 + 0.2) for at in range(len(text))]
    captions = captions_of(text, words)
    assert "".join(caption.text.replace("\n", "") for caption in captions) == text
    assert len(captions) >= 2


def test_a_word_longer_than_a_line_is_shown_in_parts() -> None:
    text = "a" * 500
    captions = captions_of(text, [(0, 0.0, 50.0)])
    assert "".join(re.sub(r"\s", "", caption.text) for caption in captions) == text
    assert max(len(line) for caption in captions for line in caption.text.split("\n")) <= LINE
    assert captions[-1].end_s == 50.0


def test_a_word_that_is_told_twice_is_shown_once() -> None:
    captions = captions_of("New paragraph", [(0, 0.0, 0.2), (0, 0.2, 0.4), (4, 0.4, 1.0), (0, 1.0, 1.2)])
    assert [caption.text for caption in captions] == ["New paragraph"]


@pytest.mark.parametrize("words", [[], [(99, 0.0, 1.0)]])
def test_no_words_are_no_captions(words: list[tuple[int, float, float]]) -> None:
    assert captions_of("Hello", words) == ()


CAPTIONS = (Caption(0.0, 1.2345, "One & <b>two</b>"), Caption(3661.5, 3662.0, "Three\nfour"))


def test_subrip_numbers_its_captions_and_has_a_comma_in_its_times() -> None:
    assert as_srt(CAPTIONS) == (
        "1\n00:00:00,000 --> 00:00:01,234\nOne & <b>two</b>\n\n2\n01:01:01,500 --> 01:01:02,000\nThree\nfour\n\n"
    )


def test_webvtt_shows_a_text_as_it_was_written() -> None:
    assert as_vtt(CAPTIONS) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.234\nOne &amp; &lt;b&gt;two&lt;/b&gt;\n\n"
        "01:01:01.500 --> 01:01:02.000\nThree\nfour\n\n"
    )


def test_who_speaks_is_named_where_that_changes() -> None:
    left = [Caption(0.0, 2.0, "Hello."), Caption(2.0, 3.0, "How are you?")]
    right = later([Caption(0.5, 1.0, "Fine."), Caption(4.0, 5.0, "And you?")], 2.5)
    assert [(one.start_s, one.text) for one in between({"Left": left, "Right": right})] == [
        (0.0, "Left: Hello."),
        (2.0, "How are you?"),
        (3.0, "Right: Fine."),
        (6.5, "And you?"),
    ]
