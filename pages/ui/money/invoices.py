"""The vendors’ invoices on the Spend page: entered for a month, beside what the studio counted."""

from __future__ import annotations

import streamlit as st

from lipsync_core import PROVIDERS, Action, Month, StudioError, VendorMonth
from pages.ui.frame import desk, pressed, studio, why_not
from pages.ui.money_field import amount, changed
from pages.ui.text import clock, dollars, md, month_text, plain


def draw_invoices(view: Month) -> None:
    """Draw the section."""
    st.header("Invoices", anchor=False)
    what = f"What each vendor’s own invoice for {month_text(view.month)} comes to, in dollars."
    if (why := why_not(Action.PRICES)) is not None:
        st.caption(plain(f"{what} {why}"))
        _only_read(view)
        return
    st.caption(f"{what} Leave a field empty until the invoice arrives.")
    version = st.session_state.setdefault("invoices_version", 0)
    grid = st.grid(4, min_column_width=200)
    keys = {}
    for vendor in view.vendors:
        with grid.container(gap="xsmall"):
            keys[vendor.provider] = key = f"invoice-{view.month}-{vendor.provider}-{version}"
            label = md(f"{title_of(vendor.provider)} invoice")  # a label is also read out as it is written
            amount(label, vendor.invoice_usd_micros, key=key, empty="not entered")
            for line in _beside(vendor):
                st.caption(md(line))
    st.button("Save invoices", icon=":material/save:", on_click=pressed(_save), args=(view.month, keys))
    with st.container():  # always there, so that what follows keeps its place
        if (said := st.session_state.pop("invoices_said", None)) is not None:
            st.success(plain(said))
        if (wrong := st.session_state.pop("invoices_wrong", None)) is not None:
            st.error(plain(wrong), title="No invoice was saved")


def _only_read(view: Month) -> None:
    """Draw the invoices for a visitor who may not change them."""
    with st.grid(4, min_column_width=200):
        for vendor in view.vendors:
            typed = vendor.invoice_usd_micros
            with st.container(gap="xsmall"):
                st.markdown(f"**{plain(title_of(vendor.provider))}** {'–' if typed is None else md(dollars(typed))}")
                for line in _beside(vendor):
                    st.caption(md(line))


def title_of(provider: str) -> str:
    """Return a vendor’s name, even if it is no longer offered."""
    return PROVIDERS[provider].title if provider in PROVIDERS else provider


def reports_bill(provider: str) -> bool:
    """Return whether a vendor reports the bill of a job."""
    return provider in PROVIDERS and PROVIDERS[provider].reports_bill


def _beside(vendor: VendorMonth) -> list[str]:
    counted = f"Our total: {dollars(vendor.sums.spent)}"
    if vendor.sums.ended:
        counted += f" ({'billed where reported' if reports_bill(vendor.provider) else 'quoted'})"
    lines = [counted]
    if vendor.difference is None:
        return lines
    if vendor.difference:
        more = "more" if vendor.difference > 0 else "less"
        lines.append(f"**The invoice is {dollars(abs(vendor.difference))} {more}.**")
        lines += _may_explain(vendor)
    else:
        lines.append("**The invoice is the same.**")
    who = plain(vendor.invoice_by) or "somebody"
    lines.append(f"Entered by {who}{'' if vendor.invoice_at is None else ', ' + clock(vendor.invoice_at)}.")
    return lines


def _may_explain(vendor: VendorMonth) -> list[str]:
    open_sums = {
        "unconfirmed": vendor.sums.unconfirmed,
        "in progress": vendor.sums.under_way,
        "refunds expected": vendor.sums.refunds,
    }
    open_sums = {what: usd_micros for what, usd_micros in open_sums.items() if usd_micros}
    if not open_sums:
        return []
    return [f"Not in our count: {', '.join(f'{dollars(sum_)} {what}' for what, sum_ in open_sums.items())}."]


def _save(month: str, keys: dict[str, str]) -> None:
    try:
        wanted = changed(keys)
        if not wanted:
            st.session_state.invoices_said = "Nothing was changed: enter an amount first."
            return
        studio().budgets.set_invoices(month, wanted, desk().by)
    except StudioError as error:
        st.session_state.invoices_wrong = str(error)
        return
    st.session_state.invoices_version += 1
    vendors = " and ".join(title_of(provider) for provider in wanted)
    st.session_state.invoices_said = f"Saved for {vendors}, {month_text(month)}."
