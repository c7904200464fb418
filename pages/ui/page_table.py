"""The table of pages. The navigation, the gate, the way back after signing in and the warm-up are derived from it."""

from __future__ import annotations

from dataclasses import dataclass

from lipsync_core import Action


@dataclass(frozen=True)
class StudioPage:
    """One page: the script ``pages/NAME.py``, at the address ``/NAME``."""

    name: str
    title: str
    icon: str
    needs: Action = Action.SEE
    """The permission that a person needs to open it. Everyone who may sign in may see."""
    team_only: bool = False
    """Whether it is listed only if people sign in."""

    @property
    def script(self) -> str:
        """Its file in the folder of the pages."""
        return f"{self.name}.py"

    @property
    def url_path(self) -> str:
        """Its address without the slash; the first page's is empty."""
        return "" if self is PAGES[0] else self.name


PAGES = (
    StudioPage("create", "Create", ":material/add_circle:", needs=Action.MAKE),
    StudioPage("jobs", "Jobs", ":material/list_alt:"),
    StudioPage("library", "Library", ":material/photo_library:", needs=Action.MAKE),
    StudioPage("estimate", "Estimate", ":material/calculate:"),
    StudioPage("spend", "Spend", ":material/payments:"),
    StudioPage("providers", "Providers", ":material/hub:", needs=Action.CHECK),
    StudioPage("team", "Team", ":material/group:", team_only=True),
)
"""All pages, in the order of the navigation. People start on the first; without permission for it, on Jobs."""

BY_ADDRESS = {page.url_path: page for page in PAGES}

PATHS = tuple(f"/{page.name}" for page in PAGES[1:])
"""The addresses to which a person can return after sign-in."""
