"""Begins the next clip: an empty one, one that keeps the picture or the voice of the last, or an unfinished one."""

from __future__ import annotations

from functools import partial

import streamlit as st

from lipsync_core import MOUTH_FIELDS, SCENES, SPEAKERS, Action, Job, new_brief_id
from pages.ui.brief import handover
from pages.ui.frame import desk, pressed, why_not
from pages.ui.job.dialogs import anchor_of
from pages.ui.text import clock, plain

NEW = "New clip"
MOST = 4
"""The most unfinished clips that are listed."""
KEEP_PICTURE = {"dialog": "Keep the picture", "redub": "Keep the video", "presenter": "Keep the presenter"}
KEEP_VOICE = {"dialog": "Keep the voices"}

_SHARED = ("scene", "engine", "resolution", "aspect_ratio", "project")
PICTURE = (*_SHARED, "image", "video", "creator", *MOUTH_FIELDS, "mask_image", "prompt")
VOICE = (
    *_SHARED,
    "audio",
    "left_audio",
    "right_audio",
    "order",
    *SPEAKERS,
    *SPEAKERS.values(),
    "accent",
    "pace",
    "pitch",
)


def new_button() -> None:
    """Draw the button that begins an empty clip; the one in the form stays among the unfinished ones."""
    st.button(NEW, key="new-clip", icon=":material/add:", on_click=pressed(_new))


def menu(job: Job) -> None:
    """Draw the menu of what the next clip may keep of a finished one."""
    if why_not(Action.MAKE) is not None:
        return
    scene = job.brief.scene
    keeps = {KEEP_PICTURE.get(scene, "Keep the picture"): PICTURE, KEEP_VOICE.get(scene, "Keep the voice"): VOICE}
    key = f"next-{job.id}"

    def chosen() -> None:
        option: str = st.session_state.to_dict()[key]
        if option in keeps:
            handover.start(anchor_of(job.id), lambda: desk().briefs.use_again(job.id, keeping=keeps[option]))
        else:
            _new()

    st.menu_button("Next clip", [NEW, *keeps], key=key, icon=":material/add:", on_click=pressed(chosen))


def _new() -> None:
    handover.start("brief", new_brief_id)


def unfinished(but: str) -> None:
    """Draw the visitor's clips that were begun and never rendered, except the one with the id ``but``."""
    begun = [one for one in desk().briefs.unfinished(limit=MOST + 1) if one.id != but][:MOST]
    if not begun:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="unfinished"):
        st.markdown("Go on with", width="content")
        for one in begun:
            st.button(
                plain(one.brief.title or SCENES.get(one.brief.scene, "A clip")),
                key=f"go-on-{one.id}",
                help=f"{SCENES.get(one.brief.scene, 'A clip')}, last changed {clock(one.changed_at)}",
                on_click=pressed(handover.start),
                args=("brief", partial(str, one.id)),
            )
