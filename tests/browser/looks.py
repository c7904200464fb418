"""What axe finds on a page, in each of the looks that a page has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.visit import STILL, settle
from tests.browser.visitors import WIDE

Look = tuple[Literal["light", "dark"], int]
"""A colour scheme and a width."""

LOOKS: Sequence[Look] = (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390))

STREAMLITS_OWN = (
    ("presentation-role-conflict", ""),  # the file uploader's drop zone
    ("color-contrast", "<kbd"),  # the hint of a shortcut on a primary button; a theme cannot colour it
)
"""What no page can mend: the rule, and how the element's HTML begins."""
NOT_LOOKED_AT = {"exclude": [["[data-testid=stSliderThumbValue]"]]}
"""Nor this: a slider's figure, which is too faint in dark. The field beside it shows the same."""


def violations(page: Page) -> list[str]:
    """What axe finds, without what Streamlit alone can mend."""
    settle(page)
    page.wait_for_function(STILL)  # colours fade in; axe measures them as they are
    found: list[dict[str, Any]] = Axe().run(page, NOT_LOOKED_AT).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:200]} {node['any'][0]['message'][:160] if node['any'] else ''}"
        for violation in found
        for node in violation["nodes"]
        if not any(violation["id"] == rule and node["html"].startswith(html) for rule, html in STREAMLITS_OWN)
    ]


def violations_in_all_looks(page: Page, looks: Sequence[Look] = LOOKS) -> list[str]:
    """What axe finds in each look of a page, which is light and wide again afterwards."""
    found = []
    page.mouse.move(0, 0)  # nothing comes to lie under the pointer where a narrow page puts it elsewhere
    for scheme, width in looks:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{scheme}, {width} wide: {violation}" for violation in violations(page)]
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(WIDE)
    page.wait_for_function(STILL)
    return found
