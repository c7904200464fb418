"""The frame of every page: title, visitor, sandbox badge, and a warning while the tracker is not running."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, copy_context
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar
from urllib.parse import quote, unquote

import streamlit as st

from lipsync_core import MAX_NAME, Action, Desk, NotAllowedError, Person, Studio, act_for, one_line
from pages.ui import ledger_trouble, lost_files, menu, refusals, steady
from pages.ui.signed_cookie import TOKENS
from pages.ui.text import about, clock, plain

P = ParamSpec("P")
R = TypeVar("R")

NOBODY = "Someone"
"""A job's maker if no name was given."""

NAME_COOKIE = "studio_name"
SANDBOX_COOKIE = "studio_sandbox"
_WHOSE_SANDBOX = {True: "For everyone: STUDIO_SANDBOX is set.", False: "Only in this browser."}
"""By whether the whole studio is in the sandbox."""
A_YEAR = "; max-age=31536000"
GONE = "; max-age=0"

_COOKIE = """export default function ({ data }) {
  document.cookie = `${data}; path=/; samesite=lax`
}"""


@st.cache_resource(show_spinner=False)
def studio() -> Studio:
    """Return the studio that all visits of this server share."""
    return Studio.from_env()


_desk: ContextVar[Desk | None] = ContextVar("desk", default=None)
"""Set by `closed` for the run: reading the session's state may end the run before its action is done."""


def desk(*, sandbox: bool | None = None) -> Desk:
    """Return the visitor's desk. ``sandbox`` says whether paid clips go to the sandbox; None follows their switch."""
    here = _desk.get() or studio().desk(visitor(), visit=looking(), sandbox=in_sandbox())
    return here if sandbox is None else here.elsewhere(sandbox=sandbox)


def header(
    title: str, tab: str | None = None, *, heading: str | None = None, tools: Callable[[], None] | None = None
) -> None:
    """Draw the top of a page. ``tab`` is the browser tab's title; ``tools`` draws the page's own buttons.

    ``heading``, in Markdown, stands at the top where the page is about one thing; else the page's title does.

    A visitor who may not enter gets no further.
    """
    person = require()
    elsewhere = came_from_elsewhere(title)
    st.session_state.page_shown = title
    st.session_state.dialog_open = False  # until this run draws a dialog
    name_tab(tab or title)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(heading or title, width="content", anchor=False)
        badge = st.container(width="content", gap=None)  # always there, so that what follows keeps its place
        if in_sandbox():
            badge.badge("SANDBOX · nothing is billed", color="violet")
        st.space("stretch")
        if tools is not None:
            with st.container(width="content"):  # always there as well
                tools()
        name = _visitor() if person is None else person.email
        with st.popover(plain(name if person is None else person.name), icon=":material/person:", type="tertiary"):
            if person is None:
                st.text_input(
                    "Your name",
                    key="visitor",
                    max_chars=MAX_NAME,
                    help="Shown on the jobs you start, so that colleagues know whose they are.",
                    persist_state="session",
                )
            else:
                st.text(f"{person.email}\nYou are {'an' if person.role[0] == 'a' else 'a'} {person.role}.")
                st.button("Sign out", icon=":material/logout:", on_click=_sign_out)
            if why_not(Action.MAKE) is None:
                sandbox_toggle("Sandbox", "menu_sandbox")
                st.caption("Vendors are simulated and bill nothing. " + _WHOSE_SANDBOX[studio().sandbox])
    with badge:
        steady.draw()
        lost_files.draw()
        menu.draw()
        _remember()
    with st.container():  # the same
        refusals.arrive(elsewhere=elsewhere)
        unwritable = studio().unwritable()
        ledger_trouble.draw(unwritable)
        if unwritable is None:
            _tracker_note()
        _bucket_note()


def looking() -> Person | None:
    """Return the visitor, as found by the gate in this run of the page; None without sign-in."""
    person: Person | None = st.session_state.get("looking")
    return person


def why_not(action: Action, *, owner: str | None = None) -> str | None:
    """Explain why the visitor may not do something; None if they may. Reads no ledger.

    This decides what is drawn. The core decides whether an action is allowed.
    """
    return studio().people.why_not(looking(), action, owner=owner)


def visitor() -> str:
    """Return the maker's name of the visitor's jobs: the signed-in address, else the name they entered."""
    person = looking()
    return _visitor() if person is None else person.email


def visit() -> dict[str, Any] | None:
    """Return the sign-in service's claims about the visitor; None if nobody is signed in."""
    if not getattr(st.user, "is_logged_in", False):
        return None
    return {name: claim for name, claim in st.user.to_dict().items() if name != TOKENS}


def require() -> Person | None:
    """Return the visitor; None without sign-in. If they may not enter, draw why, and end the run."""
    if not is_open():
        st.stop()
    return looking()


def is_open() -> bool:
    """Return whether the visitor may enter; if not, draw the sign-in page and nothing else."""
    why = closed()
    if why is not None:
        _door(why)
    return why is None


def closed() -> str | None:
    """Explain why the visitor may not enter; None if they may, and then `looking` returns them.

    From then on this thread's work is bound to their visit, so that the core checks that too.
    """
    person, why = _enter()
    st.session_state.looking = person
    _desk.set(None if why is not None else studio().desk(visitor(), visit=person, sandbox=in_sandbox()))
    return why


def _enter() -> tuple[Person | None, str | None]:
    """Return who enters, or why they may not; neither without sign-in. Does not read the session's state."""
    if not studio().people.sign_in:
        return None, None
    if (claims := visit()) is None:
        return None, "Sign in with your work account. This studio is for its team only."
    try:
        person = studio().people.enter(claims)
    except NotAllowedError as error:
        return None, str(error)
    act_for(person.visit)
    return person, None


def pressed(do: Callable[P, object]) -> Callable[P, None]:
    """Wrap a callback so that it runs only if the visitor may still enter: Streamlit runs callbacks before the gate.

    Every ``on_click`` and similar callback is wrapped in it. After the end of a visit nothing is done and the page
    draws the sign-in page. The session's state is not read: that may end the run in favour of a newer message, and the
    press or the input would be lost.
    """

    @wraps(do)
    def guarded(*given: P.args, **named: P.kwargs) -> None:
        _desk.set(None)  # the previous run's
        with ledger_trouble.press():
            _person, why = _enter()
            if why is None:
                do(*given, **named)

    return guarded


def fragment(run_every: float | None = None) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """`streamlit.fragment` that checks again whether the visitor may enter: a fragment's own run skips the gate.

    So a fragment that ticks, or that a manipulated browser requests, ends like the page.
    """

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        @st.fragment(run_every=run_every)
        @wraps(draw)
        def guarded(*given: P.args, **named: P.kwargs) -> None:
            with ledger_trouble.told():
                if closed() is not None:
                    st.rerun()
                draw(*given, **named)

        return guarded

    return decorate


def dialog(
    title: str,
    *,
    width: Literal["small", "medium", "large"] = "small",
    on_dismiss: Callable[[], object] | None = None,
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """`streamlit.dialog` that checks again whether the visitor may enter; its own run skips the gate, too.

    While it is open, ticks do not redraw the page behind it (`refresh`).
    """

    def dismissed() -> None:
        if on_dismiss is not None:
            on_dismiss()
        st.session_state.dialog_open = False

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        @st.dialog(title, width=width, on_dismiss=pressed(dismissed))
        @wraps(draw)
        def guarded(*given: P.args, **named: P.kwargs) -> None:
            with ledger_trouble.told():
                if closed() is not None:
                    st.rerun()
                draw(*given, **named)

        @wraps(draw)
        def opened(*given: P.args, **named: P.kwargs) -> None:
            st.session_state.dialog_open = True
            guarded(*given, **named)

        return opened

    return decorate


def refresh(*changed: int) -> None:
    """Redraw the whole page from a tick. While a dialog is open, only if it is about one of the jobs ``changed``.

    A run of the page removes every dialog and may put it back, together with the button a person is about to press.
    When the dialog is closed, the page is redrawn in any case.
    """
    asked: tuple[str, int] | None = st.session_state.get("dialog")
    if not st.session_state.get("dialog_open") or (asked is not None and asked[1] in changed):
        st.rerun()


def offered(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """Wrap the making of a file so that it checks, when the file is saved, whether the visitor may still enter."""
    claims = visit()

    def guarded() -> bytes:
        context = copy_context()
        if studio().people.sign_in:
            context.run(act_for, studio().people.enter(claims or {}).visit)
        return context.run(make)

    return guarded


def carried(do: Callable[[], R]) -> Callable[[], R]:
    """Bind work in another thread to this visit."""
    context = copy_context()
    return lambda: context.run(do)


def _door(why: str) -> None:
    """Draw the sign-in page, and nothing else."""
    st.title("Lip-Sync Studio", anchor=False)
    st.text(why)
    auth = st.secrets.get("auth", {})
    services = [None] if "client_id" in auth else [name for name in auth if hasattr(auth[name], "keys")]
    for service in services:
        label = "Sign in" if service is None else f"Sign in with {service.capitalize()}"
        st.button(label, type="primary", on_click=st.login, args=() if service is None else (service,))
    if visit() is not None:
        st.button("Sign out", on_click=_sign_out)


def _sign_out() -> None:
    """End the visit here, in every other tab, and for every copy of its cookie.

    The browser is sent to the sign-out address first: as soon as the visit is over, the server redraws this page, and
    later messages may be lost.
    """
    claims = visit()
    try:
        st.logout()
    finally:
        if claims is not None:
            studio().people.sign_out(claims)


def name_tab(text: str) -> None:
    """Set the browser tab's title, after a sandbox mark and a mark that something has ended (`pages.ui.news`)."""
    st.session_state.tab_title = text
    mark = "" if "✓" in text else st.session_state.get("news_mark", "")
    st.set_page_config(page_title=f"{'SANDBOX · ' if in_sandbox() else ''}{mark}{text} · Lip-Sync Studio")


def in_sandbox() -> bool:
    """Return whether this visit uses the sandbox: by the visitor's own switch, or because the whole studio does."""
    return studio().sandbox or own_sandbox()


def own_sandbox() -> bool:
    """Return whether the visitor's own switch is on. The browser keeps it for all its tabs until it is closed."""
    if "sandbox" not in st.session_state:
        st.session_state.sandbox = st.context.cookies.get(SANDBOX_COOKIE) == "1"
    return bool(st.session_state.sandbox)


def sandbox_toggle(label: str, key: str) -> None:
    """Draw the visitor's own switch."""
    st.session_state[key] = in_sandbox()
    st.toggle(
        label,
        key=key,
        on_change=pressed(_toggled),
        args=(key,),
        disabled=studio().sandbox,
        help="It stays on until you close the browser. Reload other open tabs to switch them, too.",
    )


def _toggled(key: str) -> None:
    switch_sandbox(bool(st.session_state.to_dict()[key]))


def switch_sandbox(on: bool) -> None:
    """Set the visitor's own switch."""
    st.session_state.sandbox = on
    st.session_state.sandbox_switched = True


def came_from_elsewhere(title: str) -> bool:
    """Return whether the visitor comes from another page than ``title``; call it before `header`."""
    return bool(st.session_state.get("page_shown") != title)


def _visitor() -> str:
    if "visitor" not in st.session_state:
        st.session_state.visitor = unquote(st.context.cookies.get(NAME_COOKIE, ""))[:MAX_NAME]
        st.session_state.remembered = st.session_state.visitor
    return one_line(st.session_state.visitor, MAX_NAME) or NOBODY


def _remember() -> None:
    """Store this visit's settings in the browser, as the session's own memory ends with F5."""
    if st.session_state.get("visitor") != st.session_state.get("remembered"):
        st.session_state.remembered = st.session_state.visitor
        keep_cookie(f"{NAME_COOKIE}={quote(st.session_state.visitor, safe='')}{A_YEAR}", "remember_name")
    # Drawn in every later run: an element that is gone in the next run may never have run in the browser.
    if st.session_state.get("sandbox_switched"):
        on = own_sandbox()
        keep_cookie(f"{SANDBOX_COOKIE}={int(on)}{'' if on else GONE}", "remember_sandbox")


def keep_cookie(cookie: str, key: str) -> None:
    """Have the browser write a cookie. Draw it in every later run too."""
    st.components.v2.component("cookie", js=_COOKIE)(data=cookie, key=key)


def _bucket_note() -> None:
    with st.container():
        trouble = studio().bucket_trouble()
        if trouble is not None:
            st.warning(
                f"{plain(trouble.advice)} What this server has a copy of is shown. Jobs that need the bucket wait, and "
                "nothing is lost.",
                title=trouble.title,
            )


def _tracker_note() -> None:
    if studio().tracker_alive():
        return
    seen = studio().tracker_seen()
    since = (
        f"It was last seen {clock(seen)}, {about((datetime.now(UTC) - seen).total_seconds())} ago."
        if seen
        else "It has not been seen yet."
    )
    st.warning(
        f"{since} Jobs wait and nothing is lost; they continue when the studio is restarted.",
        title="The tracker is not running",
    )
