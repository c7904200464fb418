"""The way from an engine without a price to the place where its price is set."""

from __future__ import annotations

import streamlit as st

from lipsync_core import TARIFFS, Action
from pages.ui.frame import studio, why_not
from pages.ui.text import plain

PARAMETER = "rate"
"""The parameter of the Providers page's address that names an engine or a vendor."""


def link_for(engine: str) -> dict[str, str]:
    """Return the query of the Providers page at which an engine's price is set."""
    return {PARAMETER: engine.partition("/")[0]}


def draw_rate_link(engine: str) -> None:
    """Draw the way to the price of an engine; for people who may not set prices, whom to ask."""
    tariff = TARIFFS.get(engine)
    if tariff is None or not tariff.settable:
        return
    if why_not(Action.PRICES) is None:
        label = f"Set the price of {plain(tariff.vendor)}"
        st.page_link(
            "providers.py", label=label, icon=":material/sell:", query_params=link_for(engine), width="content"
        )
    else:
        names = " or ".join(studio().people.who_may(Action.PRICES))
        st.caption(plain(f"Ask {names} to set the price of {tariff.vendor}."))
