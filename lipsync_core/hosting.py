"""From a stored medium to a link that a vendor can fetch, or to the reason why there is none.

A public link that a medium came from is passed through. Else it is hosted: in the bucket that media live in, or by
this server, or within the request itself where the vendor takes that. The sandbox fetches from the studio.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lipsync_core.brief import Brief, KeptMedium
from lipsync_core.fitting import Change, change_for, copy_of, known_copy
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
"""A link outlives a vendor's queue by far. It is also the longest that a bucket's link can be good for."""

CURE = (
    "It fetches files by link, and this studio has no address it can reach. Paste a link for each file, or have "
    "STUDIO_PUBLIC_URL set to where vendors reach this server, or STUDIO_MEDIA_URL to s3://bucket/prefix, with "
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Nothing was sent."
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
        if environment == SANDBOX or self.public_url is not None or self.store.bucket is not None:
            return None
        stuck = [name for name, facts in media.items() if facts.url is None and not _as_data(facts, form)]
        return f"{vendor} can’t reach your file{'s' if len(stuck) > 1 else ''}. {CURE}" if stuck else None

    def changes(self, media: Mapping[str, MediumFacts], form: EngineForm, environment: str) -> dict[str, Change]:
        """What is done to which of a brief's media before an engine gets them: field → change.

        A link is passed through as it is where no copy could be hosted.
        """
        found = {name: change_for(facts, form) for name, facts in media.items() if name != "mask_image"}
        hosts = environment == SANDBOX or self.public_url is not None or self.store.bucket is not None
        return {name: it for name, it in found.items() if it is not None and (hosts or media[name].url is None)}

    def sent(
        self, media: Mapping[str, MediumFacts], changes: Mapping[str, Change], *, make: bool = False
    ) -> dict[str, MediumFacts]:
        """What an engine gets of these media: the copies, as far as they are there or, with ``make``, made now.

        Raises `MediaError` where one cannot be made.
        """
        copies = {
            name: copy_of(self.store, media[name], change) if make else known_copy(self.store, media[name], change)
            for name, change in changes.items()
        }
        return {name: copies.get(name) or facts for name, facts in media.items()}

    def links(self, brief: Brief, form: EngineForm, environment: str) -> dict[str, str]:
        """A link for each of the brief's media, or for the copy that the engine takes.

        Raises `KeyError` where there is none, and `MediaError`.
        """
        media = {name: getattr(brief, name) for name in KINDS if getattr(brief, name) is not None}
        return {name: self._link(medium, form, environment, name) for name, medium in media.items()}

    def _link(self, medium: KeptMedium | str, form: EngineForm, environment: str, name: str) -> str:
        if isinstance(medium, str):
            return medium
        facts = self.store.get(medium.sha256, KINDS[name])
        if facts is None:
            raise KeyError(name)
        facts = replace(facts, name=medium.name, url=medium.url)
        for change in self.changes({name: facts}, form, environment).values():
            facts = copy_of(self.store, facts, change)
        if environment == SANDBOX:
            return self.sandbox_files() + self.signed(facts, QUEUE_S)
        if facts.url is not None:
            return facts.url
        if (link := self.store.link(facts, QUEUE_S)) is not None:
            return link
        if self.public_url is not None:
            return f"{self.public_url}/app/static/media{self.signed(facts, QUEUE_S)}"
        if _as_data(facts, form):
            if (path := self.store.file(facts)) is None:
                raise KeyError(name)
            content = base64.b64encode(path.read_bytes()).decode()
            return f"data:{facts.mime};base64,{content}"
        raise KeyError(name)


def _as_data(facts: MediumFacts, form: EngineForm) -> bool:
    return form.data_uris and facts.size <= MOST_DATA_BYTES
