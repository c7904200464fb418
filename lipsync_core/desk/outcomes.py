"""The four ways to resolve a job whose answer was lost; and orders that the vendor knows and the ledger does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from lipsync_core.brief import Brief
from lipsync_core.db.database import now_ms
from lipsync_core.desk.press import HOLD_S, Press
from lipsync_core.desk.rooms import Part
from lipsync_core.errors import VendorError, VendorIdTakenError
from lipsync_core.job import LIVE, Job, JobState
from lipsync_core.ledger.found_orders import FoundOrder
from lipsync_core.ledger.jobs import NewJob
from lipsync_core.people.roles import Action
from lipsync_core.pricing.assess import assess
from lipsync_core.pricing.catalogue import ENGINES, Engine
from lipsync_core.quote import Quote


class DeskOutcomes(Part):
    """Decisions of a person about jobs whose answer was lost."""

    def confirm(self, job_id: int, vendor_id: str) -> bool:
        """Confirm that an unconfirmed job was taken as ``vendor_id``; the vendor is asked first, which costs nothing.

        Return False if the job is no longer unconfirmed.

        Raises:
            VendorError: the vendor does not know the id, or could not be asked. Nothing was changed.
            VendorIdTakenError: another job has it. Nothing was changed.
            NotAllowedError: the job is somebody else's.
        """
        job = self.seat.own(job_id)
        vendor_id = vendor_id.strip()
        self.rooms.vendors.look(job.provider, job.environment, job.base_url, vendor_id)
        note = f"confirmed by hand: the vendor has it as {vendor_id}"
        due = now_ms()
        return self.rooms.ledger.attach(job_id, JobState.UNCONFIRMED, vendor_id, by=self.by, note=note, due_ms=due)

    def not_taken(self, job_id: int) -> bool:
        """Record that an unconfirmed job never reached the vendor, and release its reserve.

        Raises `NotAllowedError`.
        """
        self.seat.own(job_id)
        return self.rooms.verdicts.not_taken(job_id, self.by)

    def undo_not_taken(self, job_id: int) -> bool:
        """Undo within a day that a job was not taken: it is unconfirmed again, and its price is reserved again.

        This works even above a cap, because the money may have to be paid. Return False if no person declared it in the
        last day, or if the vendor's own answer did. Raises `NotAllowedError`.
        """
        self.seat.own(job_id)
        return self.rooms.verdicts.undo_not_taken(job_id, self.by)

    def undo_not_taken_until(self, job: Job) -> datetime | None:
        """Return until when `undo_not_taken` is possible; None if it is not. Reads the ledger only for such a job."""
        return self.rooms.verdicts.until(job.id) if job.state is JobState.NOT_TAKEN else None

    def write_off(self, job_id: int) -> bool:
        """Give up an unconfirmed job; its price counts as spent. Raises `NotAllowedError`."""
        self.seat.own(job_id)
        return self.rooms.verdicts.write_off(job_id, self.by)

    def send_again(self, job_id: int, *, agreed: Quote | None = None) -> Job:
        """Make a new job like an unconfirmed one, which stays unconfirmed. This can charge twice.

        A second call returns the job that the first call made. ``agreed`` is the quote that a person saw.

        Raises:
            BriefError: it can no longer be rendered; nothing was queued.
            PriceRoseError: it costs more than ``agreed`` said; nothing was queued.
            NotAllowedError: the job is somebody else's.
        """
        job = self.seat.own(job_id)
        ceiling = job.ceiling_usd_micros
        if ceiling is not None:  # since then more may have been billed for such a clip
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
        """Return the job that `send_again` made from this one; None if it was not sent again."""
        pressed = self.rooms.ledger.pressed(_again(job_id))
        return self.rooms.whole(pressed[0]) if pressed else None

    def adopt(self, engine: str, vendor_id: str) -> Job:
        """Import a job that was started elsewhere, by the vendor's id.

        Raises:
            VendorError: the vendor does not know it, or could not be asked.
            VendorIdTakenError: the job is already here.
            NotAllowedError: this person may not make clips.
        """
        self.seat.check(Action.MAKE)
        made_by = ENGINES[engine]
        if made_by.is_draft:
            raise VendorError("Drafts are made here: there is nothing to import.")
        environment, vendor_id = self.seat.environment, vendor_id.strip()
        base_url = self.rooms.accounts.of(made_by.provider, environment).base_url
        self.rooms.vendors.look(made_by.provider, environment, base_url or None, vendor_id)
        return self._adopted(made_by, vendor_id)

    def found_orders(self, provider_id: str) -> tuple[FoundOrder, ...]:
        """Return what the vendor's own list knows and this ledger does not, such as what was sent after a backup.

        Raises:
            VendorError: it has no such list, or could not be asked.
            NotAllowedError: this person may not resume vendors.
        """
        self.seat.check(Action.CHECK)
        environment = self.seat.environment
        return self.rooms.found_orders.unknown(
            provider_id, environment, self.rooms.vendors.orders(provider_id, environment)
        )

    def take_in(self, provider_id: str) -> list[int]:
        """Make each of `found_orders` a job here, which is watched and counts under the caps; returns their numbers.

        A job that waits here although it was sent takes its order. Raises as `found_orders` does; what was taken in
        before stays.
        """
        engine = next(one for one in ENGINES.values() if one.provider == provider_id)
        month = self.rooms.month() if self.seat.environment == LIVE else None
        taken: list[int] = []
        for order in self.found_orders(provider_id):
            try:
                if order.waits and self.rooms.found_orders.recognise(order, provider_id, month=month, by=self.by):
                    taken.append(order.job_id or 0)
                else:
                    taken.append(self._adopted(engine, order.vendor_id, order.usd_micros).id)
            except VendorIdTakenError:  # somebody else took it in meanwhile
                continue
        if taken:
            self.rooms.audit.note(self.by, "took in orders that it knew", "vendor", f"{provider_id} ({len(taken)})")
        return taken

    def _adopted(self, made_by: Engine, vendor_id: str, said_usd_micros: int | None = None) -> Job:
        environment = self.seat.environment
        account = self.rooms.accounts.of(made_by.provider, environment)
        brief = Brief(scene=made_by.scene, engine=made_by.id, name=f"From {made_by.vendor}")
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
        return self.rooms.ledger.adopt(new, vendor_id, now_ms(), month, said_usd_micros)


def _again(job_id: int) -> str:
    """Return the nonce of sending a job again, so that it happens only once."""
    return f"again.{job_id}"
