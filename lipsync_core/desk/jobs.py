"""Actions on existing jobs, one or many: withdraw, hide, give a project, check on them now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

    def withdraw_all(self, job_ids: Sequence[int]) -> int:
        """Withdraw those of these jobs that can be, free of charge; return how many."""
        self._own_all(job_ids)
        return self.rooms.ledger.withdraw_all(job_ids, self.by)

    def hide_all(self, job_ids: Sequence[int]) -> None:
        """Hide these jobs from the lists, all or none."""
        self._own_all(job_ids)
        self.rooms.ledger.hide_all(job_ids, True, self.by)

    def unhide_all(self, job_ids: Sequence[int]) -> None:
        """Put these jobs back on the lists, all or none."""
        self._own_all(job_ids)
        self.rooms.ledger.hide_all(job_ids, False, self.by)

    def set_projects(self, projects: Mapping[int, str]) -> dict[int, str]:
        """Set the projects of these jobs, by number, and return those that they had; all or none.

        Jobs that are not over stay as they are: what they may cost is reserved under their project's cap. What the
        others cost counts toward the new project, in its month.

        Raises:
            NotAllowedError: also if a job cost something, its old or new project has a cap, and this person sets none.
        """
        self._own_all(list(projects))
        return self.rooms.ledger.set_projects(projects, self.by, past_caps=self.seat.may(Action.CAPS))

    def _own_all(self, job_ids: Sequence[int]) -> None:
        for maker in self.rooms.ledger.makers_among(job_ids):
            self.seat.check(Action.HANDLE, owner=maker)

    def ask_now(self, job_id: int) -> float:
        """Poll the vendor, or retry the download, at once instead of when it is due.

        Return 0; or, if that was wished for a moment ago, in how many seconds it may be wished for again.
        """
        self.seat.own(job_id)
        wait_s = self.rooms.asking.wait_s(job_id)
        if wait_s == 0:
            self.rooms.ledger.ask_now(job_id)
        return wait_s
