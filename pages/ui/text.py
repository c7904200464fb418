"""Texts for states, money, lengths and times, and the one way to put a person's text into Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

import streamlit as st

from lipsync_core import ENGINES, PROVIDERS, Job, JobState, Quote, priced


@dataclass(frozen=True, slots=True)
class StateWords:
    """The words for a state on screen."""

    badge: str
    colour: str
    """The badge's colour."""
    news: str = ""
    """What happened to a job, for a visitor on another page; empty for states that are not news."""
    icon: str = ""


STATE_WORDS: Mapping[JobState, StateWords] = {
    JobState.AWAITING_APPROVAL: StateWords("Awaiting approval", "orange"),
    JobState.QUEUED: StateWords("Queued", "gray"),
    JobState.SUBMITTING: StateWords("Sending", "blue"),
    JobState.RENDERING: StateWords("Rendering", "blue"),
    JobState.OVERDUE: StateWords("Overdue", "orange"),
    JobState.ARCHIVING: StateWords("Saving", "blue"),
    JobState.DONE: StateWords("Done", "green", "is done", ":material/check_circle:"),
    JobState.FAILED: StateWords("Failed", "red", "failed", ":material/error:"),
    JobState.REJECTED: StateWords("Not accepted", "red", "was not accepted", ":material/error:"),
    JobState.UNCONFIRMED: StateWords(
        "Unconfirmed", "orange", "may have been paid: somebody has to check", ":material/help:"
    ),
    JobState.NOT_TAKEN: StateWords("Not received", "gray"),
    JobState.WRITTEN_OFF: StateWords("Written off", "gray"),
    JobState.WITHDRAWN: StateWords("Withdrawn", "gray", "was not approved", ":material/block:"),
    JobState.LOST: StateWords("Lost", "red", "was rendered, but its video is gone", ":material/error:"),
}
"""The words for every state; `lipsync_core.job.STATES` says what each one means."""


def plain(text: str) -> str:
    """Escape ``text`` so that Markdown shows it exactly as typed: no formula, no image, no link, no arrow, no emoji."""
    # An entity is plain text everywhere, even where a backslash does not escape. Patterns that are converted afterwards
    # (links, arrows, short codes) are broken up by a word joiner, which has no width.
    apart = re.sub(_MADE_OF_TEXT, "\u2060", text)
    return re.sub(r"[^\w\s\u2060]|_", lambda match: f"&#{ord(match[0])};", apart).replace("\n", " ")


_MADE_OF_TEXT = r"(?<=:)(?=[/\w+-])|(?<=@)(?=\w)|(?<=www)(?=\.)|(?<=[-<>=~!])(?=[-<>=])"


def md(text: str) -> str:
    """Escape our own text for Markdown, so that two prices are not a formula."""
    return text.replace("$", r"\$")


def state_word(state: JobState) -> str:
    """Return a state's word on screen."""
    return STATE_WORDS[state].badge


def vendor(job: Job) -> str:
    """Return the name of the vendor that renders a job."""
    return ENGINES[job.engine].vendor if job.engine in ENGINES else job.provider


def price(job: Job) -> str:
    """Return a job's quoted price: ``about $0.90``, ``free``, or in the sandbox ``$0.00 (really about $0.90)``."""
    return f"$0.00 ({real_price(job.quote)})" if job.sandbox else priced(job.quote)


def real_price(quote: Quote) -> str:
    """Return what stands beside a price in the sandbox: ``really about $0.90`` or ``real price not set``."""
    return "real price not set" if quote.usd_micros is None else f"really {priced(quote)}"


def month_text(month: str) -> str:
    """Return a month such as ``2026-11`` as ``November 2026``."""
    return f"{date.fromisoformat(f'{month}-01'):%B %Y}"


def dollars(usd_micros: int, *, signed: bool = False) -> str:
    """Return an amount to the cent: ``$1,204.50``; a difference with its sign: ``+$0.24``, ``−$0.10``."""
    cents = (abs(usd_micros) + 5_000) // 10_000
    sign = "" if not cents else "−" if usd_micros < 0 else "+" if signed else ""
    return f"{sign}${cents // 100:,}.{cents % 100:02d}"


def money(job: Job) -> str:
    """Say whether money moved, or may have, according to the job's state."""
    if job.is_draft:
        return "Nothing was charged: drafts are free." if job.state is JobState.FAILED else "Drafts are free."
    cost, who = price(job), vendor(job)
    match job.state:
        case JobState.AWAITING_APPROVAL | JobState.QUEUED:
            return "Not sent, nothing charged."
        case JobState.SUBMITTING:
            return f"May be charged from now on: {cost}."
        case JobState.DONE:
            return _billed(job, who, cost)
        case JobState.FAILED:
            return _refund(job, who, cost)
        case JobState.REJECTED:
            return "Nothing was charged."
        case JobState.WITHDRAWN:
            return "Never sent, nothing charged."
        case JobState.UNCONFIRMED:
            return f"May be charged {cost}; reserved."
        case JobState.NOT_TAKEN:
            return "Nothing was charged, and nothing is reserved for it any more."
        case JobState.WRITTEN_OFF:
            return f"Counts as spent: {cost}."
        case JobState.LOST:
            return f"Charged {cost}."
        case _:
            told = said(job)
            return f"Quoted {cost}{f'; {who} said {told} at submit' if told is not None else ''}."


def billed(job: Job) -> str | None:
    """Return the vendor's bill, in its own unit; None if it reported none."""
    return _named_sum(job.billed_usd_micros, job.billed_credits)


def said(job: Job) -> str | None:
    """Return the charge that the vendor named at submit, in its own unit; None if it named none."""
    return _named_sum(job.said_usd_micros, job.said_credits)


def _named_sum(usd_micros: int | None, credits: Decimal | None) -> str | None:
    if usd_micros is not None:
        # To a tenth of a cent if the vendor counts that finely: a bill is not rounded up like a price.
        cents, rest = divmod(usd_micros, 10_000)
        return f"${usd_micros / 1e6:.3f}" if rest else f"${cents / 100:.2f}"
    if credits is not None:
        number = f"{credits.normalize():f}"
        return f"{number} credit" if number == "1" else f"{number} credits"
    return None


def unbilled(job: Job, what: str = "it") -> str:
    """Say why the bill is unknown."""
    reports = job.provider in PROVIDERS and PROVIDERS[job.provider].reports_bill
    return f"{vendor(job)} {'has not reported' if reports else 'does not report'} {what}"


def _billed(job: Job, who: str, cost: str) -> str:
    sum_, told = billed(job), said(job)
    if job.paid_usd_micros is not None:
        return f"According to the invoice it cost {dollars(job.paid_usd_micros)}; quoted {cost}."
    at_submit = f"said {told} at submit" if told is not None and told != sum_ else ""
    first = f"{at_submit} and " if at_submit else ""
    if sum_ is None:
        if job.quote.usd_micros is None and job.ceiling_usd_micros is None and job.output_s and job.counted_usd_micros:
            # For example a job started elsewhere, whose length was unknown before.
            cost = f"{cost}, counted {dollars(job.counted_usd_micros)} by the length of its video"
        return f"Quoted {cost}; {who} {first}{unbilled(job, 'what it billed').removeprefix(f'{who} ')}."
    if job.sandbox:  # simulated, like everything in the sandbox
        return f"Quoted {cost}; {who} {first}would have billed {sum_}."
    return f"Billed {sum_}, quoted {cost}{f'; {who} {at_submit}' if at_submit else ''}."


def _refund(job: Job, who: str, cost: str) -> str:
    sum_ = billed(job)
    told = f" {who} reports a bill of {sum_}." if sum_ is not None else ""
    if job.provider in PROVIDERS and PROVIDERS[job.provider].refunds(job.vendor_word):
        return f"Refund promised: {who} does not charge for a failed render. Quoted {cost}.{told}"
    return f"Refund not promised: {who} may charge for a failed render. Quoted {cost}.{told}"


def clip(job: Job) -> str:
    """Describe the requested video, for the vendor's support: ``a 12.4 s video``."""
    return "a video" if job.length_s is None else f"a {job.length_s:.1f} s video"


def length(seconds: float) -> str:
    """Return a length as text, such as ``4.8 s`` or ``1 min 23 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def about(seconds: float) -> str:
    """Return a wait, no more exact than it is known: ``3 s``, ``2 min``, ``1 h 10 min``, ``41 h``, ``20 days``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours >= 72:
        return f"{round(seconds / 86_400)} days"
    return f"{hours} h {minutes} min" if minutes and hours < 24 else f"{hours} h"


def together(words: str) -> str:
    """Put a no-break space between each number and its unit."""
    return re.sub(r"(?<=\d) (?!of|in)(?=[a-z])|(?<=\bh) (?=\d)|(?<=min) (?=\d)", "\u00a0", words)


def here_at(at: datetime) -> datetime:
    """Return a time in the visitor's own time zone."""
    return at.astimezone(_zone())


def clock(at: datetime) -> str:
    """Return a time in the visitor's own time zone: ``today 14:02``, or ``21 Nov 14:02``."""
    zone = _zone()
    local, today = at.astimezone(zone), datetime.now(zone).date()
    if local.date() == today:
        return f"today {local:%H:%M}"
    return f"{local.day} {local:%b %H:%M}" if local.year == today.year else f"{local.day} {local:%b %Y}"


def hour(at: datetime, *, seconds: bool = False) -> str:
    """Return a time near now in the visitor's zone: ``14:02``; on another day with the date, ``21 Nov 14:02``."""
    zone = _zone()
    local = at.astimezone(zone)
    day = "" if local.date() == datetime.now(zone).date() else f"{local.day} {local:%b} "
    return f"{day}{local:%H:%M:%S}" if seconds else f"{day}{local:%H:%M}"


def weekday(at: datetime) -> str:
    """Return a time in the visitor's zone: ``today 14:07``, ``Mon 14:07``; if more distant, ``21 Dec``."""
    zone = _zone()
    local, today = at.astimezone(zone), datetime.now(zone).date()
    if local.date() == today:
        return f"today {local:%H:%M}"
    return f"{local:%a %H:%M}" if abs(local.date() - today) < timedelta(days=7) else f"{local.day} {local:%b}"


def _zone() -> tzinfo:
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (KeyError, ValueError):
        return UTC
