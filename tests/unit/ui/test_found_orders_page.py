"""Providers, after a restore: what a vendor's own list knows and the ledger does not is shown, and taken in."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lipsync_core import JobState, Settings, Studio
from lipsync_core.db.database import Database
from lipsync_core.ledger.vendor_status import EVERY_KEY, VendorStatuses
from pages.ui import frame
from tests.sandbox import KEYS, served
from tests.scripted import Scripted
from tests.unit.ui.test_pages import visit


@pytest.fixture
def vendor() -> Scripted:
    return Scripted()


@pytest.fixture
def studio(
    vendor: Scripted, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Studio]:
    """One whose vendors are paused because its ledger was restored."""
    with served(vendor.app()) as base:
        variables = environment | {"AIMLAPI_BASE_URL": base, "AIMLAPI_API_KEY": KEYS["AIMLAPI_API_KEY"]}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        frame.studio.clear()
        studio = Studio(Settings.from_env(variables, dotenv=tmp_path / "no.env"))
        for name in ("aimlapi", "joypix"):
            VendorStatuses(Database(variables["STUDIO_DATABASE_URL"])).pause(
                name, "live", EVERY_KEY, "It was restored."
            )
        yield studio
        frame.studio.clear()


def press(app: AppTest, label: str) -> None:
    (button,) = [button for button in app.button if button.label == label]
    button.click().run()
    assert not app.exception


def words(app: AppTest) -> str:
    return unescape("\n".join(one.value for kind in (app.warning, app.success, app.caption, app.error) for one in kind))


def test_orders_that_are_not_here_are_listed_and_become_jobs(studio: Studio, vendor: Scripted) -> None:
    app = visit("providers.py")
    assert "JoyPix offers no list that can be asked from here" in words(app)
    vendor.log(
        {"client_request_id": None, "inference_id": "inf-7", "cost": {"usd": 0.52}},
        {"client_request_id": "lipsync-studio.9.1.1", "inference_id": "inf-8", "cost": {"usd": 0.25}},
    )
    press(app, "Compare with AI/ML API’s list")
    assert "2 orders are in AI/ML API’s list and not here" in words(app)
    assert "inf-7, not from this studio, $0.52" in words(app)
    assert "inf-8, unknown here, $0.25" in words(app)
    press(app, "Take in all 2")
    taken = studio.jobs()
    assert [job.state for job in taken] == [JobState.RENDERING] * 2
    (aimlapi,) = [one for one in studio.spending.month(studio.month()).vendors if one.provider == "aimlapi"]
    assert aimlapi.sums.under_way == 770_000
    assert "has no order that is missing here" in words(app)


def test_a_vendor_that_does_not_answer_is_told_beside_the_button(studio: Studio, vendor: Scripted) -> None:
    vendor.logs = 503, {"message": "later"}
    app = visit("providers.py")
    press(app, "Compare with AI/ML API’s list")
    assert "Nothing was changed" in words(app)
    assert list(studio.jobs()) == []


def test_without_a_key_it_is_told_beside_the_button_that_nobody_can_ask(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIMLAPI_API_KEY")
    app = visit("providers.py")
    press(app, "Compare with AI/ML API’s list")
    assert "AI/ML API cannot be asked without a key" in words(app)
