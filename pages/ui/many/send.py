"""The total of a batch, the one question before it is spent, and the press that sends all ready rows or none."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import streamlit as st

from lipsync_core import (
    ENGINES,
    HOLD_S,
    MOST_CEILING_USD_MICROS,
    Brief,
    BriefError,
    NotAllowedError,
    Plan,
    PressFacts,
    PriceRoseError,
    Qualifier,
    Question,
    QuestionKind,
    RowPrice,
    Total,
    credits_text,
    press_questions,
    price_text,
    priced,
)
from pages.ui import scroll
from pages.ui.brief.questions import WAITS
from pages.ui.decimal_field import Figures, TypedError, decimal, number
from pages.ui.frame import desk, dialog, in_sandbox, pressed, studio
from pages.ui.job import views
from pages.ui.many import presses, sent_batch
from pages.ui.many.presses import Screen
from pages.ui.many.sent_batch import SentBatch
from pages.ui.text import hour, md, plain

MOST_AT_ONCE = 500
"""The most rows that one press sends. More are usually a mistake."""
AS_LONG_AS = "as long as the links give what we measured"
CEILING = "batch.ceiling"
CEILINGS = Figures(least=Decimal("0.01"), most=Decimal(MOST_CEILING_USD_MICROS) / 1_000_000, before="$")
CEILING_USD = Decimal(5)
"""The proposed reserve for each unknown price."""
NAMED = 5
"""The most left-out rows that the question names."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of prices, for `priced`."""

    usd_micros: int | None
    qualifier: Qualifier
    credits: int | None = None


@dataclass(frozen=True, slots=True)
class BatchPress:
    """The data of a press: everything as it was when the question was drawn."""

    batch: str
    """The id of the press, so that a second one makes no second batch."""
    briefs: Sequence[Brief]
    prices: Sequence[RowPrice]
    sandbox: bool
    words: str
    screen: Screen
    """What decided all of it."""
    ceiling_usd_micros: int | None = None
    """What a cap reserves for each clip of unknown price."""

    @property
    def label(self) -> str:
        """Its videos and their cost: ``6 videos for about $9.90``."""
        return _count_and_sum(len(self.briefs), "$0.00 in the sandbox" if self.sandbox else self.words)

    @property
    def cost(self) -> str:
        """The amount billed."""
        return f"$0.00 (really {self.words})" if self.sandbox and self.words != "free" else self.words


def sum_words(total: Total) -> str:
    """Return the cost of several rows: ``about $9.90``, ``free``, ``$4.50 and 52 credits of unknown price``."""
    known = priced(Sum(total.usd_micros, total.qualifier)) if total.rows > total.unknown else ""
    if not total.unknown:
        return known or "nothing"
    credits = total.unknown_credits
    left = f"{total.unknown:,} of unknown price" if credits is None else f"{credits_text(credits)}, price not set"
    return f"{known} and {left}" if known and total.usd_micros else left


def _count_and_sum(count: int, words: str) -> str:
    return f"{_videos(count)} for {words}"


def _videos(count: int) -> str:
    return "1 video" if count == 1 else f"{count} videos"


def draw(plan: Plan) -> None:
    """Draw the bar below the rows."""
    ready = plan.ready
    count = int(ready.sum())
    _follow_changes(count)
    total = plan.total(ready)
    sent = sent_batch.last()
    is_held = sent is not None and sent_batch.can_undo(sent)  # read once: a hold may end while the page is drawn
    obstacle = None if is_held else _obstacle(plan, count)
    with st.bottom, st.container(key="batch-bar"):  # in sight wherever the table is scrolled to
        with st.container():  # always there, so that the bar keeps its place
            _refusal()
            if sent is not None:
                sent_batch.outcome(sent, is_held=is_held)
            if obstacle is not None:
                st.error(plain(obstacle))
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="sum"):
            if sent is not None and is_held:
                sent_batch.countdown(sent)
            else:
                again = sent is not None and len(sent.rows) == count and sent_batch.is_same(sent, _briefs(plan))
                _bar(plan, total, is_free_to_press=obstacle is None, again=again)
    if sent is not None:
        scroll.bring("batch-bar", sent_batch.turn(sent, is_held=is_held), focuses="button")
        sent_batch.question(sent)
    now, price = "", ""
    if count and obstacle is None:
        price = sum_words(total)
        now = _count_and_sum(count, "$0.00 in the sandbox" if in_sandbox() and not _is_free(total) else price)
    presses.question(now, price, _send_stopped, _ask)
    if count and st.session_state.get("batch.asking") and presses.hand().stopped is None:
        _question(plan, total)


def _follow_changes(count: int) -> None:
    """Ask anew, or take the question back, if what it is about has changed."""
    if not (asking := st.session_state.get("batch.asking")):
        return
    if count and presses.renews(asking, anew := secrets.token_urlsafe(9)):
        st.session_state["batch.asking"] = anew
    elif (why := presses.overtaken(asking)) is not None:
        st.session_state["batch.asking"], st.session_state["batch.outcome"] = None, why


def without_rows() -> None:
    """Draw messages and questions if there are no rows."""
    sent = sent_batch.last()
    is_held = sent is not None and sent_batch.can_undo(sent)
    with st.container():
        _refusal()
        if sent is not None:
            sent_batch.outcome(sent, is_held=is_held)
    if sent is not None and is_held:
        with st.container(border=True, key="sum"):
            sent_batch.countdown(sent)
    if sent is not None:
        sent_batch.question(sent)
    presses.question("", "", _send_stopped, _ask)


def _bar(plan: Plan, total: Total, *, is_free_to_press: bool, again: bool) -> None:
    """Draw the total of the ready rows, and the button that asks about them; ``again`` if just these were sent."""
    count = int(plan.ready.sum())
    narrow = views.is_narrow()
    with st.container(gap=None, width="stretch"):
        views.watch_width(narrow=narrow)
        st.markdown(_said(plan, count, total, narrow=narrow))
    st.button(
        "Render again…" if again else md(_label(count, total)),
        key="batch.send",
        type="secondary" if again else "primary",
        wrap=True,
        disabled=not count or not is_free_to_press,
        on_click=pressed(_ask),
    )


def _briefs(plan: Plan) -> list[Brief]:
    """Return the clips of the ready rows."""
    return [plan.batch.brief(row, plan.engines[row]) for row in plan.ready.nonzero()[0].tolist()]


def _said(plan: Plan, count: int, total: Total, *, narrow: bool) -> str:
    rows = len(plan.problems)
    if not count:
        quoted = plan.total(plan.quoted)
        words = (
            f"**None of the {rows:,} rows can be rendered yet**" if rows > 1 else "**The row cannot be rendered yet**"
        )
        return words + (md(f" · as an estimate {sum_words(quoted)}") if quoted.rows else "")
    parts = [f"**{count:,} of {rows:,} rows ready**", md(sum_words(total))]
    if narrow:
        return " · ".join(parts)
    slots = studio().estimates.slots()
    makers = {ENGINES[engine].provider for engine in plan.engines[plan.ready]}
    engines = set(plan.engines[plan.ready].tolist())
    parts.insert(1, f"all with {ENGINES[engines.pop()].title}" if len(engines) == 1 else f"{len(engines)} engines")
    if len(makers) == 1:
        parts.append(f"{slots[makers.pop()]} at a time")
    finish_s = plan.finish_s(plan.ready, slots)
    if finish_s is not None:
        parts.append(f"all done around **{hour(datetime.now(UTC) + timedelta(seconds=finish_s))}**")
    return " · ".join(parts)


def _label(count: int, total: Total) -> str:
    what = "the row" if count == 1 else f"all {count:,}"
    if not count:
        return "Render all ready rows…"
    if _is_free(total):
        return f"Render {what} as {'a free draft' if count == 1 else 'free drafts'}…"
    if in_sandbox():
        return f"Render {what} in sandbox · $0.00…"
    return f"Render {what} for {sum_words(total)}…"


def _is_free(total: Total) -> bool:
    return total.usd_micros == 0 and not total.unknown


def _obstacle(plan: Plan, count: int) -> str | None:
    """Say why nothing can be sent although rows are ready."""
    if count > MOST_AT_ONCE:
        return f"{count:,} rows are ready; at most {MOST_AT_ONCE} can be sent at once. Split the table."
    first = {engine: row for row in plan.ready.nonzero()[0][::-1].tolist() if (engine := plan.engines[row])}
    for engine, row in first.items():
        try:
            quotes = desk().quotes(plan.batch.brief(row, engine))
        except BriefError as error:
            return " ".join(error.fields.values())
        for quote in quotes:
            if quote.problems:
                return quote.problems[0]
    return None


def _ask() -> None:
    if presses.hand().stopped is not None:
        return  # which was meant has to be said first
    presses.hand().asked_s = time.monotonic()
    st.session_state["batch.asking"] = secrets.token_urlsafe(9)
    st.session_state["batch.outcome"] = None


def _answered() -> None:
    st.session_state["batch.asking"] = None


def _question(plan: Plan, total: Total) -> None:
    """Draw one question with everything to know before a batch is sent."""
    rows = plan.ready.nonzero()[0].tolist()
    order = BatchPress(
        st.session_state["batch.asking"],
        _briefs(plan),
        [price for row in rows if (price := plan.price(row)) is not None],
        in_sandbox(),
        sum_words(total),
        presses.screen(),
    )
    presses.watch(order.batch, order.words)
    videos = _videos(len(rows))
    free = _is_free(total)
    if free:
        title, button = f"Render {len(rows)} free {'draft' if len(rows) == 1 else 'drafts'}?", "Render now"
    elif order.sandbox:
        title, button = f"Render {videos} in the sandbox?", "Render for $0.00"
    else:
        title, button = f"Spend {order.words} on {videos}?", f"Spend {order.words}"

    @dialog(md(title), on_dismiss=_answered)
    def body() -> None:
        if st.session_state.get("batch.asking") is None:
            st.rerun()  # a press in here reruns only this body
        if order.sandbox and not free:
            st.markdown(md(f"The real price would be {order.words}."))
        for sentence in _left_out(plan):
            st.markdown(sentence)
        if not free and desk(sandbox=order.sandbox).passes_links(order.briefs):
            st.markdown(f"Vendors fetch pasted links themselves: the price holds {AS_LONG_AS}.")
        facts = _facts(order, plan, rows, total)
        for question in press_questions(facts):
            _explain(order, facts, question)
        if not free:
            st.caption(f"You can undo all for {HOLD_S:.0f} s; queued clips can be cancelled later.")
        with st.container(horizontal=True):
            st.button("Back", key="batch.back", on_click=pressed(_answered))
            key = f"batch.spend{presses.hand().renewed or ''}"
            st.button(md(button), key=key, type="primary", wrap=True, on_click=pressed(_send), args=(order,))

    body()


def _facts(order: BatchPress, plan: Plan, rows: Sequence[int], total: Total) -> PressFacts:
    free = _is_free(total)
    return PressFacts(
        is_free=free,
        is_sandbox=order.sandbox,
        is_priced=not total.unknown,
        dearest_usd_micros=max((price.usd_micros or 0 for price in order.prices), default=None),
        threshold_usd_micros=studio().budgets.asks_above(),
        above_limit=None if free else _above(order, total),
        alike=_again(order, plan, rows),
        unheard=_unheard(plan, rows),
    )


def _explain(order: BatchPress, facts: PressFacts, question: Question) -> None:
    match question.kind:
        case QuestionKind.UNHEARD | QuestionKind.ALIKE:
            for sentence in question.says:
                st.markdown(sentence)
        case QuestionKind.UNKNOWN_PRICE:
            st.markdown("We can’t say what the credits are in dollars.")
            if any(studio().budgets.any_cap(project, desk().by) for project in {one.project for one in order.briefs}):
                decimal(
                    "Set aside from this month’s cap for each clip of unknown price ($)",
                    CEILING_USD,
                    key=CEILING,
                    figures=CEILINGS,
                    help="Until the real cost is known. It is not a limit at the vendor.",
                )
        case QuestionKind.THRESHOLD:
            limit = price_text(facts.threshold_usd_micros)
            st.markdown(md(f"Your team confirms every clip above {limit}."))
        case QuestionKind.APPROVAL:
            st.markdown(md(f"{plain(' '.join(question.says))} {WAITS}"))


def _above(order: BatchPress, total: Total) -> str | None:
    """Say why somebody else has to approve first."""
    usd_micros = None if total.unknown else total.usd_micros
    try:
        return desk(sandbox=order.sandbox).batch_above_limit(order.briefs, usd_micros)
    except BriefError:  # the press itself says which row and why
        return None


def _left_out(plan: Plan) -> list[str]:
    """Return sentences about the rows that are left out, with their numbers and reasons."""
    out = (~plan.ready).nonzero()[0].tolist()
    sentences = [f"Row {plan.batch.sheet.numbers[row]} is left out: {plain(plan.why_not(row))}" for row in out[:NAMED]]
    if len(out) > NAMED:
        sentences.append(f"{len(out) - NAMED:,} more rows are left out; the table says why.")
    return sentences


def _unheard(plan: Plan, rows: Sequence[int]) -> list[str]:
    """Return sentences about rows that would be paid for although nothing is heard in their voices."""
    doubtful = [row for row in rows if plan.batch.doubts[row]]
    said = [f"Row {plan.batch.sheet.numbers[row]}: {plain(plan.batch.doubts[row])}" for row in doubtful[:NAMED]]
    if len(doubtful) > NAMED:
        said.append(f"Nothing is heard in {len(doubtful) - NAMED:,} more rows; the table says why.")
    return said


def _again(order: BatchPress, plan: Plan, rows: Sequence[int]) -> list[str]:
    """Return a sentence about rows that are already made or in progress."""
    alike = desk(sandbox=order.sandbox).alike(order.briefs)
    known = [
        f"{plan.batch.sheet.numbers[row]} (job {job.id})"
        for row, job in zip(rows, alike, strict=True)
        if job is not None
    ]
    if not known:
        return []
    more = f" and {len(known) - NAMED:,} more" if len(known) > NAMED else ""
    return [f"Already made or in progress: row {', '.join(known[:NAMED])}{more}. They would be rendered a second time."]


def _send(order: BatchPress) -> None:
    """Queue all jobs or none, if the page still matches the question."""
    why = presses.why_not(order)
    try:
        dollars = number(CEILING)  # None if no field was drawn
    except TypedError:
        return  # the field asks what is meant
    if why is None:
        _submit(order if dollars is None else replace(order, ceiling_usd_micros=int(dollars * 1_000_000)))
    else:
        st.session_state["batch.outcome"] = why
    st.session_state["batch.asking"] = None


def _send_stopped(order: BatchPress) -> None:
    """Queue all jobs of a stopped press, whatever the page shows now: it was confirmed before."""
    _submit(replace(order, batch=secrets.token_urlsafe(9), screen=presses.screen()))


def _submit(order: BatchPress) -> None:
    at_s = time.monotonic()
    try:
        jobs = desk(sandbox=order.sandbox).submit_all(
            order.briefs,
            batch=order.batch,
            hold_s=HOLD_S,
            agreed=order.prices,
            ceiling_usd_micros=order.ceiling_usd_micros,
        )
    except PriceRoseError as error:
        st.session_state["batch.quoted"] = None
        st.session_state["batch.outcome"] = ("A price has risen", str(error))
    except BriefError as error:
        st.session_state["batch.outcome"] = ("Nothing was sent", " ".join(dict.fromkeys(error.fields.values())))
    except NotAllowedError as error:
        st.session_state["batch.outcome"] = ("Nothing was sent", str(error))
    else:
        presses.made(order, tuple(job.id for job in jobs), at_s)
        sent_batch.note(SentBatch(order.batch, tuple(order.briefs), order.cost, tuple(order.briefs)))


def _refusal() -> None:
    """Draw why the last press sent nothing, if so."""
    if (refused := st.session_state.get("batch.outcome")) is not None:
        title, text = refused
        st.error(plain(text), title=title)
