"""One press that fills an empty scene with samples, so that it can be tried at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from lipsync_core import CLIPS, MEDIUM_KINDS, PAIRS, PORTRAITS, VOICES, Sample
from pages.ui import refusals
from pages.ui.brief import presenters
from pages.ui.brief.form import BRIEF, Form, change
from pages.ui.brief.scenes import MADE_OF
from pages.ui.frame import desk, studio

MEDIA: Mapping[str, Mapping[str, Sample]] = {
    "portrait": {"image": PORTRAITS[0], "audio": VOICES[0]},
    "dialog": {"image": PAIRS[0], "left_audio": VOICES[0], "right_audio": VOICES[1]},
    "redub": {"video": CLIPS[0], "audio": VOICES[2]},
}
"""The samples of each scene, by field of the brief."""
TEXT = "Hello, and welcome. This is how your text will sound."
"""What a presenter says."""


def offer(form: Form) -> None:
    """Draw the button while the scene is empty, in a permanent container."""
    with st.container():
        if any(getattr(form.brief, field) for field in MADE_OF):
            return
        if st.button("Fill in samples", key=f"{form.brief_id}.samples", type="tertiary", icon=":material/imagesmode:"):
            with st.spinner("Opening the samples …"):
                refusals.attempt(BRIEF, _fill, form)
            st.rerun()


def kept(samples: Mapping[str, Sample]) -> dict[str, Any]:
    """Store samples; return them by field of the brief, as they were given."""
    return {
        field: desk().media.keep(sample.path, MEDIUM_KINDS[field], sample.path.name, came="sample")
        for field, sample in samples.items()
    }


def _fill(form: Form) -> None:
    changes = kept(MEDIA.get(form.engine.scene, {}))
    if form.engine.scene == "presenter":
        changes["text"] = TEXT
        if presenters.are_simulated(form):
            changes["creator"] = studio().presenters.page(1, sandbox=True).presenters[0].id
    change(form.brief_id, **changes)
