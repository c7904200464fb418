"""The library: portraits, voices, videos and stock presenters that a team uses often, by name and project.

An entry names a stored medium or a vendor's presenter; it records where that came from and what is known about the
consent of the person seen or heard. A clean-up by age keeps what an entry names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, cast

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, or_, select, update

from lipsync_core.brief import FIELDS, MAX_NAME, Brief
from lipsync_core.db import audit_log
from lipsync_core.db.database import Database, instant, now_ms
from lipsync_core.db.schema import jobs, library, media
from lipsync_core.errors import LibraryError
from lipsync_core.job import LIVE, SANDBOX
from lipsync_core.ledger.open_briefs import BriefDesk, new_brief_id
from lipsync_core.media.cleanup import named
from lipsync_core.media.origin import Came, note_arrival, origin
from lipsync_core.media.store import from_row
from lipsync_core.medium import Kind, MediumFacts
from lipsync_core.people.roles import Action
from lipsync_core.plain_text import one_line, paragraphs

ItemKind = Literal["image", "audio", "video", "creator"]

LONGEST_CONSENT = 2000

_HOME: Mapping[ItemKind, str] = {"image": "portrait", "audio": "portrait", "video": "redub", "creator": "presenter"}
"""The scene of a new brief that starts with an entry of this kind."""


class Check(Protocol):
    """Raises `NotAllowedError` if a person may not do something to a thing of ``owner``'s."""

    def __call__(self, by: str, action: Action, *, owner: str | None = None) -> None:
        """Check the permission."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry."""

    id: int
    kind: ItemKind
    ref: str
    """A medium's SHA-256, or a presenter's id."""
    name: str
    project: str
    consent: str
    """What is known about the consent of the person seen or heard, in the team's own words."""
    came: Came
    came_from: str
    """A file name, a link, the name of its source medium, a job's number, or a vendor."""
    by: str
    added_at: datetime
    medium: MediumFacts | None
    """The medium, or a presenter's picture; None if it is not stored here."""

    @property
    def gone(self) -> bool:
        """Whether the file that it names is no longer here."""
        return self.medium is None and self.kind != "creator"


class Library:
    """The entries, for everyone who makes clips. Thread-safe."""

    def __init__(self, database: Database, desk: BriefDesk, check: Check) -> None:
        self._db = database
        self._desk = desk
        self._check = check

    # Looking

    def items(
        self,
        *,
        kinds: Sequence[ItemKind] = (),
        text: str = "",
        project: str | None = None,
        first: str = "",
        sandbox: bool = False,
        limit: int = 12,
        offset: int = 0,
    ) -> list[Item]:
        """Return entries whose name or project contains ``text``: those of the project ``first``, then latest used.

        Presenters are either those of the sandbox or the real ones.
        """
        order = [library.c.used_ms.desc(), library.c.id.desc()]
        if first:
            order.insert(0, (library.c.project != first).asc())
        query = select(library).where(*_where(kinds, text, project, sandbox)).order_by(*order)
        with self._db.read() as connection:
            rows = connection.execute(query.limit(limit).offset(offset)).mappings().all()
            return _items(connection, rows)

    def count(
        self,
        *,
        kinds: Sequence[ItemKind] = (),
        text: str = "",
        project: str | None = None,
        sandbox: bool = False,
    ) -> int:
        """Return how many such entries there are."""
        query = select(func.count()).select_from(library).where(*_where(kinds, text, project, sandbox))
        with self._db.read() as connection:
            return connection.execute(query).scalar_one()

    def item(self, item_id: int) -> Item:
        """One entry. Raises `LibraryError`."""
        with self._db.read() as connection:
            return _items(connection, [_row(connection, item_id)])[0]

    def find(self, kind: ItemKind, ref: str, *, sandbox: bool = False) -> Item | None:
        """Return the entry of a medium or a presenter; None if it has none."""
        with self._db.read() as connection:
            found = connection.execute(select(library).where(*_this(kind, ref, sandbox))).mappings().all()
            return next(iter(_items(connection, found)), None)

    def projects(self) -> list[str]:
        """Every project that an entry or a job belongs to, by name."""
        both = select(library.c.project).union(select(jobs.c.project))
        with self._db.read() as connection:
            return sorted(filter(None, connection.execute(both).scalars()), key=str.casefold)

    def brought(self, *, text: str = "", limit: int = 12, offset: int = 0) -> list[MediumFacts]:
        """Return every added medium and every finished video, latest first, with or without an entry."""
        query = select(media).where(*_listed(text)).order_by(media.c.arrived_ms.desc()).limit(limit).offset(offset)
        with self._db.read() as connection:
            found = [from_row(row) for row in connection.execute(query).mappings()]
            return named(connection, found)

    def count_brought(self, *, text: str = "") -> int:
        """Return how many of these media there are."""
        with self._db.read() as connection:
            return connection.execute(select(func.count()).select_from(media).where(*_listed(text))).scalar_one()

    # Changing

    def arrived(self, facts: MediumFacts, came: Came, *, by: str) -> None:
        """Record where a medium came from, unless that is already known."""
        with self._db.write() as connection:
            note_arrival(connection, facts, came, by)

    def keep(self, facts: MediumFacts, *, name: str, project: str = "", consent: str = "", by: str) -> Item:
        """Make an entry for a stored medium.

        Raises:
            LibraryError: it has one already, it has no name, or its note is too long.
            NotAllowedError: ``by`` may not make clips.
        """
        with self._db.write() as connection:
            came, came_from = origin(connection, facts)
            values = {"kind": facts.kind, "ref": facts.sha256, "came": came, "came_from": came_from}
            return self._add(connection, values, _words(name, project, consent), by)

    def keep_presenter(
        self,
        presenter_id: str,
        picture: MediumFacts | None,
        *,
        vendor: str,
        name: str,
        project: str = "",
        consent: str = "",
        sandbox: bool = False,
        by: str,
    ) -> Item:
        """Make an entry for a stock presenter of ``vendor``. Raises the same errors as `keep`."""
        values = {"kind": "creator", "ref": presenter_id, "came": "vendor", "came_from": vendor}
        values |= {"environment": SANDBOX if sandbox else LIVE}
        with self._db.write() as connection:
            picture_of = {} if picture is None else {"picture": picture.sha256}
            return self._add(connection, values | picture_of, _words(name, project, consent), by)

    def _add(self, connection: Connection, values: Mapping[str, str], words: Mapping[str, str], by: str) -> Item:
        self._check(by, Action.MAKE)
        row = {"environment": LIVE, **values, **words, "made_by": by, "added_ms": now_ms(), "used_ms": now_ms()}
        same = (library.c.kind == row["kind"], library.c.ref == row["ref"])
        taken = select(library.c.name).where(*same, library.c.environment == row["environment"])
        if (known := connection.execute(taken).scalar()) is not None:
            raise LibraryError(f"It is in the library already, as “{known}”. Nothing was changed.")
        made = connection.execute(insert(library).values(row).returning(library)).mappings().one()
        audit_log.note(connection, by, "added to the library", "library", made["name"], after=words)
        return _items(connection, [made])[0]

    def change(self, item_id: int, *, name: str, project: str, consent: str, by: str) -> None:
        """Change an entry's texts. Raises `LibraryError` and `NotAllowedError`."""
        self._check(by, Action.MAKE)
        words = _words(name, project, consent)
        with self._db.write() as connection:
            row = _row(connection, item_id)
            connection.execute(update(library).where(library.c.id == item_id).values(words))
            before = {field: row[field] for field in words}
            audit_log.note(connection, by, "changed in the library", "library", row["name"], before=before, after=words)

    def take_out(self, item_id: int, *, by: str) -> None:
        """Remove an entry; what it names stays. Raises `LibraryError` and `NotAllowedError`."""
        self._check(by, Action.HANDLE, owner=self.item(item_id).by)
        with self._db.write() as connection:
            row = _row(connection, item_id)
            connection.execute(delete(library).where(library.c.id == item_id))
            before = {field: row[field] for field in ("kind", "project", "consent")}
            audit_log.note(connection, by, "removed from the library", "library", row["name"], before=before)

    def used(self, item_id: int) -> None:
        """Record that an entry was just chosen, which lists it first from now on."""
        with self._db.write() as connection:
            connection.execute(update(library).where(library.c.id == item_id).values(used_ms=now_ms()))

    def use(self, item_id: int, *, by: str, brief_id: str | None = None) -> str:
        """Put an entry into the open brief if that has a free field for it, else into a new one.

        Returns the brief's id. Raises `LibraryError` if the file is no longer here, and `NotAllowedError`.
        """
        self._check(by, Action.MAKE)
        item = self.item(item_id)
        if item.gone:
            raise LibraryError(f"The file of “{item.name}” is no longer here. Nothing was changed.")
        open_brief = None if brief_id is None else self._desk.open(brief_id)
        field = None if open_brief is None or open_brief.job_id is not None else free_place(open_brief.brief, item.kind)
        changes: dict[str, Any] = {}
        if brief_id is None or field is None:
            brief_id, scene = new_brief_id(), _HOME[item.kind]
            field, changes = places_in(scene, item.kind)[0], {"scene": scene}
        if item.medium is None or item.kind == "creator":
            changes[field] = item.ref
        else:
            changes[field] = {"sha256": item.ref, "name": item.medium.name}
        self._desk.change(brief_id, by, changes)
        self.used(item_id)
        return brief_id


def free_place(brief: Brief, kind: ItemKind) -> str | None:
    """Return an empty field of a brief that takes something of this kind; None if there is none."""
    if kind == "audio" and brief.script:
        return None
    return next((field for field in places_in(brief.scene, kind) if getattr(brief, field) is None), None)


def places_in(scene: str, kind: ItemKind) -> list[str]:
    """Return the fields of a scene's brief that take something of this kind."""
    return [field.name for field in FIELDS.values() if scene in field.scenes and (field.medium or field.name) == kind]


def _words(name: str, project: str, consent: str) -> dict[str, str]:
    """Return an entry's texts as they are stored. Raises `LibraryError`."""
    name, project, consent = one_line(name), one_line(project), paragraphs(consent)
    if not name:
        raise LibraryError("Give it a name, so that colleagues can find it. Nothing was changed.")
    if len(name) > MAX_NAME or len(project) > MAX_NAME:
        raise LibraryError(f"A name has up to {MAX_NAME} characters. Nothing was changed.")
    if len(consent) > LONGEST_CONSENT:
        raise LibraryError(f"A consent note has up to {LONGEST_CONSENT:,} characters. Nothing was changed.")
    return {"name": name, "project": project, "consent": consent}


def _where(kinds: Sequence[ItemKind], text: str, project: str | None, sandbox: bool) -> list[ColumnElement[bool]]:
    here = SANDBOX if sandbox else LIVE
    clauses: list[ColumnElement[bool]] = [or_(library.c.kind != "creator", library.c.environment == here)]
    if kinds:
        clauses.append(library.c.kind.in_(kinds))
    if text := text.strip():
        named = (column.icontains(text, autoescape=True) for column in (library.c.name, library.c.project))
        clauses.append(or_(*named))
    if project is not None:
        clauses.append(library.c.project == project)
    return clauses


def _this(kind: ItemKind, ref: str, sandbox: bool) -> list[ColumnElement[bool]]:
    environment = SANDBOX if sandbox and kind == "creator" else LIVE
    return [library.c.kind == kind, library.c.ref == ref, library.c.environment == environment]


def _listed(text: str) -> list[ColumnElement[bool]]:
    named = [media.c.name.icontains(text.strip(), autoescape=True)] if text.strip() else []
    return [media.c.arrived_ms > 0, *named]


def _row(connection: Connection, item_id: int) -> RowMapping:
    row = connection.execute(select(library).where(library.c.id == item_id)).mappings().first()
    if row is None:
        raise LibraryError("It is no longer in the library. Nothing was changed.")
    return row


def _items(connection: Connection, rows: Sequence[RowMapping]) -> list[Item]:
    shown = {row["id"]: (row["picture"] or row["ref"], _kind_shown(row)) for row in rows}
    of_them = select(media).where(media.c.sha256.in_({sha256 for sha256, _kind in shown.values()}))
    found = {(row["sha256"], row["kind"]): from_row(row) for row in connection.execute(of_them).mappings()}
    return [
        Item(
            id=row["id"],
            kind=row["kind"],
            ref=row["ref"],
            name=row["name"],
            project=row["project"],
            consent=row["consent"],
            came=row["came"],
            came_from=row["came_from"],
            by=row["made_by"],
            added_at=instant(row["added_ms"]),
            medium=found.get(shown[row["id"]]),
        )
        for row in rows
    ]


def _kind_shown(row: RowMapping) -> Kind:
    return "image" if row["kind"] == "creator" else cast("Kind", row["kind"])
