"""Briefs and batches that are being filled in."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from lipsync_core.brief import oversized
from lipsync_core.desk.rooms import Part
from lipsync_core.errors import BriefError
from lipsync_core.ledger.open_briefs import OpenBatch, OpenBrief, new_brief_id
from lipsync_core.medium import MediumFacts
from lipsync_core.people.roles import Action
from lipsync_core.plain_text import one_line

if TYPE_CHECKING:
    from lipsync_core.estimates import Sheet


class DeskBriefs(Part):
    """Open briefs and batches. Every entry is stored at once, so a reload loses nothing. Raises `NotAllowedError`."""

    def open(self, brief_id: str) -> OpenBrief | None:
        """Return the open brief with this id, or None if nothing was entered under it."""
        return self.rooms.open_briefs.open(brief_id)

    def unfinished(self, *, limit: int) -> list[OpenBrief]:
        """Return the visitor's clips that have a medium or a text and were never rendered, the last changed first."""
        return self.rooms.open_briefs.unfinished(self.by, limit)

    def change(self, brief_id: str, **changes: Any) -> None:
        """Set fields of an open brief; media as `MediumFacts` or None.

        Raises `BriefError` for a value that is too long, and `NotAllowedError`; then nothing is changed.
        """
        self.seat.check(Action.MAKE)
        values = {field: _field(field, value) for field, value in changes.items()}
        if wrong := oversized(values):
            raise BriefError(wrong)
        self.rooms.open_briefs.change(brief_id, self.by, values)

    def open_batch(self, batch_id: str) -> OpenBatch | None:
        """Return the open batch with this id, or None if nothing was added under it."""
        return self.rooms.open_briefs.batch(batch_id)

    def keep_batch(self, batch_id: str, batch: OpenBatch) -> None:
        """Store a batch's files and table, so that work on it can continue elsewhere."""
        self.seat.check(Action.MAKE)
        self.rooms.open_briefs.keep_batch(batch_id, self.by, batch)

    def read_table(self, data: bytes, *, encoding: str | None = None) -> Sheet:
        """Read a table of clips from the bytes of a CSV file; a large one in a worker. Blocks. Raises `SheetError`.

        ``encoding`` is the table's encoding, if `Sheet.guess` asked for one.
        """
        return self.rooms.tables.read(data, encoding)

    def use_again(self, job_id: int, *, keeping: Collection[str] | None = None) -> str:
        """Start a new brief with a job's media and options, or only the fields in ``keeping``; returns its id.

        Raises `UnknownJobError`.
        """
        self.seat.check(Action.MAKE)
        brief_id = new_brief_id()
        fields = self.rooms.ledger.job(job_id).brief.to_dict()
        kept = fields if keeping is None else {name: value for name, value in fields.items() if name in keeping}
        self.rooms.open_briefs.change(brief_id, self.by, kept)
        return brief_id


def _field(field: str, value: Any) -> Any:
    """Return a brief's field as its row stores it."""
    if isinstance(value, MediumFacts):
        return _kept(value)
    return one_line(value) if field in ("name", "project") and isinstance(value, str) else value


def _kept(facts: MediumFacts) -> dict[str, str]:
    kept = {"sha256": facts.sha256, "name": facts.name}
    return kept if facts.url is None else {**kept, "url": facts.url}
