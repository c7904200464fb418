"""Numbers as people in different countries type them."""

from decimal import Decimal

import pytest

from lipsync_core import decimals_of


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", "12"),
        ("0,02", "0.02"),
        ("0.02", "0.02"),
        (" 12,5 ", "12.5"),
        ("12.", "12"),
        (",5", "0.5"),
        ("0,083", "0.083"),
        ("1500,00", "1500"),
        ("1234,567", "1234.567"),
        ("1 500", "1500"),
        ("1\u202f500,25", "1500.25"),
        ("1’500.25", "1500.25"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1.234.567", "1234567"),
        ("1,50,000", "150000"),
        ("+7", "7"),
        ("−2,5", "-2.5"),
        ("١٢٫٥", "12.5"),
    ],
)
def test_comma_and_point_are_understood(text: str, number: str) -> None:
    assert decimals_of(text) == (Decimal(number),)


@pytest.mark.parametrize("text", ["1,500", "1.500", " 1,500 "])
def test_what_may_be_thousands_or_decimals_has_two_readings(text: str) -> None:
    assert decimals_of(text) == (Decimal(1500), Decimal("1.5"))


@pytest.mark.parametrize(
    "text", ["", " ", ".", "-", "abc", "1e5", "nan", "inf", "1,2,3", "12 34", "1.2.3,4", "$5", "1..5", "9" * 31, "²"]
)
def test_what_is_no_number_has_none(text: str) -> None:
    assert decimals_of(text) == ()
