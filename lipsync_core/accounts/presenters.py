"""A vendor's stock presenters and voices, for the form in which a person chooses one.

Creatify has some 1,500 presenters. Their list is kept in memory for filters and pages; a presenter's picture is fetched
when its page is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lipsync_core.accounts.checks import Vendors
from lipsync_core.accounts.list_table import ListTable
from lipsync_core.accounts.pictures import Stills
from lipsync_core.accounts.reach import Accounts
from lipsync_core.accounts.vendor_lists import Daily
from lipsync_core.db.database import Database
from lipsync_core.errors import VendorError
from lipsync_core.job import LIVE, SANDBOX
from lipsync_core.media.store import MediaStore
from lipsync_core.medium import MediumFacts
from lipsync_core.providers.wire import Accent, AskAgain, Persona, PersonaPage, Request, Response, Voice

ROWS = 12
"""Presenters on one page."""
FILTERS = ("gender", "age_range", "location", "style")
AT_ONCE = 4
"""The vendor's list pages requested at once."""
MOST_PAGES = 200
"""The most list pages of the vendor that are read, in case the list has no end."""
SHAPES = ("1:1", "9:16", "16:9")
"""The preferred shapes of a presenter's still: the first available one is used."""


@dataclass(frozen=True, slots=True)
class Presenter:
    """A presenter; its ``id`` is a brief's ``creator``. Texts are the vendor's own, empty if it has none."""

    id: str
    name: str
    gender: str
    age_range: str
    location: str
    style: str
    picture: MediumFacts | None
    """None if it could not be fetched, or not yet."""


@dataclass(frozen=True, slots=True)
class PresenterPage:
    """Up to `ROWS` of the presenters that match the filters."""

    presenters: tuple[Presenter, ...]
    pages: int
    """At least 1."""
    total: int
    coming: int = 0
    """Pictures still being fetched: they are there when the page is drawn again."""


class Presenters:
    """The lists of the first vendor that has presenters, live and in the sandbox. Thread-safe.

    It waits for the network if a list is not there yet. A method that needs a list raises `VendorError` if there is
    none and none can be fetched. ``allow`` names private hosts that live pictures may be fetched from; sandbox pictures
    come only from the sandbox.
    """

    def __init__(
        self, accounts: Accounts, vendors: Vendors, store: MediaStore, database: Database, allow: tuple[str, ...]
    ) -> None:
        self._accounts = accounts
        self._vendors = vendors
        known = tuple(accounts.providers.values())
        self._provider = next((provider for provider in known if provider.presenters() is not None), known[0])
        self._allow = allow
        name, table = self._provider.id, ListTable(database)
        self._stills = Stills(store, table, f"{name}-pictures", accounts.outlet(self._provider.id))
        self._personas = Daily(table, f"{name}-presenters", ask=self._ask_personas, read=_persona, source=self._source)
        self._voices = Daily(table, f"{name}-voices", ask=self._ask_voices, read=_voice, source=self._source)

    def page(
        self,
        number: int,
        *,
        gender: str | None = None,
        age_range: str | None = None,
        location: str | None = None,
        style: str | None = None,
        sandbox: bool = False,
    ) -> PresenterPage:
        """Return a page, counted from 1, of the matching presenters; a number out of range gives the nearest page."""
        wanted = {"gender": gender, "age_range": age_range, "location": location, "style": style}
        asked = [(name, value) for name, value in wanted.items() if value]
        rows = self._personas.rows(_environment(sandbox))
        fitting = [row for row in rows if all(getattr(row, name) == value for name, value in asked)]
        pages = max(1, -(-len(fitting) // ROWS))
        start = (min(max(1, number), pages) - 1) * ROWS
        shown, coming = self._with_pictures(fitting[start : start + ROWS], sandbox)
        return PresenterPage(shown, pages, len(fitting), coming)

    def find(self, presenter_id: str, *, sandbox: bool = False) -> Presenter | None:
        """Return one presenter; None if the vendor lists none with this id."""
        rows = self._personas.rows(_environment(sandbox))
        shown, _coming = self._with_pictures([row for row in rows if row.id == presenter_id][:1], sandbox)
        return shown[0] if shown else None

    def name_of(self, presenter_id: str, *, sandbox: bool = False) -> str | None:
        """Return a presenter's name if it is known here; makes no request and never raises."""
        kept = self._personas.kept(_environment(sandbox))
        return next((row.name for row in kept if row.id == presenter_id), None)

    def choices(self, *, sandbox: bool = False) -> Mapping[str, tuple[str, ...]]:
        """Return the values of each of `FILTERS` that at least one presenter has."""
        rows = self._personas.rows(_environment(sandbox))
        return {name: tuple(sorted({getattr(row, name) for row in rows} - {""})) for name in FILTERS}

    def voices(self, *, sandbox: bool = False) -> tuple[Voice, ...]:
        """Return the voices that can speak a text; the id of one of their accents is a brief's ``accent``."""
        return self._voices.rows(_environment(sandbox))

    def refresh(self, *, sandbox: bool = False) -> None:
        """Request both lists again, however fresh they are; if that fails, the old ones stay."""
        self._personas.renew(_environment(sandbox))
        self._voices.renew(_environment(sandbox))

    def _source(self, environment: str) -> str:
        """Return the source of the list: another server may have another one, and another key its own presenters."""
        provider = self._provider
        account = self._accounts.of(provider.id, environment)
        if account.keys is None:
            raise VendorError(f"{provider.title}’s presenters cannot be listed without a key. {account.key_problem}")
        return f"{self._accounts.base_url(provider.id, environment, None)} {account.fingerprint}"

    def _asked(self, request: Request | None, environment: str) -> Response:
        if request is None:
            raise VendorError(f"{self._provider.title} has no list of these.")
        return self._vendors.ask(self._provider.id, environment, request)

    def _ask_personas(self, environment: str) -> tuple[Persona, ...]:
        def ask(number: int) -> PersonaPage | VendorError:
            try:
                answer = self._asked(self._provider.presenters(number), environment)
            except VendorError as error:
                return error
            read = self._provider.read_presenters(answer)
            return VendorError(read.what) if isinstance(read, AskAgain) else read

        found: dict[str, Persona] = {}
        waves = [range(1, 2), *(range(first, first + AT_ONCE) for first in range(2, MOST_PAGES, AT_ONCE))]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            for wave in waves:
                for page in threads.map(ask, wave):
                    if isinstance(page, VendorError):
                        raise page
                    found.update((persona.id, persona) for persona in page.personas)
                    if not page.has_more:  # later pages requested together with this one are past the end
                        return tuple(found.values())
        return tuple(found.values())

    def _ask_voices(self, environment: str) -> tuple[Voice, ...]:
        read = self._provider.read_voices(self._asked(self._provider.voices(), environment))
        if isinstance(read, AskAgain):
            raise VendorError(read.what)
        return read

    def _with_pictures(self, rows: Sequence[Persona], sandbox: bool) -> tuple[tuple[Presenter, ...], int]:
        allow = self._allow
        if sandbox:
            allow = (urlsplit(self._accounts.base_url(self._provider.id, SANDBOX, None)).netloc,)
        links = {row.id: _still(row) for row in rows}
        names = {link: row.name for row in rows if (link := links[row.id])}
        # The sandbox uses another port each time, so its links cannot be known in advance.
        facts, coming = self._stills.of(names, allow, keep=not sandbox)
        return tuple(_presenter(row, facts.get(links[row.id] or "")) for row in rows), coming


def _environment(sandbox: bool) -> str:
    return SANDBOX if sandbox else LIVE


def _still(row: Persona) -> str | None:
    return next((row.pictures[shape] for shape in SHAPES if shape in row.pictures), None)


def _presenter(row: Persona, picture: MediumFacts | None) -> Presenter:
    return Presenter(row.id, row.name, row.gender, row.age_range, row.location, row.style, picture)


def _persona(row: Any) -> Persona:
    return Persona(**row)


def _voice(row: Any) -> Voice:
    return Voice(row["name"], row["gender"], tuple(Accent(**accent) for accent in row["accents"]))
