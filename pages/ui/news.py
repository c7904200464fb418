"""News about jobs that have ended: a card on every page that stays until it is dismissed, and a mark on the tab.

Approvers also see there how many jobs wait for them (except on Jobs, which lists them), and which of the jobs that they
approved cost more than their price.

Renders take minutes to hours, so a toast would be missed. The browser stores when the visitor last looked, so that it
survives F5, a closed tab and a restart.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from lipsync_core import PENDING, Action, Filter, Job, JobState, cost_above
from pages.ui.brief.scenes import MAKE, MANY
from pages.ui.frame import A_YEAR, desk, fragment, keep_cookie, looking, name_tab, pressed, studio, why_not
from pages.ui.job import approvals
from pages.ui.many import sent_batch
from pages.ui.text import STATE_WORDS, md, plain

COOKIE = "studio_looked"
LOOK_EVERY_S = 5
"""Seconds between two checks while a job of the visitor is in progress."""
NAMED = 3
"""The most jobs that the card names."""
MOST = 50
WAITING = (*PENDING, JobState.AWAITING_APPROVAL)


def draw(page: str) -> None:
    """Draw the card above the page at the address ``page``, if there is news."""

    _looked()
    under_way = studio().count(Filter(states=WAITING, by=desk().by)) > 0
    if under_way:
        st.session_state.keep_looked = True

    approves = looking() is not None and why_not(Action.DECIDE) is None
    decides = page != "jobs" and approves

    # A tick draws only the card: a full run would close dialogs and restart players.
    @fragment(run_every=LOOK_EVERY_S if under_way or approves else None)
    def look() -> None:
        news, dear = _news(page)
        before = st.session_state.get("news_mark", "")
        st.session_state.news_mark = mark(news, dear)
        if before != mark(news, dear) and "tab_title" in st.session_state:
            name_tab(st.session_state.tab_title)
        if decides:
            _to_decide(len(approvals.mine()))
        told = [job for job in news if not _is_in_sight(job, page)]
        if told or dear:
            _card(told, dear)
        if st.session_state.get("keep_looked"):
            keep_cookie(f"{COOKIE}={_looked()}{A_YEAR}", "remember_looked")

    look()


def mark(news: Sequence[Job], dear: Sequence[Job] = ()) -> str:
    """Return the mark before the tab's title."""
    if not news and not dear:
        return ""
    return "✓ " if not dear and all(job.state is JobState.DONE for job in news) else "! "


def _looked() -> int:
    """Return when the visitor last looked, in milliseconds; at a first visit, now."""
    if "looked" not in st.session_state:
        kept = st.context.cookies.get(COOKIE, "")
        now = int(time.time() * 1000)
        st.session_state.looked = min(int(kept), now) if kept.isascii() and kept.isdigit() and len(kept) < 15 else now
        st.session_state.opened = set()
    looked: int = st.session_state.looked
    return looked


def _news(page: str) -> tuple[list[Job], list[Job]]:
    """Return the jobs that ended, and those that cost more than their price, unless opened or shown on this page."""
    asked = st.query_params.get("job", "") if page == "jobs" else ""
    shown = {int(asked)} if asked.isdecimal() and len(asked) < 18 else set()
    if page == "" and (open_brief := desk().briefs.open(st.session_state.get("brief_id", ""))) is not None:
        shown |= {open_brief.job_id} if open_brief.job_id is not None else set()
    opened: set[tuple[int, datetime | None]] = st.session_state.opened
    since = datetime.fromtimestamp(_looked() / 1000, UTC)
    ended = studio().endings.of(desk().by, since, limit=MOST)
    dear = studio().endings.dearer(desk().by, since, limit=MOST)
    opened |= {(job.id, None) for job in ended if job.id in shown}
    opened |= {(job.id, job.above_at) for job in dear if job.id in shown}  # a bill may come long after the end
    return (
        [job for job in ended if (job.id, None) not in opened],
        [job for job in dear if (job.id, job.above_at) not in opened],
    )


def _is_in_sight(job: Job, page: str) -> bool:
    """Return whether the page itself says that a job is done: Jobs, and Many clips of the batch that was sent last."""
    if job.state is not JobState.DONE:
        return False
    sent = sent_batch.last() if st.query_params.get(MAKE) == MANY else None
    return page == "jobs" or (page == "" and sent is not None and job.batch == sent.batch)


def _card(news: Sequence[Job], dear: Sequence[Job]) -> None:
    with st.container(border=True, key="news", horizontal=True, vertical_alignment="center"):
        with st.container(gap="xsmall", width="stretch"):
            for job in dear[:NAMED]:
                st.error(md(cost_above(job) or ""), title=f"{plain(job.title)} cost more than its price")
                st.page_link("jobs.py", label=f"See what job {job.id} cost", query_params={"job": str(job.id)})
            if len(dear) > NAMED:
                st.caption(f"and {len(dear) - NAMED} more that cost more than their price, on Spend")
            for job in news[:NAMED]:
                words = STATE_WORDS[job.state]
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.markdown(f"{words.icon} **{plain(job.title)}** {words.news}.", width="content")
                    st.page_link("jobs.py", label=f"See job {job.id}", query_params={"job": str(job.id)})
            if len(news) > NAMED:
                st.caption(f"and {len(news) - NAMED}{' or more' if len(news) == MOST else ''} others, on Jobs")
        st.button("Dismiss", icon=":material/close:", key="dismiss-news", on_click=pressed(_dismiss))


def _to_decide(count: int) -> None:
    if count:
        with st.container(border=True, key="to-decide", horizontal=True, vertical_alignment="center"):
            waits = "1 job waits" if count == 1 else f"{count} jobs wait"
            st.markdown(f":material/approval: **{waits}** for you to approve or decline.", width="content")
            st.page_link("jobs.py", label="Decide on Jobs")


def _dismiss() -> None:
    st.session_state.looked = int(time.time() * 1000)
    st.session_state.keep_looked = True
