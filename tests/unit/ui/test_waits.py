"""The bars of the waits, as Streamlit's own test harness is given them: what they say is what the table says."""

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lipsync_core import Studio, until_ready_s
from pages.ui import frame
from pages.ui.text import about


def bars(seconds: float, clips: int) -> None:
    from pages.ui.estimate import wait_chart as waits
    from pages.ui.frame import studio

    waits.draw(studio().estimates.clip(seconds, "480p"), clips)


def drawn(seconds: float, clips: int) -> dict[str, Any]:
    app = AppTest.from_function(bars, kwargs={"seconds": seconds, "clips": clips}, default_timeout=300).run()
    assert not app.exception
    (chart,) = app.get("echarts_chart")
    spec: dict[str, Any] = json.loads(chart.proto.spec)
    return spec


@pytest.mark.parametrize(
    ("seconds", "clips", "unit", "of_one"), [(1.0, 1, "s", 1), (12.4, 1, "min", 60), (83.5, 50, "h", 3600)]
)
def test_half_and_the_rest_add_up_to_the_tables_waits(
    studio: Studio,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    clips: int,
    unit: str,
    of_one: int,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    frame.studio.clear()
    spec = drawn(seconds, clips)
    waits = [until_ready_s(one, clips) for one in studio.estimates.clip(seconds, "480p")]
    half, labelled = (series["data"] for series in spec["series"])
    rest = [one["value"] for one in labelled]
    assert [one["label"]["formatter"] for one in labelled] == [f"{about(one)} – {about(most)}" for one, most in waits]
    assert spec["xAxis"]["axisLabel"]["formatter"] == f"{{value}} {unit}"
    assert [value * of_one for value in half] == pytest.approx([wait[0] for wait in waits], abs=of_one / 1000)
    assert [(one + more) * of_one for one, more in zip(half, rest, strict=True)] == pytest.approx(
        [wait[1] for wait in waits], abs=of_one / 500
    )
