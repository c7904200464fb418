"""An answer that was lost: four ways out; and jobs that were started elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from lipsync_core.brief import Brief
from lipsync_core.db.database import now_ms
from lipsync_core.desk.press import HOLD_S, Press
from lipsync_core.desk.rooms import Part
from lipsync_core.errors import VendorError
from lipsync_core.job import LIVE, Job, JobState
from lipsync_core.ledger.jobs import NewJob
from lipsync_core.people.roles import Action
from lipsync_core.pricing.assess import assess
from lipsync_core.pricing.catalogue import ENGINES
from lipsync_core.quote import Quote


class DeskOutcomes(Part):
    """What a person found out about an order whose answer was lost."""

    def confirm(self, job_id: int, vendor_id: str) -> bool:
        """An unconfirmed job was taken, as ``vendor_id``; the vendor is asked first, which costs nothing.

        False where the job is not unconfirmed any more.

        Raises:
            VendorError: the vendor does not know the id, or could not be asked. Nothing was changed.
            VendorIdTakenError: another job has it. Nothing was changed.
            NotAllowedError: it is somebody else's.
        """
        job = self.seat.own(job_id)
        vendor_id = vendor_id.strip()
        self.rooms.vendors.look(job.provider, job.environment, job.base_url, vendor_id)
        note = f"confirmed by hand: the vendor has it as {vendor_id}"
        due = now_ms()
        return self.rooms.ledger.attach(job_id, JobState.UNCONFIRMED, vendor_id, by=self.by, note=note, due_ms=due)

    def not_taken(self, job_id: int) -> bool:
        """A person found out that an unconfirmed job never reached the vendor; its reserve is free again.

        Raises `NotAllowedError`.
        """
        self.seat.own(job_id)
        return self.rooms.verdicts.not_taken(job_id, self.by)

    def undo_not_taken(self, job_id: int) -> bool:
        """Take back within a day that a job was not taken: it is unconfirmed again, and its price is reserved again.

        That is done even above a cap: the money may have to be paid. False where nobody said so within the last day,
        or the vendor's own answer said so. Raises `NotAllowedError`.
        """
        self.seat.own(job_id)
        return self.rooms.verdicts.undo_not_taken(job_id, self.by)

    def undo_not_taken_until(self, job: Job) -> datetime | None:
        """Until when `undo_not_taken` is possible; None where it is not. Reads the ledger only for such a job."""
        return self.rooms.verdicts.until(job.id) if job.state is JobState.NOT_TAKEN else None

    def write_off(self, job_id: int) -> bool:
        """Give an unconfirmed job up; its price counts as spent. Raises `NotAllowedError`."""
        self.seat.own(job_id)
        return self.rooms.verdicts.write_off(job_id, self.by)

    def send_again(self, job_id: int, *, agreed: Quote | None = None) -> Job:
        """Make a new job like an unconfirmed one, which stays as it is. This can charge twice.

        The second time it returns the job that the first time made. ``agreed`` is the quote that a person saw.

        Raises:
            BriefError: it cannot be rendered any more; nothing was queued.
            PriceRoseError: it costs more than ``agreed`` said; nothing was queued.
            NotAllowedError: it is somebody else's.
        """
        job = self.seat.own(job_id)
        ceiling = job.ceiling_usd_micros
        if ceiling is not None:  # by now more may have been billed for such a clip
            (quote,) = self.rooms.intake.chosen([job.brief], job.environment, self.by)
            ceiling = max(ceiling, quote.least_ceiling_usd_micros)
        return Press(self.seat.elsewhere(job.environment)).submit(
            job.brief,
            nonce=_again(job_id),
            hold_s=HOLD_S,
            agreed=agreed,
            ceiling_usd_micros=ceiling,
            follows=job_id,
        )

    def sent_again_as(self, job_id: int) -> Job | None:
        """The job that `send_again` made of this one; None where it was not sent again."""
        pressed = self.rooms.ledger.pressed(_again(job_id))
        return self.rooms.whole(pressed[0]) if pressed else None

    def adopt(self, engine: str, vendor_id: str) -> Job:
        """Bring in a job that was started elsewhere, by the vendor's id.

        Raises:
            VendorError: the vendor does not know it, or could not be asked.
            VendorIdTakenError: it is here already.
            NotAllowedError: whoever asks may not make clips.
        """
        self.seat.check(Action.MAKE)
        made_by = ENGINES[engine]
        if made_by.is_draft:
            raise VendorError("Drafts are made here: there is nothing to import.")
        environment, vendor_id = self.seat.environment, vendor_id.strip()
        account = self.rooms.accounts.of(made_by.provider, environment)
        self.rooms.vendors.look(made_by.provider, environment, account.base_url or None, vendor_id)
        brief = Brief(scene=made_by.scene, engine=engine, name=f"From {made_by.vendor}")
        quote = assess(made_by, brief, {}, rates=self.rooms.team_rates.now(), today=datetime.now(UTC).date())
        new = NewJob(
            brief,
            replace(quote, issues=tuple(issue for issue in quote.issues if not issue.stops)),
            self.seat.name,
            environment=environment,
            base_url=account.base_url,
            key_fingerprint=account.fingerprint,
        )
        month = self.rooms.month() if environment == LIVE else None
        return self.rooms.ledger.adopt(new, vendor_id, now_ms(), month)


def _again(job_id: int) -> str:
    """The nonce of sending a job again: it can be done once."""
    return f"again.{job_id}"
