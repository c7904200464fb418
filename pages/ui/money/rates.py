"""The rates on the Providers page: what each vendor charges, and what the team pays, entered as it knows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import PurePath

import streamlit as st

from lipsync_core import PROVIDERS, TARIFFS, Action, Override, Rates, SettingsError, StudioError, Tariff, rate_text
from pages.ui import scroll
from pages.ui.decimal_field import Figures, decimal, number
from pages.ui.frame import desk, pressed, studio, why_not
from pages.ui.money.rate_link import PARAMETER
from pages.ui.money.rate_words import PACK, UNITS, in_force, pack_price
from pages.ui.text import clock, md, plain

NO_PLAN = "Not chosen"
OWN_PRICE = "Own price for a credit"
BY_PACK, BY_CREDIT = "Pack price", "Price of a credit"
RATE = Figures(places=9, most=Decimal(1_000), before="$", fixed=False)
PAID = Figures(most=Decimal(1_000_000), before="$")
COUNT = Figures(places=0, most=Decimal(100_000_000))

PLACES = tuple(
    provider.id
    for provider in PROVIDERS.values()
    if any(engine.tariff is not None and engine.tariff.settable for engine in provider.engines)
)
"""The vendors whose rates can be set."""
FETCHED = tuple(provider.id for provider in PROVIDERS.values() if provider.price_list() is not None)
"""Vendors with a public price list that can be fetched."""


def tariff_of(place: str) -> Tariff:
    """Return the tariff of a vendor's first engine with one."""
    return next(tariff for tariff in TARIFFS.values() if tariff.engine.startswith(f"{place}/") and tariff.settable)


def draw_rates(*, arrived: bool) -> None:
    """Draw the section; ``arrived`` says that the visitor has just come to the page."""
    st.header("Rates", anchor=False)
    why = why_not(Action.PRICES)
    st.caption(
        "The vendors’ prices, and what your team pays: yours count from the next quote on, also in the sandbox. "
        f"Queued jobs keep their price.{f' {plain(why)}' if why else ''}"
    )
    try:
        rates = studio().rates()
    except SettingsError as error:
        st.error(plain(str(error)), title="The rates cannot be read")
        return
    _source()
    version = st.session_state.setdefault("rates_version", 0)
    grid = st.grid(2, min_column_width=340)
    for place in PLACES:
        with grid.container(border=True, key=f"rate-{place}", height="stretch", gap="small"):
            _card(place, rates, version, may_set=why is None)
    if others := _not_shown(rates):
        st.caption(
            f"There are also rates for {plain(', '.join(others))} that are not shown here. They count. To change "
            "them, edit the rates file and restart the studio."
        )
    _arrive(arrived)


def _arrive(arrived: bool) -> None:
    """Bring the card that the address names into view."""
    place = st.query_params.get(PARAMETER, "").partition("/")[0]
    turn = st.session_state.setdefault("rates_turn", 0)
    if arrived:
        st.session_state.rates_turn = turn = turn + 1
    known = place in PLACES
    scroll.bring(f"rate-{place}" if known else "rate", f"rate-{place}-{turn}" if known else "", focuses="button")


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


def _card(place: str, rates: Rates, version: int, *, may_set: bool) -> None:
    tariff, override = tariff_of(place), rates.overrides.get(place)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(plain(tariff.vendor), anchor=False, width="content")
        own = override is not None and not override.published
        fields = [field for field in UNITS if field in tariff.settable]
        known = [in_force(tariff, override, field, can_fetch=place in FETCHED) for field in fields]
        if any(one.usd is None for one in known):
            st.badge("Not set", color="orange")
        else:
            st.badge("Your price" if own else "Vendor’s price", color="blue" if own else "gray")
    for one in known:
        figure = "price not set" if one.usd is None else f"**{md(rate_text(one.usd))}**"
        st.markdown(f"{one.unit}: {figure}", help=one.help)
        st.caption(md(plain(one.source)))
    if may_set:
        _entry(place, tariff, rates, version)
        if override is not None and own:
            st.button(
                f"Remove {tariff.vendor} price",
                icon=":material/undo:",
                type="tertiary",
                key=f"rate-remove-{place}",
                on_click=pressed(_remove),
                args=(place, rates),
                help="The vendor’s own price counts again.",
            )
    with st.container():  # always there, so that what follows keeps its place
        if (said := _popped("rates_said", place)) is not None:
            st.success(plain(said))
        if (wrong := _popped("rates_wrong", place)) is not None:
            st.error(md(plain(wrong)), title="No rate was changed")


def _popped(name: str, place: str) -> str | None:
    said: tuple[str, str] | None = st.session_state.get(name)
    if said is None or said[0] != place:
        return None
    st.session_state.pop(name)
    return said[1]


def _entry(place: str, tariff: Tariff, rates: Rates, version: int) -> None:
    """Draw the fields for what the team pays."""
    vendor, key = tariff.vendor, f"rate-{place}-{version}"  # a label is also read out as it is written
    if tariff.plans:
        _plan(place, tariff, rates)
    if "usd_per_credit" not in tariff.settable:
        fields = [field for field in UNITS if field in tariff.settable]
        for column, field in zip(st.columns(len(fields)), fields, strict=True):
            with column:
                decimal(
                    f"{vendor}, {UNITS[field][0].lower()} ($)",
                    None,
                    key=f"{key}-{field}",
                    figures=RATE,
                    help=UNITS[field][1],
                )
        with st.container(horizontal=True):
            st.button(
                f"Save {vendor} price",
                icon=":material/save:",
                on_click=pressed(_save_rates),
                args=(place, fields, key, rates),
            )
            if place in FETCHED:
                _fetch_button(place, vendor, rates)
        return
    way = st.segmented_control(
        f"Enter {vendor} price as", [BY_PACK, BY_CREDIT], default=BY_PACK, required=True, key=f"rate-way-{place}"
    )
    if way == BY_PACK:
        pack, credits = st.columns(2)
        with pack:
            decimal(f"{vendor} pack price ($)", None, key=f"{key}-pack", figures=PAID, empty="99.00")
        with credits:
            decimal(f"Credits per {vendor} pack", None, key=f"{key}-credits", figures=COUNT, empty="1200")
        if (each := _each(key)) is not None:
            st.caption(f"That is {md(rate_text(each))} a credit.")
    else:
        decimal(f"{vendor} credit price ($)", None, key=f"{key}-credit", figures=RATE, empty="0.0825")
    st.button(
        f"Save {vendor} price",
        icon=":material/save:",
        on_click=pressed(_save_credit),
        args=(place, way, key, rates),
    )


def _fetch_button(place: str, vendor: str, rates: Rates) -> None:
    if st.button(
        f"Fetch {vendor}’s rate",
        icon=":material/download:",
        help="Asks its public price list, free of charge and without a key.",
    ):
        with st.spinner(f"Asking {vendor} …"):
            _fetch(place, rates)
        st.rerun()


def _each(key: str) -> Decimal | None:
    """Return what a credit of the entered pack costs; None until both figures are there."""
    try:
        paid, credits = number(f"{key}-pack"), number(f"{key}-credits")
    except StudioError:
        return None
    return pack_price(paid, credits) if paid and credits else None


def _not_shown(rates: Rates) -> list[str]:
    """Return the places with rates that only the file can show: for single engines, and credits per unit."""
    return [
        place
        for place, override in rates.overrides.items()
        if place not in PLACES or override.credits_per_unit is not None
    ]


def _plan(place: str, tariff: Tariff, rates: Rates) -> None:
    override, key = rates.overrides.get(place), f"{place}_plan"
    words = {f"{name.capitalize()}, ${usd:f} a credit": name for name, usd in tariff.plans.items()}
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
        help="Saves immediately and replaces your price.",
    )


def _save_plan(place: str, words: dict[str, str], rates: Rates) -> None:
    asked = st.session_state[f"{place}_plan"]
    if asked != OWN_PRICE:
        _change(place, {"plan": words.get(asked), "usd_per_credit": None, "note": ""}, rates)


def _save_credit(place: str, way: str, key: str, rates: Rates) -> None:
    try:
        if way == BY_PACK:
            paid, credits = number(f"{key}-pack"), number(f"{key}-credits")
            if not paid or not credits:
                raise SettingsError("Enter what the pack cost and how many credits it had.")
            each, note = pack_price(paid, credits), PACK.format(paid=PAID.words(paid), credits=COUNT.words(credits))
        else:
            typed, note = number(f"{key}-credit"), ""
            if not typed:
                raise SettingsError("Enter what a credit costs.")
            each = typed
    except StudioError as error:
        st.session_state.rates_wrong = (place, str(error))
        return
    planned = {"plan": None} if tariff_of(place).plans else {}
    _change(place, {"usd_per_credit": each, "note": note, **planned}, rates)


def _save_rates(place: str, fields: list[str], key: str, rates: Rates) -> None:
    try:
        entered = {field: value for field in fields if (value := number(f"{key}-{field}")) is not None}
        if not entered:
            raise SettingsError("Enter a price first.")
    except StudioError as error:
        st.session_state.rates_wrong = (place, str(error))
        return
    _change(place, {**entered, "note": ""}, rates)


def _remove(place: str, rates: Rates) -> None:
    fields = (*UNITS, "plan")
    _change(place, {field: None for field in fields if field in tariff_of(place).settable}, rates)


def _fetch(place: str, rates: Rates) -> None:
    try:
        fetched = studio().vendors.published_rate(place, by=desk().by)
    except StudioError as error:
        st.session_state.rates_wrong = (place, str(error))
        return
    _keep(place, fetched, rates)


def _change(place: str, fields: dict[str, Decimal | str | None], rates: Rates) -> None:
    """Apply the changed fields to the displayed override; one without any rate is removed."""
    today = datetime.now(UTC).date()
    old = rates.overrides.get(place, Override())
    new = replace(old, **fields, set_on=today, by=desk().by, published=False)  # type: ignore[arg-type]  # fields by name
    _keep(place, new if any(getattr(new, name) is not None for name in tariff_of(place).settable) else None, rates)


def _keep(place: str, override: Override | None, seen: Rates) -> None:
    try:
        desk().rates.set_all({place: override}, seen=seen)
    except StudioError as error:
        st.session_state.rates_wrong = (place, str(error))
        return
    st.session_state.rates_version += 1
    st.session_state.rates_said = (place, f"Saved for {tariff_of(place).vendor}. Every quote from now on uses it.")
