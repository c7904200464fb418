"""What a person without the vendor's key can still press: the same clip in the sandbox, where nothing is billed."""

from __future__ import annotations

from dataclasses import replace

from lipsync_core import IssueKind
from pages.ui.brief.presses import RenderPress
from pages.ui.frame import desk


def sendable(press: RenderPress) -> RenderPress:
    """Return the press for the button: the same one in the sandbox if its vendor has no key here, else this one."""
    if not any(issue.kind is IssueKind.NO_KEY for issue in press.quote.issues):
        return press
    quotes = desk(sandbox=True).quotes(replace(press.brief, engine=press.quote.engine))
    return replace(press, quote=quotes[0], sandbox=True)
