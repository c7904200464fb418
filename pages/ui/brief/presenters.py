"""The stock presenter of a clip: the one that was chosen, or a page of faces to choose from."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from lipsync_core import Presenter, PresenterPage, VendorError
from pages.ui.brief import library_picker
from pages.ui.brief.form import Form, change
from pages.ui.frame import desk, fragment, in_sandbox, pressed, refresh, studio
from pages.ui.text import plain

NO_DRAFT = "There is no free draft of a stock presenter. For one, choose “One person” above and add a picture."
FILTERS = {"gender": "Gender", "age_range": "Age", "location": "Place", "style": "Style"}
WORDS = {"m": "Male", "f": "Female", "nb": "Non-binary"}
"""Replacements for some of the vendor's words; the others are shown unchanged."""
FACE = 120
"""The least width of a face, in pixels."""
AGAIN_S = 2.0
"""Seconds between two checks for pictures that are still being fetched."""


def draw(form: Form) -> None:
    """Draw the presenter's slot."""
    with st.container(border=True, key="slot-creator"):
        st.header("Presenter", anchor=False)
        st.caption(NO_DRAFT)
        if are_simulated(form) and not in_sandbox():
            st.caption(f"Presenters of the sandbox. {form.engine.vendor}’s own are listed once its key is added.")
        try:
            if form.brief.creator and not st.session_state.get(_replacing(form)):
                _chosen(form, studio().presenters.find(form.brief.creator, sandbox=are_simulated(form)))
            else:
                _choose(form)
        except VendorError as error:
            _by_id(form, str(error))
        form.note("creator")


def are_simulated(form: Form) -> bool:
    """Return whether the presenters are those of the sandbox: in it, and where the vendor's key is missing."""
    return in_sandbox() or studio().vendors.state(form.engine.provider, sandbox=False).missing is not None


def _chosen(form: Form, presenter: Presenter | None) -> None:
    if presenter is None:
        st.text(form.brief.creator or "")
        st.caption(f"{form.engine.vendor} lists no presenter with this id.")
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            if presenter.picture is not None:
                st.image(
                    desk().media.link(presenter.picture, "preview"),
                    width=80,
                    alt=f"Presenter: {presenter.name}",
                )
            with st.container(width="stretch", gap="xsmall"):
                st.text(presenter.name)
                st.caption(plain(_facts(presenter)))
        library_picker.offer_presenter(
            presenter, form.engine.vendor, form.brief.project, f"{form.brief_id}.creator.keep"
        )
    st.button(
        "Replace presenter",
        key=f"{form.brief_id}.creator.replace",
        icon=":material/swap_horiz:",
        on_click=pressed(_replace),
        args=(form, True),
    )


def _choose(form: Form) -> None:
    known = studio().presenters.choices(sandbox=are_simulated(form))
    turn = st.session_state.get(f"{form.brief_id}.creator.turn", 0)
    item = library_picker.at_hand("creator", form.brief.project, f"{form.brief_id}.creator.hand.{turn}")
    if item is not None:
        st.session_state[f"{form.brief_id}.creator.turn"] = turn + 1
        change(form.brief_id, creator=item.ref)
        studio().library.used(item.id)
        _replace(form, False)
        st.rerun()
    wanted: dict[str, str | None] = {}
    with st.grid(2, min_column_width=FACE):
        for name, label in FILTERS.items():
            wanted[name] = st.selectbox(
                label,
                known.get(name, ()),
                index=None,
                format_func=_word,
                key=f"{form.brief_id}.filter.{name}",
                placeholder="Any",
                on_change=pressed(_first_page),
                args=(form,),
            )

    def ask() -> PresenterPage:
        number = st.session_state.get(_page(form), 1)
        return studio().presenters.page(number, sandbox=are_simulated(form), **wanted)

    page = ask()
    _faces(form, page, ask)
    if page.pages > 1:
        st.pagination(page.pages, key=_page(form))
    if form.brief.creator:
        st.button(
            "Keep the current one", key=f"{form.brief_id}.creator.back", on_click=pressed(_replace), args=(form, False)
        )


def _faces(form: Form, page: PresenterPage, ask: Callable[[], PresenterPage]) -> None:
    """Draw a page, and redraw it while pictures are still being fetched."""
    drawn = [page]

    @fragment(run_every=AGAIN_S if page.coming else None)
    def faces() -> None:
        now = drawn.pop() if drawn else ask()
        if st.session_state.pop(_taken(form), False):
            st.rerun()  # the whole page: a presenter was chosen
        if page.coming and not now.coming:
            refresh()  # nothing is left to wait for
        if not now.presenters:
            st.caption("No presenter matches all of these: remove one.")
        with st.grid(min_column_width=FACE):
            for presenter in now.presenters:
                with st.container(gap="xsmall"):
                    _face(form, presenter, waits=now.coming > 0)

    faces()


def _face(form: Form, presenter: Presenter, *, waits: bool) -> None:
    if presenter.picture is not None:
        picture = desk().media.link(presenter.picture, "thumb")
        st.image(picture, alt=f"{presenter.name}, {_facts(presenter)}")
    elif waits:
        st.skeleton(height=FACE)
    st.button(
        plain(presenter.name),
        key=f"{form.brief_id}.creator.{presenter.id}",
        width="stretch",
        wrap=True,
        on_click=pressed(_take),
        args=(form, presenter.id),
    )


def _by_id(form: Form, why: str) -> None:
    st.warning(plain(why), title=f"{form.engine.vendor}’s presenters cannot be shown")
    st.text_input(
        "Presenter’s id",
        key=form.key("creator"),
        placeholder="3c90c3cc-0d44-4b50-8888-8dd25736052a",
        on_change=pressed(form.change),
        args=("creator",),
        help=f"A presenter’s id in {form.engine.vendor}’s own list of personas.",
    )


def _take(form: Form, presenter_id: str) -> None:
    change(form.brief_id, creator=presenter_id)
    st.session_state[_taken(form)] = True
    _replace(form, False)


def _replace(form: Form, on: bool) -> None:
    st.session_state[_replacing(form)] = on


def _first_page(form: Form) -> None:
    st.session_state[_page(form)] = 1


def _replacing(form: Form) -> str:
    return f"{form.brief_id}.creator.replacing"


def _taken(form: Form) -> str:
    return f"{form.brief_id}.creator.taken"


def _page(form: Form) -> str:
    return f"{form.brief_id}.creator.page"


def _facts(presenter: Presenter) -> str:
    given = (presenter.gender, presenter.age_range, presenter.location, presenter.style)
    return " · ".join(_word(word) for word in given if word)


def _word(word: str) -> str:
    return WORDS.get(word, word.capitalize())
