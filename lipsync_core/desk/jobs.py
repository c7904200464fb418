"""Actions on an existing job: withdraw it, hide it, check on it now."""

from __future__ import annotations

from lipsync_core.desk.rooms import Part
from lipsync_core.job import JobState
from lipsync_core.people.roles import Action


class DeskJobs(Part):
    """Every method raises `NotAllowedError` if the job is somebody else's, and `UnknownJobError`."""

    def withdraw(self, job_id: int) -> bool:
        """Withdraw a job, free of charge; return False if that is no longer possible."""
        job = self.seat.own(job_id)
        return job.can_withdraw and self.rooms.ledger.move(
            job_id, job.state, JobState.WITHDRAWN, by=self.by, note="withdrawn; nothing was charged"
        )

    def withdraw_batch(self, batch: str) -> int:
        """Withdraw every job of a batch that was not sent yet; return how many."""
        ledger = self.rooms.ledger
        for maker in ledger.makers_of(batch):
            self.seat.check(Action.HANDLE, owner=maker)
        return ledger.withdraw_batch(batch, self.by)

    def hide(self, job_id: int) -> None:
        """Hide a job from the lists. It continues, and its video is kept."""
        self.seat.own(job_id)
        self.rooms.ledger.hide(job_id, True, self.by)

    def unhide(self, job_id: int) -> None:
        """Put a job back on the lists."""
        self.seat.own(job_id)
        self.rooms.ledger.hide(job_id, False, self.by)

    def ask_now(self, job_id: int) -> None:
        """Poll the vendor, or retry the download, at once instead of when it is due."""
        self.seat.own(job_id)
        self.rooms.ledger.ask_now(job_id)
