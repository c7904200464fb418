"""Jobs that wait for approval, and the decisions about them."""

from __future__ import annotations

from lipsync_core.desk.rooms import Part
from lipsync_core.job import Job, JobState
from lipsync_core.pricing.catalogue import ENGINES
from lipsync_core.quote import PriceRoseError, Quote, has_risen, priced


class DeskApprovals(Part):
    """Decisions about other people's jobs."""

    def waiting(self, limit: int = 50) -> list[Job]:
        """Jobs that wait for approval, the longest waiting first."""
        return self.rooms.approvals.waiting(limit)

    def approve(self, job_id: int, *, agreed: Quote | None = None, hold_s: float = 0.0) -> bool:
        """Let a job that waits for approval be sent; return False if it is no longer waiting.

        ``agreed`` is the quote that the approver saw, by default the frozen one. If the price is higher now, the new
        price is frozen instead and has to be approved again.

        Raises:
            BriefError: it could not be sent; it keeps waiting.
            NotAllowedError: this person may not decide about it.
            PriceRoseError: it costs more now; it keeps waiting.
        """
        self.rooms.approvals.check(job_id, by=self.by)
        job = self.rooms.ledger.job(job_id)
        if job.state is not JobState.AWAITING_APPROVAL:
            return False
        (new,) = self.rooms.intake.jobs(
            [job.brief], job.environment, job.by, ceiling_usd_micros=job.ceiling_usd_micros, lifts=True
        )
        fresh = new.quote
        seen = agreed or job.quote
        if has_risen(seen, fresh) or set(fresh.passed_on) - set(seen.passed_on):
            self.rooms.approvals.reprice(job_id, fresh, by=self.by)
            now = f"The price is now {priced(fresh)}, not {priced(seen)}."
            if not has_risen(seen, fresh):
                now = f"{ENGINES[job.engine].vendor} would now fetch a pasted link itself."
            raise PriceRoseError(fresh, f"{now} Nothing was sent: approve it again.")
        return self.rooms.approvals.approve(
            job_id, by=self.by, frozen=job.quote, hold_s=hold_s, ceiling_usd_micros=new.ceiling_usd_micros
        )

    def decline(self, job_id: int, why: str = "") -> bool:
        """Withdraw a job that waits for approval, with a reason; return False if it is no longer waiting.

        Raises `NotAllowedError`.
        """
        return self.rooms.approvals.decline(job_id, why, by=self.by)
