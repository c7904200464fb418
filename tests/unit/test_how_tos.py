"""The how-tos in docs/ are short, and show lines that stand where they say."""

from __future__ import annotations

import re

import pytest

from lipsync_core import ROOT

HOW_TOS = sorted(path.name for path in (ROOT / "docs").glob("*-a-*.md"))
PRICE = (ROOT / "docs" / "changing-a-price.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", HOW_TOS)
def test_a_how_to_fits_on_a_screen_or_two(name: str) -> None:
    assert len((ROOT / "docs" / name).read_text(encoding="utf-8").splitlines()) <= 80


def test_the_lines_that_make_a_price_stand_where_the_how_to_says() -> None:
    shown = re.findall(r"In `([\w/.]+)`, in .*?```text\n(.*?)```", PRICE, re.DOTALL)
    assert len(shown) == 2
    for path, lines in shown:
        code = (ROOT / path).read_text(encoding="utf-8")
        assert [line for line in lines.splitlines() if f"{line}\n" not in code] == []
