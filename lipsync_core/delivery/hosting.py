"""Links at which vendors can fetch stored media, or the reason why there are none.

A vendor gets the stored content, which was measured, priced and shown: from the media bucket, from this server, or
inside the request itself if the vendor accepts that. The sandbox fetches from the studio. Only if none of these is
possible, and the job's quote said so, is a pasted link passed to the vendor unchanged: its server may send each
requester a different file.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from lipsync_core.brief import (
    MEDIUM_KINDS,
    Brief,
    KeptMedium,
)
from lipsync_core.job import SANDBOX
from lipsync_core.media.fit import Conversion, change_for, copy_of, known_copy
from lipsync_core.media.store import MediaStore
from lipsync_core.medium import MediumFacts
from lipsync_core.providers.forms import EngineForm
from lipsync_core.quote import Issue, IssueKind

MOST_DATA_BYTES = 8 * 1024 * 1024
"""The largest file that is sent inside a request. Assumed: AI/ML API accepts data URIs and documents no limit."""

QUEUE_S = 7 * 86_400
"""The validity of a vendor's link, far longer than a vendor's queue. It is also the maximum for a bucket's link."""

CURE = (
    "It fetches files by link, but it cannot reach this studio. Paste a link for each file; or set "
    "STUDIO_PUBLIC_URL to the address at which vendors reach this server; or set STUDIO_MEDIA_URL to "
    "s3://bucket/prefix, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Nothing was sent."
)


@dataclass(frozen=True, slots=True)
class Hosting:
    """Makes links. ``signed`` turns a medium into a path with an expiring token."""

    store: MediaStore
    signed: Callable[[MediumFacts, float], str]
    public_url: str | None
    sandbox_files: Callable[[], str]
    """Returns the URL at which the sandbox fetches the studio's files; starts it if necessary."""

    def hosts(self, environment: str) -> bool:
        """Return whether files can be hosted where a vendor can reach them."""
        return environment == SANDBOX or self.public_url is not None or self.store.bucket is not None

    def problem(
        self, media: Mapping[str, MediumFacts], form: EngineForm, environment: str, vendor: str
    ) -> Issue | None:
        """Explain why ``vendor`` could not fetch these files; None if it can."""
        if self.hosts(environment):
            return None
        stuck = [name for name, facts in media.items() if facts.url is None and not _as_data(facts, form)]
        if not stuck:
            return None
        title = f"{vendor} can’t reach your file{'s' if len(stuck) > 1 else ''}"
        return Issue("engine", CURE, stops=True, title=title, kind=IssueKind.NO_LINK)

    def passed_on(self, media: Mapping[str, MediumFacts], form: EngineForm, environment: str) -> tuple[str, ...]:
        """Return the fields whose pasted link goes to the vendor unchanged. ``media`` are the result of `sent`."""
        if self.hosts(environment):
            return ()
        return tuple(name for name, facts in media.items() if facts.url is not None and not _as_data(facts, form))

    def changes(self, media: Mapping[str, MediumFacts], form: EngineForm, environment: str) -> dict[str, Conversion]:
        """Return the conversions of a brief's media before an engine gets them: field → change.

        A medium that could only be passed on as a link is not converted.
        """
        found = {name: change_for(facts, form) for name, facts in media.items() if name != "mask_image"}
        keeps = self.hosts(environment) or form.data_uris
        return {name: it for name, it in found.items() if it is not None and (keeps or media[name].url is None)}

    def sent(
        self, media: Mapping[str, MediumFacts], changes: Mapping[str, Conversion], *, make: bool = False
    ) -> dict[str, MediumFacts]:
        """Return the media that an engine gets: with copies that exist or, with ``make``, are made now.

        A copy keeps the pasted link of its medium. Raises `MediaError` if a copy cannot be made.
        """
        copies = {
            name: copy_of(self.store, media[name], change) if make else known_copy(self.store, media[name], change)
            for name, change in changes.items()
        }
        return {
            name: facts if (copy := copies.get(name)) is None else replace(copy, url=facts.url)
            for name, facts in media.items()
        }

    def links(
        self, brief: Brief, form: EngineForm, environment: str, passed_on: Collection[str] = ()
    ) -> dict[str, str]:
        """Return a link for each of the brief's media, or for the copy that the engine accepts.

        A pasted link is used only for the fields ``passed_on``. Raises `MediaError`, and `KeyError` if one is missing.
        """
        media = {name: getattr(brief, name) for name in MEDIUM_KINDS if getattr(brief, name) is not None}
        return {
            name: self._link(medium, form, environment, name, may_pass=name in passed_on)
            for name, medium in media.items()
        }

    def _link(self, medium: KeptMedium | str, form: EngineForm, environment: str, name: str, *, may_pass: bool) -> str:
        if isinstance(medium, str):  # a link that could not be fetched here
            if may_pass:
                return medium
            raise KeyError(name)
        facts = self.store.get(medium.sha256, MEDIUM_KINDS[name])
        if facts is None:
            raise KeyError(name)
        facts = replace(facts, name=medium.name, url=medium.url)
        changes = self.changes({name: facts}, form, environment)
        facts = self.sent({name: facts}, changes, make=True)[name]
        if environment == SANDBOX:
            return self.sandbox_files() + self.signed(facts, QUEUE_S)
        if (link := self.store.link(facts, QUEUE_S)) is not None:
            return link
        if self.public_url is not None:
            return f"{self.public_url}/app/static/media{self.signed(facts, QUEUE_S)}"
        if _as_data(facts, form):
            if (path := self.store.file(facts)) is None:
                raise KeyError(name)
            content = base64.b64encode(path.read_bytes()).decode()
            return f"data:{facts.mime};base64,{content}"
        if facts.url is not None and may_pass:
            return facts.url
        raise KeyError(name)


def _as_data(facts: MediumFacts, form: EngineForm) -> bool:
    return form.data_uris and facts.size <= MOST_DATA_BYTES
