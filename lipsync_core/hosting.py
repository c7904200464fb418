"""From a stored medium to a link that a vendor can fetch, or to the reason why there is none."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lipsync_core.brief import Brief, KeptMedium
from lipsync_core.job import SANDBOX
from lipsync_core.media import Kind, MediaStore, MediumFacts
from lipsync_core.providers.limits import EngineForm

KINDS: dict[str, Kind] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "left_audio": "audio",
    "right_audio": "audio",
    "mask_image": "image",
}
"""Which kind of medium each of a brief's fields takes."""

MOST_DATA_BYTES = 8 * 1024 * 1024
"""The largest file that goes into a request itself. Assumed: AI/ML API takes data URIs and names no limit."""

QUEUE_S = 7 * 86_400
"""A link outlives a vendor's queue by far."""

CURE = (
    "It fetches files by link, and this studio has no address it can reach. Paste a link for each file, or have "
    "STUDIO_PUBLIC_URL set to where vendors reach this server. Nothing was sent."
)


@dataclass(frozen=True, slots=True)
class Hosting:
    """Makes links. ``signed`` turns a medium into a path with an expiring token."""

    store: MediaStore
    signed: Callable[[MediumFacts, float], str]
    public_url: str | None
    sandbox_files: Callable[[], str]
    """Where the sandbox fetches the studio's files; starts it where need be."""

    def problem(self, media: Mapping[str, MediumFacts], form: EngineForm, environment: str, vendor: str) -> str | None:
        """Why ``vendor`` could not get at these files; None where it can."""
        if environment == SANDBOX or self.public_url is not None:
            return None
        stuck = [name for name, facts in media.items() if facts.url is None and not _as_data(facts, form)]
        return f"{vendor} can’t reach your file{'s' if len(stuck) > 1 else ''}. {CURE}" if stuck else None

    def links(self, brief: Brief, form: EngineForm, environment: str) -> dict[str, str]:
        """A link for each of the brief's media. Raises `KeyError` where there is none."""
        media = {name: getattr(brief, name) for name in KINDS if getattr(brief, name) is not None}
        return {name: self._link(medium, form, environment, name) for name, medium in media.items()}

    def _link(self, medium: KeptMedium | str, form: EngineForm, environment: str, name: str) -> str:
        if isinstance(medium, str):
            return medium
        facts = self.store.get(medium.sha256, KINDS[name])
        if facts is None:
            raise KeyError(name)
        if environment == SANDBOX:
            return self.sandbox_files() + self.signed(facts, QUEUE_S)
        if medium.url is not None:
            return medium.url
        if self.public_url is not None:
            return f"{self.public_url}/app/static/media{self.signed(facts, QUEUE_S)}"
        if _as_data(facts, form):
            content = base64.b64encode(self.store.path(facts).read_bytes()).decode()
            return f"data:{facts.mime};base64,{content}"
        raise KeyError(name)


def _as_data(facts: MediumFacts, form: EngineForm) -> bool:
    return form.data_uris and facts.size <= MOST_DATA_BYTES
