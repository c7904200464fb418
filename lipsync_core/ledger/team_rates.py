"""The team's own rates: kept in the ledger for all servers that share it, with a copy in a file.

The ledger's newest version is in force. Opening the studio imports the file if the ledger has no rates yet, or if the
file was edited since it last matched the ledger. The file is rewritten only if it was not edited.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum, auto
from functools import lru_cache
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, insert, select

from lipsync_core.db.audit_log import note
from lipsync_core.db.database import Database, instant, now_ms
from lipsync_core.db.latest import Latest
from lipsync_core.db.schema import team_rates
from lipsync_core.errors import SettingsError
from lipsync_core.people.rights import Guard, everybody
from lipsync_core.people.roles import Action
from lipsync_core.pricing import NO_RATES, Override, Rates
from lipsync_core.pricing.rates_file import Stamp, body, changed, parse, read, stamp_of, write

log = logging.getLogger(__name__)

ENTER = "Enter here what is missing, then delete the file: it is rewritten when the studio starts."


@dataclass(frozen=True, slots=True)
class RatesVersion:
    """One version of the team's rates."""

    version: int
    text: str
    at: datetime
    by: str
    """Who entered it; empty if it was read from a file."""
    file: str | None
    """The path of the file that it was read from; None if a person entered it."""

    @property
    def stamp(self) -> Stamp:
        """The stamp in the file that is a copy of this version."""
        return Stamp.of(self.version, self.text)


class _State(Enum):
    """How the file relates to the ledger."""

    COPY = auto()
    """A version that the ledger has or had."""
    EDITED = auto()
    """Edited from the newest version, so it must be read in."""
    BEHIND = auto()
    """Edited from a version that is no longer the newest."""
    FOREIGN = auto()
    """Rates that were never in the ledger, from a file that it has not read before."""


class TeamRates:
    """The team's own rates. Thread-safe; ``file`` is this server's copy, read in at once."""

    def __init__(self, database: Database, latest: Latest, file: Path, guard: Guard = everybody) -> None:
        self._db = database
        self._latest = latest
        self._file = file
        self._guard = guard
        self._start()

    def now(self) -> Rates:
        """Return the rates in force. Raise `SettingsError` if the only ones are in an invalid file."""
        return self._of(self.newest() or self._read_in())

    def newest(self) -> RatesVersion | None:
        """Return the version in force; None if no rate was ever set."""

        def ask() -> RatesVersion | None:
            with self._db.read() as connection:
                return _newest(connection)

        return self._latest.get(("team rates",), ask)

    def file_warning(self) -> str | None:
        """Explain why this server's file differs from the rates in force, and what to do; None if it does not."""
        name = self._file.name
        try:
            text = read(self._file)
            kept = self.newest()
            if text is None or kept is None:
                return None
            state = self._latest.get(("rates file", text), lambda: self._state(text))
            if state is _State.EDITED:
                parse(text, name)
        except SettingsError as error:
            return _meanwhile(error)
        if state is _State.EDITED:
            return (
                f"{name} was edited. The change counts once the studio is restarted. Restart it before anybody saves a "
                "rate here; otherwise the file is an edit of an old copy and is not read in."
            )
        if state is _State.BEHIND:
            return (
                f"{name} was edited, but it is a copy of older rates: version {kept.version} is in force "
                f"now. It is not read in. {ENTER}"
            )
        if state is _State.FOREIGN:
            return f"{name} of this server differs from the ledger, whose rates count. {ENTER}"
        return None

    def change(self, overrides: Mapping[str, Override | None], *, by: str, seen: Rates | None = None) -> None:
        """Set these overrides, or remove those that are None: all of them or none.

        Args:
            overrides: by provider or engine.
            by: who makes the change, with their rights; if empty, the name is taken from the overrides.
            seen: the rates that the person saw, so that a change made by somebody else meanwhile is not overwritten.

        Raises:
            NotAllowedError: ``by`` may not set rates.
            SettingsError: a rate is invalid, or was changed meanwhile.
        """
        self._guard(by, Action.PRICES)
        name = by or next((one.by for one in overrides.values() if one is not None), "")
        self.now()  # if there is only a file, it is read in first
        with self._db.write() as connection:
            kept = _newest(connection)
            before = self._of(kept)
            for place in overrides:
                if seen is not None and seen.overrides.get(place) != before.overrides.get(place):
                    raise SettingsError(
                        f"The rate for {place} was changed {_by_whom(before, place)}while you were looking at it. "
                        "Nothing was saved: look at the new rate, and enter yours again if it should replace it."
                    )
            after = before
            for place, override in overrides.items():
                after = after.having(place, override)
            text = "" if kept is None else kept.text
            if (new := changed(text, after)) == text:
                return
            fresh = _add(connection, kept, new, name, None)
            _note(connection, name, before, after, overrides)
        self._copy(fresh)

    def _start(self) -> None:
        """Read in the file if it was edited; otherwise bring it up to date."""
        try:
            kept = self._read_in()
        except SettingsError as error:
            log.warning("%s", error if self.newest() is None else _meanwhile(error))
            return
        if kept is not None:
            self._copy(kept)
        if (warning := self.file_warning()) is not None:
            log.warning("%s", warning)

    def _read_in(self) -> RatesVersion | None:
        """Read the file in if necessary, and return the version then in force."""
        text = read(self._file)
        if text is None or self._state(text) is not _State.EDITED:
            return self.newest()
        after = parse(text, self._file.name)
        with self._db.write(judged=False) as connection:  # not on behalf of a signed-in person
            kept = _newest(connection)
            if _state(connection, kept, text, self._path) is not _State.EDITED:  # another server read it in first
                return kept
            before = self._of_any(kept)
            fresh = _add(connection, kept, text, "", self._path)
            _note(connection, self._file.name, before, after, {**before.overrides, **after.overrides})
        log.info("%s was read in as version %d of the rates", self._file.name, fresh.version)
        return fresh

    def _of(self, kept: RatesVersion | None) -> Rates:
        try:
            return NO_RATES if kept is None else _parsed(kept.text)
        except SettingsError as error:  # kept by another version of the studio
            raise SettingsError(f"{error} Correct it in {self._file.name}, and restart the studio.") from error

    def _of_any(self, kept: RatesVersion | None) -> Rates:
        """Return the same rates, or none if they cannot be parsed: a file then replaces them."""
        try:
            return self._of(kept)
        except SettingsError:
            return NO_RATES

    @property
    def _path(self) -> str:
        return str(self._file.absolute())  # symbolic links are not resolved: their target may change

    def _state(self, text: str) -> _State:
        with self._db.read() as connection:
            return _state(connection, _newest(connection), text, self._path)

    def _copy(self, kept: RatesVersion) -> None:
        """Rewrite the file, unless it was edited."""
        try:
            text = read(self._file)
            is_newest = text is not None and stamp_of(text) == kept.stamp
            if not is_newest and (text is None or self._state(text) is _State.COPY):
                write(self._file, kept.text, kept.stamp)
        except (OSError, SettingsError) as error:
            log.warning("%s was not brought up to date; the rates in the ledger count: %s", self._file.name, error)


def _newest(connection: Connection, *which: ColumnElement[bool]) -> RatesVersion | None:
    newest = select(team_rates).where(*which).order_by(team_rates.c.version.desc()).limit(1)
    row = connection.execute(newest).first()
    return None if row is None else RatesVersion(row.version, row.text, instant(row.at_ms), row.made_by, row.file)


def _state(connection: Connection, kept: RatesVersion | None, text: str, path: str) -> _State:
    if kept is None:
        return _State.EDITED
    says, stamp = body(text), stamp_of(text)
    if says == kept.text:
        return _State.COPY
    of = team_rates.c.file == path if stamp is None else team_rates.c.version == stamp.version
    base = _newest(connection, of)
    if base is None or (stamp is not None and base.stamp != stamp):
        return _State.FOREIGN
    if says == base.text:
        return _State.COPY
    return _State.EDITED if stamp is None or base.version == kept.version else _State.BEHIND


def _add(connection: Connection, kept: RatesVersion | None, text: str, by: str, file: str | None) -> RatesVersion:
    version, at_ms = 1 if kept is None else kept.version + 1, now_ms()
    row = {"version": version, "text": body(text), "at_ms": at_ms, "made_by": by, "file": file}
    connection.execute(insert(team_rates).values(row))
    return RatesVersion(version, body(text), instant(at_ms), by, file)


def _note(connection: Connection, by: str, before: Rates, after: Rates, places: Mapping[str, object]) -> None:
    for place in places:
        old, new = before.overrides.get(place), after.overrides.get(place)
        if old != new:
            did = "removed the rate" if new is None else "set the rate"
            facts = [None if one is None else asdict(one) for one in (old, new)]
            note(connection, by, did, "rate", place, before=facts[0], after=facts[1])


@lru_cache(maxsize=8)
def _parsed(text: str) -> Rates:
    return parse(text, "The ledger’s copy of the rates")


def _by_whom(rates: Rates, place: str) -> str:
    override = rates.overrides.get(place)
    return f"by {override.by} " if override is not None and override.by else ""


def _meanwhile(error: SettingsError) -> str:
    return f"{error} Until then the rates in the ledger count."
