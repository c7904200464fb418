"""The options that the chosen engine offers, drawn from its form."""

from __future__ import annotations

import streamlit as st

from lipsync_core import MAX_NAME
from pages.ui.brief import previews
from pages.ui.brief.form import Form
from pages.ui.brief.slots import MASK, SlotForm
from pages.ui.frame import pressed

SEED_HELP = (
    "The same inputs and seed give the same video, if the engine keeps to it. −1 picks a random seed and records it."
)
DRAFT_SEED_HELP = "Determines blinks and head movement. −1 picks a random seed and records it."
CHOICES = {"resolution": ("Size", 3), "aspect_ratio": ("Aspect ratio", 5)}
"""The options always shown, by field: label, and share of the row."""
MORE = {"prompt": "prompt", "seed": "seed", "mask_image": "mask"}
"""The options in the expander, by field, and their names in its title."""


def draw(form: Form) -> None:
    """Draw the options of the form's engine, and the fields for the studio's own records."""
    choices = [field for field in CHOICES if form.takes(field)]
    columns = iter(st.columns([*(CHOICES[field][1] for field in choices), 4, 4]))
    for field in choices:
        with next(columns):
            form.choose(CHOICES[field][0], field)
    for field, example in (("name", "Weekly update 47 EN"), ("project", "Weekly update")):
        with next(columns):
            st.text_input(
                field.capitalize(),
                key=form.key(field),
                max_chars=MAX_NAME,
                placeholder=example,
                on_change=pressed(form.change),
                args=(field,),
            )
            form.note(field)
    _more(form)


def _more(form: Form) -> None:
    offered = [field for field in MORE if form.takes(field)]
    if not offered:
        return
    title = f"More options: {', '.join(MORE[field] for field in offered)}"
    more = st.expander(title, key=f"{form.brief_id}.more", on_change="rerun")
    if not more.open:  # a first visitor need not wait for the code that draws it
        return
    with more:
        if "prompt" in offered:
            st.text_input(
                "Prompt",
                key=form.key("prompt"),
                placeholder="Friendly, looks into the camera",
                on_change=pressed(form.change),
                args=("prompt",),
                help="How the speaker should act.",
            )
            form.note("prompt")
        if "seed" in offered and form.engine.form.seeds is not None:
            least, most = form.engine.form.seeds
            st.number_input(
                "Seed",
                min_value=least,
                max_value=most,
                step=1,
                key=form.key("seed"),
                on_change=pressed(form.change),
                args=("seed",),
                help=DRAFT_SEED_HELP if form.engine.is_draft else SEED_HELP,
            )
            form.note("seed")
        if "mask_image" in offered:
            SlotForm(MASK, form).draw(previews.picture)
