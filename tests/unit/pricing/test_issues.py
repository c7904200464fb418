"""What stands against a quote is data: who shows it takes no sentence apart, and older ledgers are read as before."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from lipsync_core import Issue, IssueKind, Qualifier, Quote
from lipsync_core.ledger.rows import quote_of

CAP = Issue("cap", "It would cost $1.00.", stops=True, title="Over the monthly cap", kind=IssueKind.OVER_CAP)
SHORT = Issue("audio", "Nothing is heard in it.", stops=False)
OLD_RATE = Issue("", "The rate is old.", stops=False)
QUOTE = Quote("joypix/motion-2", 900_000, 90, 3, "3 blocks", Qualifier.ASSUMED, 300.0, 360.0)


def test_problems_and_warnings_are_the_issues_texts() -> None:
    quote = replace(QUOTE, issues=(CAP, SHORT, OLD_RATE))
    assert quote.problems == ("Over the monthly cap. It would cost $1.00.",)
    assert quote.warnings == ("Nothing is heard in it.", "The rate is old.")
    assert quote.errors == {"cap": quote.problems[0]}
    assert quote.concerns == (("cap", quote.problems[0]), ("audio", "Nothing is heard in it."))


def test_a_stored_quote_is_read_as_it_was_written() -> None:
    quote = replace(QUOTE, issues=(CAP, SHORT, OLD_RATE))
    assert quote_of(json.dumps(asdict(quote))) == quote


def test_the_quote_of_an_older_ledger_keeps_its_problems_and_warnings() -> None:
    stored = asdict(QUOTE)
    del stored["issues"]
    stored |= {
        "problems": ["No key."],
        "warnings": ["Nothing is heard in it.", "The rate is old."],
        "concerns": [["engine", "No key."], ["audio", "Nothing is heard in it."]],
    }
    assert quote_of(json.dumps(stored)).issues == (Issue("engine", "No key.", stops=True), SHORT, OLD_RATE)
    del stored["concerns"]
    assert quote_of(json.dumps(stored)).warnings == ("Nothing is heard in it.", "The rate is old.")
