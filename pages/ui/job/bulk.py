"""What can be done with the ticked jobs: a bar above the table, and a dialog that names them first."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from lipsync_core import Action, Filter, Job, Order
from pages.ui import refusals
from pages.ui.base_path import href
from pages.ui.frame import desk, dialog, looking, pressed, studio, why_not
from pages.ui.job import retry, ticked
from pages.ui.job.retry import NAMED, PLACE
from pages.ui.text import dollars, md, plain

ARCHIVE, UNARCHIVE, WITHDRAW, RETRY, PROJECT = "archive", "unarchive", "withdraw", "retry", "project"


@dataclass(frozen=True, slots=True)
class Asking:
    """One question that is open: about these jobs, whatever is ticked or shown meanwhile."""

    what: str
    ids: tuple[int, ...]
    press: str
    """The id of the press, so that a second one makes no second batch."""


def title() -> str:
    """Return how many jobs are ticked, and what they cost."""
    jobs = ticked.jobs()
    return md(f"**{_count(jobs)} ticked** · {_sum(jobs)}")


@dataclass(frozen=True, slots=True)
class Done:
    """What the last press did, for Undo."""

    words: str
    press: str
    archived: tuple[int, ...] = ()
    projects: Mapping[int, str] = field(default_factory=dict)
    """The projects that jobs had before."""


def draw() -> None:
    """Draw the buttons for the ticked jobs."""
    st.session_state.bulk_done = None
    jobs = ticked.jobs()
    ids = tuple(job.id for job in jobs)
    _zip(jobs)
    if mine := _handled(jobs):
        if all(job.hidden for job in mine):
            _button("Put back", ":material/unarchive:", UNARCHIVE, ids)
        else:
            _button("Archive…", ":material/archive:", ARCHIVE, ids)
        if any(job.can_withdraw for job in mine):
            _button("Withdraw…", ":material/undo:", WITHDRAW, ids)
        if any(job.is_over for job in mine):
            _button("Set project…", ":material/folder:", PROJECT, ids)
    if why_not(Action.MAKE) is None and any(job.is_over for job in jobs):
        _button("Try again…", ":material/replay:", RETRY, ids)
    st.button("Clear", icon=":material/close:", type="tertiary", on_click=pressed(ticked.clear), key="bulk-clear")


def done() -> Done | None:
    """Return what was done last, as long as that can be undone here."""
    found: Done | None = st.session_state.get("bulk_done")
    return found


def undo(last: Done) -> None:
    """Draw what was done, and Undo."""
    st.markdown(last.words, width="content")
    st.button("Undo", icon=":material/undo:", key="bulk-undo", on_click=pressed(_undo), args=(last,))


def _undo(last: Done) -> None:
    st.session_state.bulk_done = None
    if last.archived:
        refusals.attempt(PLACE, desk().jobs.unhide_all, last.archived)
    else:
        refusals.attempt(PLACE, desk().jobs.set_projects, last.projects)


def question(follow: Callable[[retry.Sent], None]) -> None:
    """Draw the open question, and why the last press did nothing; ``follow`` runs after jobs were tried again."""
    if refusals.is_refused(PLACE):  # an empty container would push the table down
        refusals.refusal(PLACE, "Nothing was done")
    asking: Asking | None = st.session_state.get("bulk_asking")
    if asking is None:
        return
    if asking.what == RETRY:
        retry.question(studio().listing.of(asking.ids), asking.press, close, follow)
    elif asking.what == PROJECT:
        _about_project(asking)
    else:
        _about(asking)


def try_again(ids: tuple[int, ...]) -> None:
    """Ask whether these jobs shall be tried again; for callbacks."""
    _ask(RETRY, ids)


def failed_again(batch: str, *, key: str) -> None:
    """Draw the button that asks whether all jobs of a batch that ended without a video shall be tried again, if any."""
    which = Filter(batch=batch, states=retry.NO_VIDEO, hidden=True)
    failed = studio().listing.page(which, limit=retry.MOST, order=Order.OLDEST)
    if failed and why_not(Action.MAKE) is None:
        st.button(
            "Try the failed one again…" if len(failed) == 1 else f"Try {len(failed)} failed again…",
            icon=":material/replay:",
            key=key,
            on_click=pressed(try_again),
            args=(tuple(job.id for job in failed),),
        )


def close() -> None:
    """Close the question."""
    st.session_state.bulk_asking = None


def forget() -> None:
    """Close the question, and forget what was done."""
    close()
    st.session_state.bulk_done = None


def _button(label: str, icon: str, what: str, ids: tuple[int, ...]) -> None:
    st.button(label, icon=icon, key=f"bulk-{what}", on_click=pressed(_ask), args=(what, ids))


def _ask(what: str, ids: tuple[int, ...]) -> None:
    st.session_state.refused = st.session_state.bulk_done = None
    st.session_state.bulk_asking = Asking(what, ids, secrets.token_urlsafe(9))


def _zip(jobs: Sequence[Job]) -> None:
    count = sum(job.output_sha256 is not None for job in jobs)
    name = "1 video.zip" if count == 1 else f"{count} videos.zip"
    if (link := studio().sharing.zip_link(jobs, name=name, person=looking())) is not None:
        label = "Download 1 video" if count == 1 else f"Download {count} videos"
        st.link_button(label, href(link), icon=":material/folder_zip:")


def _handled(jobs: Sequence[Job]) -> list[Job]:
    """Return those of these jobs that the visitor may handle."""
    return [job for job in jobs if why_not(Action.HANDLE, owner=job.by) is None]


def _about(asking: Asking) -> None:
    jobs = studio().listing.of(asking.ids)
    mine = _handled(jobs)
    on, title, words, yes = _words(asking.what, mine)
    do: Callable[[Sequence[int]], object] = {
        ARCHIVE: desk().jobs.hide_all,
        UNARCHIVE: desk().jobs.unhide_all,
        WITHDRAW: desk().jobs.withdraw_all,
    }[asking.what]

    def content() -> None:
        st.markdown(words)
        name_all(on)
        _left_out(len(jobs) - len(mine), ("belongs", "belong"), "to other people")

    _in_dialog(title, content, yes, _do, (asking, do, [job.id for job in on]), allowed=bool(on))


def _left_out(count: int, verbs: tuple[str, str], rest: str) -> None:
    """Draw how many of the ticked jobs a question is not about, and why; ``verbs`` are those of one and of many."""
    if count:
        st.caption(f"{count} of the ticked jobs {verbs[count > 1]} {rest}: left out.")


def _in_dialog(
    title: str,
    content: Callable[[], None],
    yes: str,
    do: Callable[..., None],
    args: tuple[object, ...],
    *,
    allowed: bool,
) -> None:
    """Ask in a dialog; ``do`` runs with ``args`` after the press on ``yes``, which may not be ``allowed``."""

    @dialog(title, on_dismiss=close)
    def body() -> None:
        if st.session_state.get("bulk_asking") is None:
            st.rerun()  # a press in here reruns only this body
        content()
        with st.container(horizontal=True):
            st.button("Back", key="bulk-back", on_click=pressed(close))
            st.button(yes, key="bulk-yes", type="primary", disabled=not allowed, on_click=pressed(do), args=args)

    body()


def _words(what: str, mine: Sequence[Job]) -> tuple[list[Job], str, str, str]:
    """Return the jobs that a question is about, its title, what it says, and its button."""
    if what == WITHDRAW:
        on = [job for job in mine if job.can_withdraw]
        saved = f" {dollars(_quoted(on))} is not spent." if _quoted(on) else ""
        said = f"They were never sent, and nothing is charged.{saved}"
        return on, f"Withdraw {_count(on)}?", md(said), "Withdraw"
    if what == UNARCHIVE:
        on = [job for job in mine if job.hidden]
        return on, f"Put {_count(on)} back?", "They are listed again.", "Put back"
    on = [job for job in mine if not job.hidden]
    said = f"They leave the lists. Their videos, links and costs ({_sum(on)}) stay, and “Show archived” lists them."
    return on, f"Archive {_count(on)}?", md(said), "Archive"


def name_all(jobs: Sequence[Job]) -> None:
    """Draw the names of jobs, the first of many."""
    lines = [f"- {plain(job.title)} · {job.id}" for job in jobs[:NAMED]]
    if len(jobs) > NAMED:
        lines.append(f"- and {len(jobs) - NAMED} more")
    st.markdown("\n".join(lines))


def _do(asking: Asking, do: Callable[[Sequence[int]], object], ids: Sequence[int]) -> None:
    close()
    if refusals.attempt(PLACE, do, ids):
        ticked.clear()
        if asking.what == ARCHIVE:
            st.session_state.bulk_done = Done(f"{_count(ids)} archived.", asking.press, archived=tuple(ids))


def _about_project(asking: Asking) -> None:
    jobs = studio().listing.of(asking.ids)
    mine = _handled(jobs)
    on = [job for job in mine if job.is_over]
    before = {job.brief.project for job in on}
    known = studio().listing.projects()

    def content() -> None:
        st.selectbox(
            "Project",
            known,
            index=known.index(one) if len(before) == 1 and (one := next(iter(before))) in known else None,
            accept_new_options=True,
            placeholder="None",
            key=f"bulk-project-{asking.press}",
        )
        if any(job.counted_usd_micros for job in on):
            st.caption("What they cost counts toward this project from now on, in the month in which it counted.")
        name_all(on)
        _left_out(len(jobs) - len(mine), ("belongs", "belong"), "to other people")
        _left_out(len(mine) - len(on), ("is", "are"), "not over yet")

    title = f"Set the project of {_count(on)}"
    _in_dialog(title, content, "Set project", _set_project, (asking, [job.id for job in on]), allowed=bool(on))


def _set_project(asking: Asking, ids: Sequence[int]) -> None:
    chosen: str = st.session_state.get(f"bulk-project-{asking.press}") or ""
    close()
    before: dict[int, str] = {}
    if refusals.attempt(PLACE, lambda: before.update(desk().jobs.set_projects(dict.fromkeys(ids, chosen)))):
        ticked.clear()
        where = f"moved to “{plain(chosen)}”" if chosen else "taken out of their projects"
        if before:
            st.session_state.bulk_done = Done(f"{_count(before)} {where}.", asking.press, projects=before)


def _count(jobs: Collection[object]) -> str:
    return "1 job" if len(jobs) == 1 else f"{len(jobs)} jobs"


def _quoted(jobs: Sequence[Job]) -> int:
    return sum(0 if job.sandbox else job.quote.usd_micros or 0 for job in jobs)


def _sum(jobs: Sequence[Job]) -> str:
    if jobs and all(job.sandbox for job in jobs):
        return "$0.00 in the sandbox"
    unknown = sum(job.quote.usd_micros is None and not job.sandbox for job in jobs)
    return dollars(_quoted(jobs)) + (f" and {unknown} of unknown price" if unknown else "")
