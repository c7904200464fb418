"""Trying ended jobs again, with the same engine or another: one question with every price, then one press."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from lipsync_core import (
    ENGINES,
    HOLD_S,
    MEDIUM_KINDS,
    VOICE_FIELDS,
    Brief,
    BriefError,
    Job,
    JobState,
    PressFacts,
    Qualifier,
    QuestionKind,
    Quote,
    SettingsError,
    press_questions,
    price_text,
    priced,
    unheard_words,
)
from pages.ui import refusals
from pages.ui.frame import desk, dialog, in_sandbox, pressed, studio
from pages.ui.text import md, plain, real_price

PLACE = "bulk"
"""The anchor of messages about why something was not done with the ticked jobs."""
MOST = 100
"""The most jobs that one press tries again."""
NAMED = 8
"""The most jobs that a dialog names."""
NO_VIDEO = (JobState.FAILED, JobState.REJECTED, JobState.LOST)
"""The ends that one press tries again; other jobs are ticked first, or made anew with “Use again”."""
SAME = "The same engine"
ENGINE = "retry-engine"


@dataclass(frozen=True, slots=True)
class _Again:
    """One job's second try."""

    job: Job
    brief: Brief
    quote: Quote | None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class _Sum:
    """A sum of prices, for `priced`."""

    usd_micros: int | None
    qualifier: Qualifier
    credits: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What a press has made."""

    press: str
    jobs: Sequence[Job]
    cost: str
    """The confirmed amount, in words."""


def question(jobs: Sequence[Job], press: str, close: Callable[[], None], follow: Callable[[Sent], None]) -> None:
    """Draw the dialog: which engine, what each costs, what is left out, and the press; ``follow`` runs after it."""
    over = [job for job in jobs if job.is_over]
    title = "Try 1 job again?" if len(over) == 1 else f"Try {len(over)} jobs again?"

    @dialog(title, width="medium", on_dismiss=close)
    def body() -> None:
        if st.session_state.get("bulk_asking") is None:
            st.rerun()  # a press in here reruns only this body
        engine = _engine(over)
        sandbox = _environment(over)
        if sandbox is None or len(over) > MOST:
            many = f"At most {MOST} jobs can be tried again at once."
            st.markdown(many if sandbox is not None else "Tick jobs of the sandbox and real ones separately.")
            st.button("Back", key="bulk-back", on_click=pressed(close))
            return
        tries = [_again(job, engine, sandbox=sandbox) for job in over]
        ready = [one for one in tries if one.quote is not None]
        _name(ready, [one for one in tries if one.quote is None], sandbox=sandbox)
        cost = _cost(ready, sandbox=sandbox)
        if ready:
            _questions(ready, sandbox=sandbox)
            if cost != "free":
                st.caption(f"You can undo this for {HOLD_S:.0f} seconds, and withdraw waiting jobs after that.")
        with st.container(horizontal=True):
            st.button("Back", key="bulk-back", on_click=pressed(close))
            if not ready:
                return
            videos = "1 video" if len(ready) == 1 else f"{len(ready)} videos"
            st.button(
                md(f"Render {videos}: {cost}"),
                key="bulk-yes",
                type="primary",
                wrap=True,
                on_click=pressed(_send),
                args=(
                    Sent(press, [], cost),
                    [one.brief for one in ready],
                    [one.quote for one in ready],
                    sandbox,
                    close,
                    follow,
                ),
            )

    body()


def _engine(jobs: Sequence[Job]) -> str | None:
    """Draw the choice of the engine, if one fits all; return None for the same."""
    scenes = {job.brief.scene for job in jobs}
    fitting = [engine.id for engine in ENGINES.values() if {engine.scene} == scenes]
    chosen = st.selectbox(
        "Engine",
        [SAME, *fitting],
        format_func=lambda engine: ENGINES[engine].title if engine in ENGINES else engine,
        key=ENGINE,
    )
    return None if chosen == SAME else chosen


def _environment(jobs: Sequence[Job]) -> bool | None:
    """Return whether paid clips go to the sandbox: where the jobs went; None if some went elsewhere."""
    places = {job.sandbox for job in jobs if not job.is_draft}
    return None if len(places) > 1 else next(iter(places), in_sandbox())


def _again(job: Job, engine: str | None, *, sandbox: bool) -> _Again:
    brief = replace(job.brief, engine=job.engine)
    if engine is not None and engine != job.engine:
        sizes = ENGINES[engine].resolutions
        size = brief.resolution if brief.resolution in sizes or not sizes else sizes[0]
        brief = replace(brief, engine=engine, resolution=size, seed=-1)
    if brief.engine not in ENGINES:
        return _Again(job, brief, None, "its engine is no longer offered")
    try:
        quote = desk(sandbox=sandbox).chosen(brief)
    except BriefError as error:
        return _Again(job, brief, None, " ".join(error.fields.values()))
    except SettingsError as error:
        return _Again(job, brief, None, str(error))
    if quote.problems:
        return _Again(job, brief, None, quote.problems[0])
    if quote.reserved_usd_micros is None and not sandbox and not ENGINES[quote.engine].is_draft:
        return _Again(job, brief, None, "its price is not known: send it by itself, with “Use again”")
    return _Again(job, brief, quote)


def _name(ready: Sequence[_Again], out: Sequence[_Again], *, sandbox: bool) -> None:
    lines = [f"- {plain(one.job.title)} · {md(_price(one, sandbox=sandbox))}" for one in ready[:NAMED]]
    lines += [f"- and {len(ready) - NAMED} more"] * (len(ready) > NAMED)
    lines += [f"- {plain(one.job.title)} is left out: {plain(one.why_not)}" for one in out[:NAMED]]
    lines += [f"- {len(out) - NAMED} more are left out"] * (len(out) > NAMED)
    st.markdown("\n".join(lines))


def _price(one: _Again, *, sandbox: bool) -> str:
    if one.quote is None:
        return ""
    if sandbox and not ENGINES[one.quote.engine].is_draft:
        return f"$0.00 ({real_price(one.quote)})"
    return priced(one.quote)


def _cost(ready: Sequence[_Again], *, sandbox: bool) -> str:
    paid = [one.quote for one in ready if one.quote is not None and not ENGINES[one.quote.engine].is_draft]
    if not paid:
        return "free"
    if sandbox:
        return "$0.00 in the sandbox"
    qualifiers = {quote.qualifier for quote in paid} - {Qualifier.EXACT}
    qualifier = next(iter(qualifiers)) if len(qualifiers) == 1 else Qualifier.ASSUMED if qualifiers else Qualifier.EXACT
    return priced(_Sum(sum(quote.usd_micros or 0 for quote in paid), qualifier))


def _questions(ready: Sequence[_Again], *, sandbox: bool) -> None:
    """Draw every reason to reconsider; the press stands below them."""
    here = desk(sandbox=sandbox)
    briefs = [one.brief for one in ready]
    paid = [one for one in ready if one.quote is not None and not ENGINES[one.quote.engine].is_draft]
    total = sum(one.quote.reserved_usd_micros or 0 for one in paid if one.quote is not None)
    again = [job for job in here.alike(briefs) if job is not None]
    facts = PressFacts(
        is_free=not paid,
        is_sandbox=sandbox,
        dearest_usd_micros=max((one.quote.usd_micros or 0 for one in paid if one.quote is not None), default=None),
        threshold_usd_micros=studio().budgets.asks_above(),
        above_limit=here.batch_above_limit(briefs, total) if paid else None,
        alike=[f"“{job.title}” (job {job.id}) is made or in progress already." for job in again[:NAMED]],
        unheard=[words for one in paid for words in _unheard(one.brief)][:NAMED],
    )
    for asked in press_questions(facts):
        match asked.kind:
            case QuestionKind.THRESHOLD:
                st.markdown(md(f"Your team confirms every clip above {price_text(facts.threshold_usd_micros)}."))
            case QuestionKind.APPROVAL:
                waits = "The jobs wait until somebody approves them; nothing is sent or charged before that."
                st.markdown(md(f"{plain(' '.join(asked.says))} {waits}"))
            case _:
                for words in asked.says:
                    st.markdown(md(plain(words)))


def _unheard(brief: Brief) -> list[str]:
    voices = [desk().media.facts(getattr(brief, field), MEDIUM_KINDS[field]) for field in VOICE_FIELDS]
    return [words for voice in voices if voice is not None and (words := unheard_words(voice)) is not None]


def _send(
    asked: Sent,
    briefs: Sequence[Brief],
    agreed: Sequence[Quote],
    sandbox: bool,
    close: Callable[[], None],
    follow: Callable[[Sent], None],
) -> None:
    """Queue all jobs or none, at these prices; a second press of the same question makes no second batch."""
    made: list[Job] = []

    def do() -> None:
        made.extend(desk(sandbox=sandbox).submit_all(briefs, batch=asked.press, hold_s=HOLD_S, agreed=agreed))

    close()
    if refusals.attempt(PLACE, do):
        follow(replace(asked, jobs=tuple(made)))
