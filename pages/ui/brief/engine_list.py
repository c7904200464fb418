"""The offers for a brief: one line for each engine, with its price, its wait and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import streamlit as st

from lipsync_core import (
    ENGINES,
    FIELDS,
    PROVIDERS,
    Brief,
    BriefError,
    Engine,
    FieldRole,
    Issue,
    IssueKind,
    Qualifier,
    Quote,
    SettingsError,
    StudioError,
    credits_text,
    price_text,
    priced,
)
from pages.ui.brief.form import Form, Note, change
from pages.ui.brief.scenes import default_of, engines_of
from pages.ui.frame import desk, in_sandbox, pressed
from pages.ui.text import about, md, plain, together

BADGES = {
    IssueKind.OUT_OF_REACH: ":orange-badge[Videos unreachable]",
    IssueKind.NO_KEY: ":gray-badge[No key]",
    IssueKind.PAUSED: ":orange-badge[Paused]",
    IssueKind.NO_LINK: ":gray-badge[Needs public link]",
    IssueKind.OVER_CAP: ":orange-badge[Over the cap]",
}
"""The badge in an engine's line for the first issue that stops it."""


@dataclass(frozen=True, slots=True)
class Offers:
    """The offers for a brief in its current state."""

    engine: Engine
    """The chosen engine, else the first."""
    quotes: Mapping[str, Quote]
    """By engine, cheapest first. Empty until there is a voice, and if the media cannot be used."""
    notes: Mapping[str, Note]
    """Remarks about single fields, for the chosen engine."""

    @property
    def quote(self) -> Quote | None:
        """The chosen engine's quote."""
        return self.quotes.get(self.engine.id)


def offers(brief: Brief, *, written: bool) -> Offers:
    """Return the offers for the visitor's brief. Makes no request to a vendor."""
    able = [engine for engine in engines_of(brief.scene) if not written or "text" in engine.form.fields]
    chosen = next((engine for engine in able if engine.id == brief.engine), able[0])
    if not has_voice(brief):
        return Offers(chosen, {}, {})
    try:
        found = desk().quotes(replace(brief, engine=None))
    except BriefError as error:
        return Offers(chosen, {}, {field: Note(message, stops=True) for field, message in error.fields.items()})
    except SettingsError as error:  # without the team's rates there is no price to agree to
        return Offers(chosen, {}, {"rates": Note(str(error), stops=True)})
    quotes = {quote.engine: quote for quote in found}
    if quotes and brief.engine not in quotes:
        chosen = ENGINES[next(iter(quotes))]
    return Offers(chosen, quotes, _notes(brief, quotes.get(chosen.id)))


def has_voice(brief: Brief) -> bool:
    """Return whether the brief has the voice or text that decides the price."""
    if brief.scene == "dialog":
        return brief.left_audio is not None and brief.right_audio is not None
    return brief.audio is not None or bool(brief.text.strip())


def copied(form: Form, engine: Engine) -> bool:
    """Convert the media for the chosen engine, once, before pricing; if that fails, draw why and return False."""
    brief = form.brief
    if engine.is_draft or not desk().needs_copies(brief, engine.id):
        return True
    try:
        with st.spinner(f"Converting for {engine.vendor} …"):
            desk().make_copies(brief, engine.id)
    except BriefError as error:
        for message in error.fields.values():
            st.error(plain(message))
        return False
    except StudioError:  # viewers convert nothing; the button says why they may not render
        return True
    return st.rerun()


def choose(form: Form, offered: Offers) -> None:
    """Draw the list."""
    key = f"{form.brief_id}.engine"
    st.session_state[key] = offered.engine.id  # the row decides; a label with a new price would reset the choice
    lowest = _lowest(offered.quotes.values())
    st.radio(
        "Engine",
        list(offered.quotes),
        format_func=lambda engine: _line(offered.quotes[engine], engine == lowest),
        captions=[
            ENGINES[engine].purpose if ENGINES[engine].is_draft else plain(quote.explanation)
            for engine, quote in offered.quotes.items()
        ],
        key=key,
        on_change=pressed(_choose),
        args=(form.brief_id,),
    )
    for engine in engines_of(form.brief.scene):
        if engine.id not in offered.quotes and (what := _unfit(form.brief, engine)) is not None:
            st.caption(f"{engine.title} is not listed: it does not accept {what}.")


def obstacles(form: Form, quote: Quote) -> None:
    """Draw what prevents the button from being pressed, and the warnings to know before a press."""
    to_do = [one.field for one in quote.issues if _is_to_do(form.brief, one.field)]
    for issue in quote.issues:
        if issue.stops and issue.field not in to_do:
            _stopped(form.engine, issue)
    if to_do:
        st.info(" ".join(FIELDS[field].missing for field in to_do))
    for issue in quote.issues:
        never_chosen = issue.field == "order" and form.brief.order == default_of(form.brief.scene, "order")
        if not (issue.stops or form.takes(issue.field) or never_chosen):
            warning = plain(issue.message)
            st.markdown(f":small[:orange[:material/warning: {warning}]]")  # a caption would have too little contrast


def fine_print(engine: Engine, quote: Quote) -> None:
    """Draw the details: who bills, the basis of the price and of the wait, and how long the vendor keeps its copy."""
    if engine.is_draft:
        return
    billed = f"{engine.vendor} bills your team’s {engine.vendor} account."
    if in_sandbox():
        billed = f"The real price would be {priced(quote)}." if quote.usd_micros is not None else _unpriced(quote)
    lines = [f"{billed} {quote.basis}"]
    if quote.p90_s is not None:
        lines.append(f"9 of 10 are ready within {about(quote.p90_s)} ({quote.wait_source}).")
    lines.append(_copy(engine) + _longest(engine))
    with st.expander("About this price and wait"), st.container(gap="xsmall"):
        for line in lines:
            st.caption(plain(line))


def _notes(brief: Brief, quote: Quote | None) -> dict[str, Note]:
    """Return the notes beside the fields, without missing fields; issues that stop the job take precedence."""
    notes: dict[str, Note] = {}
    for issue in quote.issues if quote is not None else ():
        if getattr(brief, issue.field, None):
            earlier = notes.get(issue.field)
            if earlier is None:
                notes[issue.field] = Note(issue.message, stops=issue.stops)
            elif not earlier.stops:
                notes[issue.field] = Note(f"{earlier.message} {issue.message}", stops=False)
    return notes


def _line(quote: Quote, lowest: bool) -> str:
    engine = ENGINES[quote.engine]
    is_assumed = quote.qualifier is Qualifier.ASSUMED and quote.usd_micros is not None
    price = price_text(quote.usd_micros) if is_assumed else priced(quote)
    wait = together(f"about {about(quote.expected_s)}") if quote.expected_s is not None else "wait unknown"
    badges = (
        ":gray-badge[Draft]" if engine.is_draft else "",
        ":orange-badge[Assumed price]" if is_assumed else "",
        ":green-badge[Lowest known price]" if lowest else "",
        next((BADGES[issue.kind] for issue in _by_weight(quote) if issue.kind in BADGES), ""),
    )
    return " ".join((f"**{engine.title}** · {md(price)} · {wait}", *filter(None, badges)))


def _by_weight(quote: Quote) -> list[Issue]:
    """Return the issues of a quote, those about the vendor before those about the budget."""
    return sorted(quote.issues, key=lambda issue: issue.kind is IssueKind.OVER_CAP)


def _lowest(quotes: Iterable[Quote]) -> str | None:
    """Return the paid engine with the lowest known price, if at least two prices are known."""
    known = sorted((quote.usd_micros, quote.engine) for quote in quotes if quote.usd_micros)
    return known[0][1] if len(known) > 1 and known[0][0] < known[1][0] else None


def _unfit(brief: Brief, engine: Engine) -> str | None:
    content = (field for field in FIELDS.values() if field.role is FieldRole.CONTENT)
    unfit = (field for field in content if getattr(brief, field.name) and field.name not in engine.form.fields)
    return next((field.with_article for field in unfit), None)


def _is_to_do(brief: Brief, field: str) -> bool:
    """Return whether a field is just still empty, which is not an error."""
    return field in FIELDS and bool(FIELDS[field].missing) and not getattr(brief, field)


def _stopped(engine: Engine, issue: Issue) -> None:
    """Draw why this cannot be ordered, and what to do."""
    text, title = plain(issue.text), plain(issue.title) or None
    match issue.kind:
        case IssueKind.NO_KEY:
            for name in (*PROVIDERS[engine.provider].key_variables, ".env"):
                text = text.replace(plain(name), f"`{name}`")
            st.info(f"{text} The price is shown anyway; the draft and the sandbox need no key.", title=title)
        case IssueKind.PAUSED:
            st.warning(text, title=title)
        case _:
            st.error(text, title=title)


def _unpriced(quote: Quote) -> str:
    if quote.credits is None:
        return "Its real cost is not known."
    return f"Its real cost would be {credits_text(quote.credits)}."


def _copy(engine: Engine) -> str:
    keeps = PROVIDERS[engine.provider].keeps_output_h
    if keeps.value is None:
        return f"{engine.vendor} does not say how long it keeps its copy; we keep ours."
    if keeps.assumed:
        return f"{engine.vendor} probably deletes its copy after {keeps.value:.0f} h ({keeps.source}); we keep ours."
    return f"{engine.vendor} deletes its copy after {keeps.value:.0f} h; we keep ours."


def _longest(engine: Engine) -> str:
    limit = engine.form.longest_s
    if limit is None:
        return ""
    return f" It {'makes' if limit.blocks else 'probably makes'} up to {about(limit.most)} of video ({limit.source})."


def _choose(brief_id: str) -> None:
    chosen: str = st.session_state.to_dict()[f"{brief_id}.engine"]  # this way of reading does not end the run
    if chosen in ENGINES:  # a label with an outdated price is not an engine
        change(brief_id, engine=chosen)
