"""The list of engines for the harness, which knows no components of a page's own: what it shows, and a choice in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest


def listed(app: AppTest) -> Mapping[str, dict[str, Any]]:
    """Every engine of the list, by its id, as the browser is told."""
    rows: list[dict[str, Any]] = json.loads(_list_of(app).json)["rows"]
    return {row["id"]: row for row in rows}


def choose(app: AppTest, engine: str) -> None:
    """Choose an engine, in one message with whatever was entered or pressed just before."""
    shown = _list_of(app)
    choice = {"choice": {"engine": engine, "turn": json.loads(shown.json)["turn"]}}
    message = app._tree.get_widget_states()
    message.widgets.append(WidgetState(id=shown.id, json_value=json.dumps(choice)))
    app._run(message)
    assert not app.exception


def _list_of(app: AppTest) -> Any:
    return next(found.proto for found in app.get("bidi_component") if found.proto.component_name == "engines")
