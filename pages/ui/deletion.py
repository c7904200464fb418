"""Permanent deletion: everything kept of a face or a voice, or files unused for long. Each is shown first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from lipsync_core import PROVIDERS, Going, ItemKind, MediumFacts, Root, StudioError, Traces
from pages.ui.frame import desk, dialog, studio
from pages.ui.text import plain

KINDS: Mapping[ItemKind, str] = {"image": "Picture", "audio": "Voice", "video": "Video", "creator": "Presenter"}
DAYS = 90
"""The default age for a clean-up."""
MOST_NAMED = 100
"""The most jobs named one by one; more are only counted."""
ROWS_HIGH = 8
"""Files listed without scrolling."""
ROW, HEAD = 35, 37
"""Height in pixels of a line, and of the parts above and below all lines."""


def size_text(size: int) -> str:
    """Return a size as text: ``340 kB``, ``12.3 MB``."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} kB"
    return f"{size / 1e6:,.1f} MB" if size < 1_000_000_000 else f"{size / 1e9:,.2f} GB"


def files_text(media: Sequence[MediumFacts]) -> str:
    """Return a number of files as text: ``1 file``, ``3 files``."""
    count = len({facts.sha256 for facts in media})
    return f"{count:,} file{'s' * (count != 1)}"


def jobs_text(jobs: Sequence[int]) -> str:
    """Return jobs as text: ``job 12``, ``jobs 12, 13 and 15``."""
    numbers = [str(job) for job in jobs]
    if len(jobs) > MOST_NAMED:
        return f"{len(jobs):,} jobs"
    return f"job {numbers[0]}" if len(numbers) == 1 else f"jobs {', '.join(numbers[:-1])} and {numbers[-1]}"


def everything_of(root: Root) -> None:
    """Show everything kept of a face or a voice, and delete it after confirmation."""
    try:
        with st.spinner("Looking for every trace …"):
            traces = studio().eraser.traces(root)
    except StudioError as error:
        st.info(plain(str(error)))
    else:
        _everything(traces)


# A dialog shows what it was given until it is closed, and only that is deleted.


@dialog("Find and delete everything", width="medium")
def _everything(traces: Traces) -> None:
    st.markdown(
        f"Everything that this studio keeps of **{plain(traces.name)}**: files, parts of them, and finished videos."
    )
    if traces.media:
        _list(traces.media, "What will be deleted")
    _told(traces)
    if not (traces.media or traces.entries):
        return
    what = files_text(traces.media) if traces.media else "the entry"
    with st.container(horizontal=True):
        if st.button("Back"):
            st.rerun()
        if st.button(f"Delete {what} permanently", type="primary", wrap=True):
            _erase(traces)


def _told(traces: Traces) -> None:
    """Draw what happens to jobs and entries, what stays, and what cannot be deleted from here."""
    if traces.media or traces.entries:
        lines = []
        if traces.media:
            lines.append(f"{files_text(traces.media)}, {size_text(traces.bytes)}. **This cannot be undone.**")
        if traces.videos:
            own = "its video" if len(traces.videos) == 1 else "their videos"
            whose = jobs_text(traces.videos)
            lines.append(f"{whose.capitalize()} los{'es' if len(traces.videos) == 1 else 'e'} {own}; review links end.")
        if traces.jobs:
            made = "was made from it and stays" if len(traces.jobs) == 1 else "were made from it and stay"
            told = "with names, history and costs"
            lines.append(f"{jobs_text(traces.jobs).capitalize()} {made} listed, {told}.")
        if traces.entries:
            named = ", ".join(f"“{plain(name)}”" for name in traces.entries)
            lines.append(f"Removed from the library: {named}.")
        st.markdown("\n".join(f"- {line}" for line in lines))
    elif not traces.waiting:
        st.markdown("There is nothing left to delete.")
    if traces.waiting:
        stays = "".join(f" “{facts.name}” stays until then." for facts in traces.staying)
        needs = (
            "has not finished and still needs it" if len(traces.waiting) == 1 else "have not finished and still need it"
        )
        st.warning(
            plain(f"{jobs_text(traces.waiting).capitalize()} {needs}.{stays} Try again then."),
            title="Not everything can be deleted yet",
        )
    if traces.vendors:
        names = " and ".join(PROVIDERS[vendor].title for vendor in traces.vendors if vendor in PROVIDERS)
        st.info(f"{names} received it and may keep copies: ask them to delete those.")


def _erase(traces: Traces) -> None:
    try:
        with st.spinner("Deleting …"):
            left = studio().eraser.erase(traces, by=desk().by)
    except StudioError as error:
        st.error(plain(str(error)), title="Nothing was deleted")
        return
    gone = len({facts.sha256 for facts in traces.media} - {facts.sha256 for facts in (*left.media, *left.staying)})
    said = f"{gone:,} file{'s' * (gone != 1)} of “{traces.name}” {'was' if gone == 1 else 'were'} deleted."
    if left.media:
        said += f" {files_text(left.media)} could not be deleted, or arrived in the meantime: try again."
    st.session_state.deleted = said
    st.rerun()


def _list(media: Sequence[MediumFacts], alt: str) -> None:
    rows = {
        "File": [facts.name for facts in media],
        "Kind": [KINDS[facts.kind] for facts in media],
        "Size": [size_text(facts.size) for facts in media],
    }
    st.dataframe(rows, hide_index=True, height=HEAD + ROW * min(len(media), ROWS_HIGH), alt=alt)


def said() -> None:
    """Draw the result of the last deletion."""
    with st.container():
        if (text := st.session_state.pop("deleted", None)) is not None:
            st.success(plain(text))


def clean_up() -> None:
    """Draw the section that removes files not used for long."""
    with st.expander("Delete old files"):
        st.caption("Files not used for this long. What a job still needs, and what is in the library, stays.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            days = st.number_input("Unused for (days)", 1, 3650, DAYS, key="clean-days", width=180)
            if st.button("Preview…", icon=":material/mop:"):
                _by_age(studio().cleanup.preview(days=days), days)


@dialog("Delete old files", width="medium")
def _by_age(going: Going, days: int) -> None:
    if not going.media:
        st.markdown(
            f"Nothing to delete: all files were added, used or made in the last {days} days, or are in the library."
        )
        return
    _list(going.media, "What will be deleted")
    lines = [f"{files_text(going.media)}, {size_text(going.bytes)}. **This cannot be undone.**"]
    if going.jobs:
        own = "its video" if len(going.jobs) == 1 else "their videos"
        whose = jobs_text(going.jobs)
        lines.append(f"{whose.capitalize()} los{'es' if len(going.jobs) == 1 else 'e'} {own}, and nothing else.")
    st.markdown("\n".join(f"- {line}" for line in lines))
    with st.container(horizontal=True):
        if st.button("Back"):
            st.rerun()
        if not st.button(f"Delete {files_text(going.media)} permanently", type="primary", wrap=True):
            return
    try:
        with st.spinner("Deleting …"):
            gone = studio().cleanup.clean(going, by=desk().by)
    except StudioError as error:
        st.error(plain(str(error)), title="Nothing was deleted")
        return
    st.session_state.deleted = f"{files_text(gone.media)} deleted, {size_text(gone.bytes)} freed."
    st.rerun()
