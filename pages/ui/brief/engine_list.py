"""The offers for a brief: one line for each engine, with its price, its wait and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import streamlit as st

from lipsync_core import (
    ENGINES,
    FIELDS,
    MEDIUM_KINDS,
    PROVIDERS,
    SPEAKERS,
    Action,
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
    media_doubts,
    price_text,
    speakers,
)
from pages.ui.brief import engine_radio, price_sources
from pages.ui.brief.engine_radio import Row
from pages.ui.brief.form import Form, Note, change
from pages.ui.brief.scenes import default_of, engines_of
from pages.ui.frame import desk, in_sandbox, studio, why_not
from pages.ui.text import about, plain, together

FLAGS = {
    IssueKind.OUT_OF_REACH: "videos unreachable",
    IssueKind.NO_KEY: "no key",
    IssueKind.PAUSED: "paused",
    IssueKind.NO_LINK: "needs public link",
    IssueKind.OVER_CAP: "over the cap",
}
"""The words under an engine's name for the first issue that stops it."""
UNPRICED = "price not set"
NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Offers:
    """The offers for a brief in its current state."""

    engine: Engine
    """The chosen engine, else the first."""
    quotes: Mapping[str, Quote]
    """By engine, cheapest first. Empty until there is a voice, and if the media cannot be used."""
    notes: Mapping[str, tuple[Note, ...]]
    """Remarks about single fields, for the chosen engine."""

    @property
    def quote(self) -> Quote | None:
        """The chosen engine's quote."""
        return self.quotes.get(self.engine.id)


def offers(brief: Brief, *, written: bool) -> Offers:
    """Return the offers for the visitor's brief. Makes no request to a vendor."""
    able = [engine for engine in engines_of(brief.scene) if not written or engine.form.speaks]
    chosen = next((engine for engine in able if engine.id == brief.engine), able[0])
    if not has_voice(brief):
        return Offers(chosen, {}, _doubts(brief, chosen))
    try:
        found = desk().quotes(replace(brief, engine=None))
    except BriefError as error:
        wrong = {field: (Note(message, stops=True),) for field, message in error.fields.items()}
        return Offers(chosen, {}, wrong)
    except SettingsError as error:  # without the team's rates there is no price to agree to
        return Offers(chosen, {}, {"rates": (Note(str(error), stops=True),)})
    quotes = {quote.engine: quote for quote in found}
    if quotes and brief.engine not in quotes:
        chosen = ENGINES[next(iter(quotes))]
    return Offers(chosen, quotes, _notes(brief, quotes.get(chosen.id)))


def has_voice(brief: Brief) -> bool:
    """Return whether the brief has the voice or text that decides the price."""
    if brief.scene == "dialog":
        is_recorded = brief.left_audio is not None and brief.right_audio is not None
        return is_recorded or bool(brief.left_text.strip() and brief.right_text.strip())
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
    """Draw the list, and below it which engines are not in it and why."""
    lowest = _lowest(offered.quotes.values())
    engine_radio.draw(
        form.brief_id,
        [_row(quote, engine == lowest) for engine, quote in offered.quotes.items()],
        offered.engine.id,
        price="Real price" if in_sandbox() else "Price",
        choose=partial(_choose, form.brief_id),
    )
    for engine in engines_of(form.brief.scene):
        if engine.id not in offered.quotes and (what := _unfit(form.brief, engine)) is not None:
            st.caption(f"{engine.title} is not listed: it does not accept {what}.")
    price_sources.rates_to_set(offered.quotes.values())


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
    is_simulated = in_sandbox() or any(issue.kind is IssueKind.NO_KEY for issue in quote.issues)
    if is_simulated and form.written and not form.engine.is_draft:
        st.caption(f"In the sandbox, {'a computer’s voice speaks' if speakers() else 'a hum stands for'} the text.")


def _notes(brief: Brief, quote: Quote | None) -> dict[str, tuple[Note, ...]]:
    """Return the notes beside the fields, without missing fields; one that stops the job stands alone."""
    notes: dict[str, tuple[Note, ...]] = {}
    for issue in quote.issues if quote is not None else ():
        if not getattr(brief, issue.field, None):
            continue
        earlier = notes.get(issue.field, ())
        if not any(note.stops for note in earlier):
            notes[issue.field] = (_note(issue),) if issue.stops else (*earlier, _note(issue))
    return notes


def _doubts(brief: Brief, engine: Engine) -> dict[str, tuple[Note, ...]]:
    """Return the notes about the media of a brief that has no price yet."""
    found = {field: desk().media.facts(getattr(brief, field), kind) for field, kind in MEDIUM_KINDS.items()}
    media = {field: facts for field, facts in found.items() if facts is not None}
    notes: dict[str, tuple[Note, ...]] = {}
    for field, message in media_doubts(engine, brief, media):
        notes[field] = (*notes.get(field, ()), Note(message, stops=False))
    return notes


def _note(issue: Issue) -> Note:
    if issue.kind is IssueKind.CONVERTED:
        return Note(f"{issue.title}.", stops=False, aside=issue.text)
    return Note(issue.message, stops=issue.stops)


def _row(quote: Quote, lowest: bool) -> Row:
    engine = ENGINES[quote.engine]
    price, words = _price(quote)
    if engine.is_draft:
        words = ("draft",)
    flag = next((FLAGS[issue.kind] for issue in _by_weight(quote) if issue.kind in FLAGS), "")
    wait = NOTHING if quote.expected_s is None else about(quote.expected_s)
    mark = "lowest price" if lowest else ""
    spoken = (
        engine.title,
        "" if price == NOTHING else price,
        "wait unknown" if wait == NOTHING else f"about {wait}",
        *words,
        mark,
        flag,
    )
    return Row(
        id=engine.id,
        name=engine.title,
        price=price,
        wait=together(wait),
        words=words,
        mark=mark,
        flag=flag,
        note=engine.purpose if engine.is_draft else quote.hint,
        spoken=", ".join(filter(None, spoken)),
    )


def _price(quote: Quote) -> tuple[str, tuple[str, ...]]:
    """Return a price without its qualifier, and the qualifier."""
    if quote.usd_micros is None:
        return (NOTHING if quote.credits is None else credits_text(quote.credits)), (UNPRICED,)
    match quote.qualifier:
        case Qualifier.ASSUMED:
            words: tuple[str, ...] = ("estimate",)
        case Qualifier.UPPER_BOUND:
            words = ("at most",)
        case _:
            words = ()
    return price_text(quote.usd_micros), words


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
    return next(("a text" if field.name in SPEAKERS else field.with_article for field in unfit), None)


def _is_to_do(brief: Brief, field: str) -> bool:
    """Return whether a field is just still empty, which is not an error."""
    return field in FIELDS and bool(FIELDS[field].missing) and not getattr(brief, field)


_ADMINS_DO = {
    IssueKind.NO_KEY: "It is added on the server. The sandbox needs none.",
    IssueKind.PAUSED: "Nothing is sent to it until its connection is checked.",
    IssueKind.NO_LINK: "It fetches files by link. Paste a link for each file, or have its access set up.",
}
"""What only an admin can do about an issue, for everybody else."""


def _stopped(engine: Engine, issue: Issue) -> None:
    """Draw why this cannot be ordered, and what to do."""
    text, title = plain(issue.text), plain(issue.title) or None
    if issue.kind in _ADMINS_DO and why_not(Action.CHECK) is not None:
        admins = " or ".join(studio().people.who_may(Action.CHECK))
        st.info(plain(f"{_ADMINS_DO[issue.kind]} Ask {admins}."), title=title)
        return
    match issue.kind:
        case IssueKind.NO_KEY:
            for name in (*PROVIDERS[engine.provider].key_variables, ".env"):
                text = text.replace(plain(name), f"`{name}`")
            st.info(f"{text} The price is shown anyway; the draft and the sandbox need no key.", title=title)
        case IssueKind.PAUSED:
            st.warning(text, title=title)
        case _:
            st.error(text, title=title)


def _choose(brief_id: str) -> None:
    if (chosen := engine_radio.just_chosen(brief_id)) is not None:
        change(brief_id, engine=chosen)
