"""The team's own rates on the Providers page: what is published, what the team pays, since when and by whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import PurePath

import streamlit as st

from lipsync_core import PROVIDERS, TARIFFS, Override, Rates, SettingsError, StudioError, Tariff
from pages.ui.frame import desk, pressed, studio
from pages.ui.text import clock, plain

YOURS = "Yours, $"
FIGURE = r"^\d{0,4}(\.\d{1,9})?$"
NO_PLAN = "Not chosen"
OWN_PRICE = "Own price for a credit"
COUNTED = {"usd_per_credit": "a credit", "usd_per_second": "a second of voice", "usd_per_15_bytes": "15 bytes of text"}
"""The fields of an `Override` in dollars, and what each one is the price of."""


@dataclass(frozen=True, slots=True)
class Row:
    """One rate that a team can set: for which provider, and in which field of an `Override`."""

    place: str
    field: str
    what: str


def _tariff(place: str) -> Tariff:
    return next(tariff for tariff in TARIFFS.values() if tariff.engine.startswith(f"{place}/"))


def _rows() -> tuple[Row, ...]:
    """Return the rates that can be set for each vendor, by its tariffs."""
    found = {
        Row(provider.id, field, f"{provider.title}, {what}"): None
        for provider in PROVIDERS.values()
        for field, what in COUNTED.items()
        for engine in provider.engines
        if engine.tariff is not None and field in engine.tariff.settable
    }
    return tuple(found)


ROWS = _rows()
FETCHED = tuple(provider.id for provider in PROVIDERS.values() if provider.price_list() is not None)
"""Vendors with a public price list that can be fetched."""
PLANNED = tuple(place for place in PROVIDERS if any(row.place == place for row in ROWS) and _tariff(place).plans)
"""Vendors whose price per credit depends on a plan."""


def draw_rates() -> None:
    st.header("Rates", anchor=False)
    st.caption(
        "What the vendors publish, and what your team pays. A rate that you enter replaces the published one in every "
        "later quote of the whole team, also in the sandbox; queued jobs keep their price."
    )
    try:
        rates = studio().rates()
    except SettingsError as error:
        st.error(plain(str(error)), title="The rates cannot be read")
        return
    _source()
    version = st.session_state.setdefault("rates_version", 0)
    st.data_editor(
        [_shown(row, rates) for row in ROWS],
        key=f"rates-{version}",
        hide_index=True,
        disabled=("Rate", "Published", "From", "As of"),
        column_config={
            "Rate": st.column_config.TextColumn(width=215),
            YOURS: st.column_config.TextColumn(width=90, validate=FIGURE, help="Dollars, such as 0.0833. Empty: none."),
            "Published": st.column_config.TextColumn(width=230),
            "From": st.column_config.TextColumn(width=440),
        },
        alt="Rates: what is published, what your team pays, where it is from and since when",
    )
    with st.container(horizontal=True):
        st.button("Save rates", icon=":material/save:", on_click=pressed(_save), args=(version, rates))
        for place in FETCHED:
            title = plain(PROVIDERS[place].title)
            if st.button(
                f"Fetch {title}’s rate",
                icon=":material/download:",
                help="Asks its public price list, free of charge and without a key.",
            ):
                with st.spinner(f"Asking {title} …"):
                    _fetch(place, rates)
                st.rerun()
    with st.container():  # always there, so that what follows keeps its place
        if (said := st.session_state.pop("rates_said", None)) is not None:
            st.success(plain(said))
        if (wrong := st.session_state.pop("rates_wrong", None)) is not None:
            st.error(plain(wrong), title="No rate was changed")
    for place in PLANNED:
        _plan(place, rates)
    if others := _not_shown(rates):
        st.caption(
            f"There are also rates for {plain(', '.join(others))} that this table cannot show. They count. To change "
            "them, edit the rates file and restart the studio."
        )


def _source() -> None:
    """Draw the source of the rates in force, and a warning if this server's file differs."""
    with st.container():  # always there, so that what follows keeps its place
        if (kept := studio().team_rates.newest()) is not None:
            who = f"changed by {plain(kept.by)}" if kept.by else "changed"
            last = who if kept.file is None else f"read from {plain(PurePath(kept.file).name)}"
            st.caption(
                f"The rates are kept in the ledger, for all servers that share it. Last {last}, {clock(kept.at)}."
            )
        if (warning := studio().team_rates.file_warning()) is not None:
            st.warning(plain(warning), title="The rates file is not in force")


def _shown(row: Row, rates: Rates) -> dict[str, str]:
    override, tariff = rates.overrides.get(row.place), _tariff(row.place)
    value: Decimal | None = getattr(override, row.field) if override else None
    published = f"${tariff.usd_per_credit:f}" if tariff.usd_per_credit else ""
    if tariff.plans:
        published = ", ".join(f"{name.capitalize()} ${usd:f}" for name, usd in tariff.plans.items())
    source, day = (tariff.source, tariff.read_on) if published else ("", None)
    if override is not None and override.published and value is not None:
        published, source, day, value = f"${value:f}", f"{tariff.vendor}’s price list", override.set_on, None
    elif override is not None and (value is not None or override.plan):
        source, day = f"your team, {override.by or 'name not given'}", override.set_on
    return {
        "Rate": row.what,
        YOURS: "" if value is None else f"{value:f}",
        "Published": published or ("not fetched yet" if row.place in FETCHED else "not published"),
        "From": source,
        "As of": "" if day is None else day_text(day),
    }


def _not_shown(rates: Rates) -> list[str]:
    """Return the places with rates that only the file can show: for single engines, and credits per unit."""
    places = {row.place for row in ROWS}
    return [
        place
        for place, override in rates.overrides.items()
        if place not in places or override.credits_per_unit is not None
    ]


def day_text(day: date) -> str:
    """Format a day, such as ``21 Nov 2026``."""
    return f"{day.day} {day:%b %Y}"


def _plan(place: str, rates: Rates) -> None:
    override, plans, key = rates.overrides.get(place), _tariff(place).plans, f"{place}_plan"
    words = {f"{name.capitalize()}, ${usd:f} a credit": name for name, usd in plans.items()}
    chosen = next((word for word, name in words.items() if override and override.plan == name), NO_PLAN)
    if override is not None and override.usd_per_credit is not None:
        chosen = OWN_PRICE
    st.session_state[key] = chosen
    st.selectbox(
        f"{plain(PROVIDERS[place].title)} plan",
        [NO_PLAN, *words, *([OWN_PRICE] if chosen == OWN_PRICE else [])],
        key=key,
        on_change=pressed(_save_plan),
        args=(place, words, rates),
        width=320,
        help="Decides what a credit costs. Saved at once; it replaces your own price.",
    )


def _save_plan(place: str, words: dict[str, str], rates: Rates) -> None:
    asked = st.session_state[f"{place}_plan"]
    if asked != OWN_PRICE:
        _change({place: {"plan": words.get(asked), "usd_per_credit": None}}, rates)


def _save(version: int, rates: Rates) -> None:
    changes: dict[str, dict[str, Decimal | str | None]] = {}
    for index, cells in st.session_state[f"rates-{version}"]["edited_rows"].items():
        if YOURS in cells:
            row, text = ROWS[index], (cells[YOURS] or "").strip()
            try:
                value = Decimal(text) if text else None
            except InvalidOperation:
                st.session_state.rates_wrong = f"“{text[:20]}” is not a number. Write dollars, as in 0.0833."
                return
            change = changes.setdefault(row.place, {})
            change[row.field] = value
            if row.place in PLANNED and value is not None:
                change["plan"] = None
    _change(changes, rates)


def _fetch(place: str, rates: Rates) -> None:
    try:
        fetched = studio().vendors.published_rate(place, by=desk().by)
    except StudioError as error:
        st.session_state.rates_wrong = str(error)
        return
    _keep({place: fetched}, rates)


def _change(changes: dict[str, dict[str, Decimal | str | None]], rates: Rates) -> None:
    """Apply the changed fields to the displayed overrides; an override without any rate is removed."""
    if not changes:
        st.session_state.rates_said = "Nothing was changed: type a figure into a cell of “Yours” first."
        return
    today = datetime.now(UTC).date()
    overrides: dict[str, Override | None] = {}
    for place, fields in changes.items():
        old = rates.overrides.get(place, Override())
        new = replace(old, **fields, set_on=today, by=desk().by, published=False)  # type: ignore[arg-type]  # fields by name
        overrides[place] = new if any(getattr(new, name) is not None for name in _tariff(place).settable) else None
    _keep(overrides, rates)


def _keep(overrides: dict[str, Override | None], seen: Rates) -> None:
    try:
        desk().rates.set_all(overrides, seen=seen)
    except StudioError as error:
        st.session_state.rates_wrong = str(error)
        return
    st.session_state.rates_version += 1
    vendors = " and ".join(_tariff(place).vendor for place in overrides)
    st.session_state.rates_said = f"Saved for {vendors}. Every quote from now on uses it."
