"""No regular expression runs away, whatever somebody's file or text holds."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from re import _constants as sre, _parser as parser  # type: ignore[attr-defined]  # untyped: re's own parser
from typing import Any

import pytest

from lipsync_core import ROOT
from lipsync_core.decode.sniff import FileFamily, looks_like

REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)
SOURCES = [ROOT / "app.py", *sorted((ROOT / "lipsync_core").rglob("*.py")), *sorted((ROOT / "pages").rglob("*.py"))]


def patterns(path: Path) -> Iterator[str]:
    """Every string that is given to a function of `re`, as far as it is written out."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(ast.Attribute(ast.Name("re")), [ast.Constant(str(pattern)), *_]):
                yield pattern


def within(value: Any) -> Iterator[Any]:
    """The parts of a pattern that stand in one of its operations."""
    if isinstance(value, parser.SubPattern):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from within(part)


def runs_away(pattern: str) -> bool:
    """Whether an endless repeat holds another one of any letter: each way to divide the text between them is tried."""

    def endless(parts: Any, *, inside: bool) -> bool:
        for operation, value in parts:
            is_endless = operation in REPEATS and value[1] is sre.MAXREPEAT
            if inside and is_endless and any(kind is sre.ANY for kind, _ in value[2]):
                return True
            if any(endless(part, inside=inside or is_endless) for part in within(value)):
                return True
        return False

    return endless(parser.parse(pattern), inside=False)


def test_the_check_finds_what_it_is_for() -> None:
    assert runs_away(r"(<!--.*?-->\s*)*<html")
    assert runs_away(r"(?:a|(.+b))+")
    assert not runs_away(r"([a-z0-9-]+\.)*[a-z0-9-]+")
    assert not runs_away(r"<!--.*?-->")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_pattern_repeats_a_repeat_of_anything(path: Path) -> None:
    assert [pattern for pattern in patterns(path) if runs_away(pattern)] == []


COMMENTS = {
    "nothing behind them": b"<!---->" * 580,
    "one that never ends": b"<!---->" * 500 + b"<!--" * 100,
    "blanks between them": b"<!-- x --> \n\t" * 300,
    "a page behind them": b"<!--a--><!--b-->" * 200 + b"<html>",
}


@pytest.mark.parametrize("what", COMMENTS)
def test_a_file_of_comments_is_looked_at_once(what: str) -> None:
    """In a process of its own, which a pattern that runs away would keep for longer than anybody waits."""
    looks = "from lipsync_core.decode.sniff import looks_like; print(looks_like(sys.stdin.buffer.read()).phrase)"
    command = [sys.executable, "-c", f"import sys; {looks}"]
    done = subprocess.run(command, input=COMMENTS[what], capture_output=True, cwd=ROOT, timeout=600)
    assert done.stdout.decode().strip() == ("a web page" if b"<html>" in COMMENTS[what] else "a text file")


@pytest.mark.parametrize(
    "page",
    [
        b"<!DOCTYPE html><title>x</title>",
        b"  <html lang=en>",
        b"<!-- saved from url=(0014)about:internet -->\n<html>",
        b"<!--a-->\r\n<!--b-->\n  <!doctype HTML>",
        b"<!-- a -- b --><body>",
    ],
)
def test_a_page_is_known_behind_its_comments(page: bytes) -> None:
    assert looks_like(page).phrase == "a web page"


def test_what_only_mentions_a_page_is_none() -> None:
    assert looks_like(b"<!-- <html> --> hello").kind is FileFamily.TEXT
    assert looks_like(b"<!-- <html> --> hello").phrase == "a text file"
