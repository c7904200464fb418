"""The field for the real cost of a job of unknown price, entered from its vendor's invoice."""

from __future__ import annotations

import streamlit as st

from lipsync_core import Action, Job
from pages.ui import refusals
from pages.ui.frame import desk, pressed, studio, why_not
from pages.ui.money_field import amount, typed
from pages.ui.text import dollars, md, plain, vendor


def draw(job: Job) -> None:
    """Draw the field for people who may enter invoices, and the entered cost for all others."""
    if not job.only_invoice_tells:
        return
    known = job.paid_usd_micros
    counted = "nothing" if not job.counted_usd_micros else dollars(job.counted_usd_micros)
    if known is not None:
        said = f"According to {vendor(job)}’s invoice it cost {dollars(known)}, and that is what counts."
    else:
        said = f"Its cost is not known yet. Until somebody enters it, {counted} is counted."
    if (why := why_not(Action.PRICES)) is not None:
        st.caption(md(plain(f"{said} {why}")))
        return
    version = st.session_state.setdefault("real_cost_version", 0)
    key = f"real-cost-{job.id}-{version}"
    amount("Real cost ($)", known, key=key, empty="see the invoice", width=220)
    st.caption(md(said))
    st.button("Save real cost", icon=":material/save:", key=f"{key}-save", on_click=pressed(_save), args=(job.id, key))
    refusals.refusal(_place(job.id), "Nothing was changed")


def _save(job_id: int, key: str) -> None:
    def save() -> None:
        studio().budgets.set_cost(job_id, typed(key), desk().by)

    if refusals.attempt(_place(job_id), save):
        st.session_state.real_cost_version += 1


def _place(job_id: int) -> str:
    return f"real-cost-{job_id}"
