"""Providers: which vendors can be used, connection checks, rates, and the sandbox switch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal

import streamlit as st

from lipsync_core import PROVIDERS, Balance, FoundOrder, KeyCheck, StudioError, VendorState, Verdict, price_text
from pages.ui import refusals
from pages.ui.frame import came_from_elsewhere, desk, header, in_sandbox, pressed, sandbox_toggle, studio
from pages.ui.money.rates import draw_rates
from pages.ui.text import clock, plain

HOOKS = "/api/webhooks/"


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check, kept for this visit."""

    check: KeyCheck
    balance: str
    at: datetime


def main() -> None:
    arrived = came_from_elsewhere("Providers")
    header("Providers")
    _switch()
    sandbox = in_sandbox()
    states = studio().vendors.states(sandbox=sandbox)
    if any(state.missing for state in states):
        st.caption("Prices are shown even without a key. Drafts and the sandbox need none.")
    grid = st.grid(2, min_column_width=340)
    for state in states:
        with grid.container(border=True, key=f"vendor-{state.id}", height="stretch"):
            _card(state, sandbox)
    draw_rates(arrived=arrived)


def _switch() -> None:
    with st.container(border=True, key="sandbox-switch"):
        sandbox_toggle("Sandbox for this browser session", "sandbox_switch")
        st.caption(
            "The whole studio is in the sandbox, because STUDIO_SANDBOX is set: all vendors are simulated on this "
            "computer, for everyone. Real keys are not used. To leave it, remove that setting and restart the studio."
            if studio().sandbox
            else "All vendors are simulated on this computer. Real keys are not used. Colleagues are not affected. "
            "The same switch is in the menu with your name, on every page."
        )


def _card(state: VendorState, sandbox: bool) -> None:
    checks: dict[tuple[str, str], Checked] = st.session_state.setdefault("checks", {})
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(plain(state.title), anchor=False, width="content")
        word, colour = _standing(state, sandbox)
        st.markdown(f":{colour}-badge[{word}]", width="content")
    since = f" since {clock(state.standing.paused_at)}" if state.standing.paused_at else ""
    if state.paused and state.standing.after_restore:
        st.warning(
            f"Nothing is sent to {plain(state.title)}{since}. {plain(state.standing.paused_why or '')}", title="Paused"
        )
        _orders(state)
        _resume_button(state, sandbox, "Waiting jobs are sent, and cost what their cards say.")
    elif state.paused:
        st.warning(
            plain(
                f"Nothing is sent to {state.paused_title}{since}. {state.title} refused an order: "
                f"{state.standing.paused_why} Check the connection: once the key is accepted, waiting jobs continue."
            ),
            title="Paused",
        )
    if state.lacking:
        _missing(state)
    else:
        _check(state, sandbox, checks)
    checked = checks.get((state.environment, state.id))
    error, at = state.standing.last_error, state.standing.last_error_at
    said = {checked.check.says if checked else "", state.standing.paused_why if state.paused else ""}
    if error and at and error not in said:
        st.caption(f"Last error, {clock(at)}: {plain(error)}")
    with st.expander(f"How {plain(state.title)} is reached"):
        _wire(state, sandbox)


def _standing(state: VendorState, sandbox: bool) -> tuple[str, str]:
    if state.paused:
        return "Paused", "orange"
    if sandbox:
        return "Sandbox, no key needed", "violet"
    return ("No key", "gray") if state.lacking else ("Key present", "green")


def _missing(state: VendorState) -> None:
    lines = "these lines" if len(state.lacking) > 1 else "this line"
    st.markdown(f"Add {lines} to the file `.env` in the studio’s folder, then restart the studio:")
    st.code("\n".join(f"{variable}=…" for variable in state.lacking), language=None)


def _check(state: VendorState, sandbox: bool, checks: dict[tuple[str, str], Checked]) -> None:
    if st.button(f"Check connection to {state.title}", key=f"check-{state.id}", icon=":material/sync_alt:"):
        with st.spinner(f"Asking {plain(state.title)} …"):
            done = refusals.attempt(state.id, _note, checks, state, sandbox)
        if done:
            st.rerun()
    refusals.refusal(state.id)
    checked = checks.get((state.environment, state.id))
    if checked is None:
        asks_no_job = PROVIDERS[state.id].check_asks_for_no_job
        how = (
            "about a job that does not exist, the only free request there is"
            if asks_no_job
            else "for the account balance"
        )
        st.caption(f"Free of charge: it asks {how}.")
        return
    draw = {Verdict.ACCEPTED: st.success, Verdict.REFUSED: st.error, Verdict.UNCLEAR: st.warning}
    draw[checked.check.verdict](plain(checked.check.says))
    if state.paused and not state.standing.after_restore and checked.check.verdict is Verdict.UNCLEAR:
        _resume_button(state, sandbox, "If the key is refused again, nothing is charged, and it is paused again.")
    st.caption(f"Checked {clock(checked.at)} · {checked.balance}")


def _orders(state: VendorState) -> None:
    """Offer what the vendor's own list shows of the time after the backup."""
    title = plain(state.title)
    if state.orders_reach_h is None:
        st.caption(f"{title} offers no list that can be asked from here. Look on its website.")
        return
    found: dict[str, tuple[FoundOrder, ...]] = st.session_state.setdefault("found_orders", {})
    if st.button(f"Compare with {state.title}’s list", key=_orders_of(state), icon=":material/checklist:"):
        with st.spinner(f"Asking {title} …"):
            done = refusals.attempt(_orders_of(state), _note_orders, found, state)
        if done:
            st.rerun()
    refusals.refusal(_orders_of(state))
    orders = found.get(state.id)
    if orders is None:
        st.caption(f"Free of charge. Its list goes back {state.orders_reach_h} hours.")
    elif not orders:
        st.success(f"{title}’s list of the last {state.orders_reach_h} hours has no order that is missing here.")
    else:
        many = "1 order is" if len(orders) == 1 else f"{len(orders)} orders are"
        lines = "\n".join(f"- {plain(_order_words(order))}" for order in orders)
        st.warning(f"{many} in {title}’s list and not here:\n\n{lines}", title="Sent after the backup")
        st.button(
            "Take it in" if len(orders) == 1 else f"Take in all {len(orders)}",
            key=f"take-{state.id}",
            icon=":material/download:",
            on_click=pressed(_take_in),
            args=(state,),
            help="Each becomes a job here: its video is fetched, and its cost counts this month, even above a cap. "
            "Nothing is sent.",
        )


def _orders_of(state: VendorState) -> str:
    """Return the key of the button that compares, beside which it is said why it, or taking in, was not done."""
    return f"orders-{state.id}"


def _order_words(order: FoundOrder) -> str:
    cost = "cost unknown" if order.usd_micros is None else price_text(order.usd_micros)
    if order.waits:
        return f"job {order.job_id}, which waits here: {order.vendor_id}, {cost}"
    was = "not from this studio" if order.job_id is None else "unknown here"
    return f"{order.vendor_id}, {was}, {cost}"


def _note_orders(found: dict[str, tuple[FoundOrder, ...]], state: VendorState) -> None:
    found[state.id] = desk().outcomes.found_orders(state.id)


def _take_in(state: VendorState) -> None:
    found: dict[str, tuple[FoundOrder, ...]] = st.session_state.get("found_orders", {})
    if refusals.attempt(_orders_of(state), desk().outcomes.take_in, state.id):
        found[state.id] = ()


def _resume_button(state: VendorState, sandbox: bool, explain: str) -> None:
    st.button(
        f"Resume {state.title}",
        icon=":material/play_arrow:",
        on_click=pressed(_resume),
        args=(state, sandbox),
        help=explain,
    )


def _note(checks: dict[tuple[str, str], Checked], state: VendorState, sandbox: bool) -> None:
    """Check the vendor, and store the result before any st. call, where another press may end this run."""
    checks[state.environment, state.id] = _ask(state, sandbox)


def _resume(state: VendorState, sandbox: bool) -> None:
    refusals.attempt(state.id, studio().vendors.resume, state.id, sandbox=sandbox, by=desk().by)


def _ask(state: VendorState, sandbox: bool) -> Checked:
    check = studio().vendors.check(state.id, sandbox=sandbox, by=desk().by)
    words = "this vendor does not report a balance"
    if state.offers_balance:
        words = "balance unknown"
        if check.verdict is Verdict.ACCEPTED:
            try:
                words = _balance(studio().vendors.balance(state.id, sandbox=sandbox, by=desk().by))
            except StudioError as error:
                words = f"balance unknown: {plain(str(error))}"
    return Checked(check, words, datetime.now(UTC))


def _balance(balance: Balance | None) -> str:
    if balance is not None and balance.usd_micros is not None:
        dollars = Decimal(balance.usd_micros).scaleb(-6).quantize(Decimal("0.01"), ROUND_FLOOR)
        return rf"balance {'−' if dollars < 0 else ''}\${abs(dollars):,}"
    if balance is not None and balance.credits is not None:
        return f"balance {balance.credits.normalize():,f} credits".replace("-", "−")
    return "balance unknown"


def _wire(state: VendorState, sandbox: bool) -> None:
    st.caption("Address")
    st.text(state.base_url)
    if not sandbox:
        st.caption(f"Set {state.base_url_variable} to change it.")
        st.caption("Proxy")
        st.text(state.proxy or "None: it is reached directly")
        st.caption(f"Set STUDIO_PROXY, or {state.proxy_variable} for this vendor alone, to change it.")
    st.caption("Jobs at once")
    st.text(str(state.slots))
    st.caption(f"The studio’s own limit; no vendor publishes one. Set {state.slots_variable} to change it.")
    st.caption("Webhooks")
    st.text(_webhooks(state, sandbox))
    if state.assumptions:
        st.caption("Assumed, because the vendor does not document it")
        for name, value, why, variable in state.assumptions:
            words = f"{name.replace('_', ' ')}: “{value}” ({why})."
            st.markdown(f"{plain(words)} Set `{variable}` to change it.")


def _webhooks(state: VendorState, sandbox: bool) -> str:
    every = PROVIDERS[state.id].poll_every_s.value
    asked = f"Each job is checked about every {every:g} s."
    if not state.webhooks:
        return f"{state.title} sends none. {asked}"
    if sandbox:
        return "On, from the sandbox to this computer."
    public_url = studio().public_url
    if public_url is None:
        return f"Off: set STUDIO_PUBLIC_URL to the address at which vendors reach this server. {asked}"
    return f"On, to {public_url}{HOOKS}{state.id}/…"


main()
