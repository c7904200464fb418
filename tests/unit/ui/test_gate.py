"""Nothing on a page acts without asking first whether its visitor may still enter: read from the pages' own text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from lipsync_core import ROOT

PAGES = sorted((ROOT / "pages").rglob("*.py"))
GATE = "frame.py"
"""Where the guards themselves stand, and the way in and out, which have to work before the gate."""


def calls(file: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def where(file: Path, node: ast.expr) -> str:
    return f"{file.name}:{node.lineno}: {ast.unparse(node)}"


def is_call_of(node: ast.expr, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def test_every_callback_is_guarded() -> None:
    taken, bare = 0, []
    for file in PAGES:
        for call in calls(file):
            for option in call.keywords:
                if option.arg is None or not option.arg.startswith("on_") or isinstance(option.value, ast.Constant):
                    continue
                if isinstance(call.func, ast.Name) and call.func.id == "dialog":
                    continue  # which guards it itself
                taken += 1
                if not is_call_of(option.value, "pressed") and file.name != GATE:
                    bare.append(where(file, option.value))
    assert not bare, "wrap them in pages.ui.frame.pressed"
    assert taken > 40, "nothing was read"


def test_every_fragment_and_dialog_is_guarded() -> None:
    bare = [
        f"{file.name}:{node.lineno}"
        for file in PAGES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("fragment", "dialog") and file.name != GATE
        if isinstance(node.value, ast.Name) and node.value.id == "st"
    ]
    assert not bare, "use pages.ui.frame.fragment and pages.ui.frame.dialog"


def test_every_file_that_is_made_when_it_is_saved_is_guarded() -> None:
    bare = [
        where(file, call.args[1])
        for file in PAGES
        for call in calls(file)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "download_button"
        if isinstance(call.args[1], ast.Lambda | ast.Name | ast.Attribute)
    ]
    assert not bare, "wrap them in pages.ui.frame.offered"


def test_work_in_other_threads_is_carried_there() -> None:
    for file in PAGES:
        text = file.read_text(encoding="utf-8")
        assert "ThreadPoolExecutor(" not in text or "carried(" in text, f"{file.name}: use pages.ui.frame.carried"


def test_only_the_way_in_and_out_stands_before_the_gate() -> None:
    bare = [
        ast.unparse(option.value)
        for call in calls(ROOT / "pages" / "ui" / GATE)
        for option in call.keywords
        if option.arg and option.arg.startswith("on_") and not isinstance(option.value, ast.Constant)
    ]
    assert set(bare) == {"_sign_out", "st.login", "pressed(dismissed)", "pressed(_toggled)"}
