"""Where the prices and waits of the offered engines come from, and the way to a price that is not set."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from lipsync_core import ENGINES, PROVIDERS, Engine, Qualifier, Quote, credits_text, priced
from pages.ui.frame import in_sandbox
from pages.ui.money.rate_link import draw_rate_link
from pages.ui.text import about, plain


def draw(quotes: Iterable[Quote]) -> None:
    """Draw the one popover about all engines' prices and waits."""
    with st.popover("About these prices", icon=":material/info:", type="tertiary"):
        for quote in quotes:
            engine = ENGINES[quote.engine]
            with st.container(gap="xsmall"):
                st.markdown(f"**{plain(engine.title)}**")
                for line in _lines(engine, quote):
                    st.caption(plain(line))


def rates_to_set(quotes: Iterable[Quote]) -> None:
    """Draw where the missing prices of these quotes are set, or whom to ask."""
    unpriced = {ENGINES[quote.engine].provider: quote.engine for quote in quotes if quote.usd_micros is None}
    if unpriced:
        with st.container(horizontal=True):
            for engine in unpriced.values():
                draw_rate_link(engine)


def _lines(engine: Engine, quote: Quote) -> list[str]:
    if engine.is_draft:
        return [engine.purpose]
    formula, _, assumed = quote.explanation.partition("; assumed: ")
    is_in_basis = quote.qualifier is Qualifier.ASSUMED
    lines = [f"{formula}.", "" if is_in_basis or not assumed else f"Assumed: {assumed}.", quote.basis]
    lines.append(_billed(engine, quote))
    if quote.expected_s is not None and quote.p90_s is not None:
        lines.append(f"Usually {about(quote.expected_s)}, at most {about(quote.p90_s)} ({quote.wait_source}).")
    lines.append(_longest(engine))
    if (limit := engine.form.limits.get("text")) is not None:
        lines.append(f"A text of up to {'' if limit.blocks else 'about '}{limit.most:,} characters ({limit.source}).")
    lines.append(_copy(engine))
    return [line for line in lines if line]


def _billed(engine: Engine, quote: Quote) -> str:
    if not in_sandbox():
        return f"Billed to your team’s {engine.vendor} account."
    real = credits_text(quote.credits) if quote.usd_micros is None and quote.credits is not None else priced(quote)
    return f"Free in the sandbox (real price {real})."


def _copy(engine: Engine) -> str:
    keeps = PROVIDERS[engine.provider].keeps_output_h
    if keeps.value is None:
        return f"{engine.vendor} does not say how long it keeps its copy; we keep ours."
    if keeps.assumed:
        return f"{engine.vendor} probably deletes its copy after {keeps.value:.0f} h ({keeps.source}); we keep ours."
    return f"{engine.vendor} deletes its copy after {keeps.value:.0f} h; we keep ours."


def _longest(engine: Engine) -> str:
    limit = engine.form.longest_s
    return "" if limit is None else f"Up to {'' if limit.blocks else 'about '}{about(limit.most)} ({limit.source})."
