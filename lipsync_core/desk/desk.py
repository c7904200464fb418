"""Everything that one person does with the studio, by subject."""

from __future__ import annotations

from lipsync_core.desk.approvals import DeskApprovals
from lipsync_core.desk.briefs import DeskBriefs
from lipsync_core.desk.jobs import DeskJobs
from lipsync_core.desk.media import DeskMedia
from lipsync_core.desk.outcomes import DeskOutcomes
from lipsync_core.desk.press import Press
from lipsync_core.desk.rates import DeskRates
from lipsync_core.job import LIVE, SANDBOX


class Desk(Press):
    """Quotes and presses, and one part for each other subject. Cheap to make: one per run of a page, or more."""

    def elsewhere(self, *, sandbox: bool) -> Desk:
        """Return the same person's desk in the sandbox, or outside it."""
        return Desk(self.seat.elsewhere(SANDBOX if sandbox else LIVE))

    @property
    def briefs(self) -> DeskBriefs:
        """Briefs and batches that are being filled in."""
        return DeskBriefs(self.seat)

    @property
    def media(self) -> DeskMedia:
        """Pictures, voices and videos, and links to them."""
        return DeskMedia(self.seat)

    @property
    def jobs(self) -> DeskJobs:
        """Withdrawing and hiding jobs."""
        return DeskJobs(self.seat)

    @property
    def approvals(self) -> DeskApprovals:
        """Decisions about jobs that wait for approval."""
        return DeskApprovals(self.seat)

    @property
    def outcomes(self) -> DeskOutcomes:
        """Decisions about jobs whose answer was lost, and jobs that were started elsewhere."""
        return DeskOutcomes(self.seat)

    @property
    def rates(self) -> DeskRates:
        """The team's own rates."""
        return DeskRates(self.seat)
