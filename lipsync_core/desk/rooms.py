"""What a desk works with: the studio's parts, wired once, and the person at the desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lipsync_core.accounts.checks import Vendors
from lipsync_core.accounts.reach import Accounts
from lipsync_core.brief import MAX_NAME
from lipsync_core.config.settings import Settings
from lipsync_core.delivery.hosting import Hosting
from lipsync_core.delivery.links import Links
from lipsync_core.desk.asking import Asking
from lipsync_core.desk.intake import Intake
from lipsync_core.errors import NotAllowedError
from lipsync_core.estimates.reader import Tables
from lipsync_core.job import Job
from lipsync_core.ledger.approvals import ApprovalRules, Approvals
from lipsync_core.ledger.found_orders import FoundOrders
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.ledger.open_briefs import BriefDesk
from lipsync_core.ledger.team_rates import TeamRates
from lipsync_core.ledger.verdicts import Verdicts
from lipsync_core.media.library import Library
from lipsync_core.media.store import MediaStore
from lipsync_core.people.audit import Audit
from lipsync_core.people.rights import Person
from lipsync_core.people.roles import Action
from lipsync_core.people.team import People
from lipsync_core.plain_text import one_line


@dataclass(frozen=True, slots=True)
class Rooms:
    """The studio's parts; all desks share them."""

    settings: Settings
    ledger: Ledger
    store: MediaStore
    accounts: Accounts
    intake: Intake
    hosting: Hosting
    links: Links
    open_briefs: BriefDesk
    library: Library
    people: People
    audit: Audit
    terms: ApprovalRules
    approvals: Approvals
    verdicts: Verdicts
    found_orders: FoundOrders
    tables: Tables
    vendors: Vendors
    team_rates: TeamRates
    month: Callable[[], str]
    whole: Callable[[Job], Job]
    """Return the same job with the path of its video."""
    asking: Asking = field(default_factory=Asking)


@dataclass(frozen=True, slots=True)
class Seat:
    """The person at a desk, and the environment."""

    rooms: Rooms
    by: str
    """An address if people sign in, else the name they gave."""
    visit: Person | None
    """The person for whom links are made; None without sign-in."""
    environment: str
    """`LIVE` or `SANDBOX`."""

    @property
    def name(self) -> str:
        """The maker's name on new jobs."""
        return one_line(self.by, MAX_NAME)

    def elsewhere(self, environment: str) -> Seat:
        """Return the same person in another environment."""
        return replace(self, environment=environment)

    def check(self, action: Action, *, owner: str | None = None) -> None:
        """Raise `NotAllowedError` unless this person may do this."""
        self.rooms.people.check(self.by, action, owner=owner)

    def may(self, action: Action) -> bool:
        """Return whether this person may do this."""
        try:
            self.check(action)
        except NotAllowedError:
            return False
        return True

    def own(self, job_id: int) -> Job:
        """Return a job that this person may handle. Raises `UnknownJobError` and `NotAllowedError`."""
        job = self.rooms.ledger.job(job_id)
        self.check(Action.HANDLE, owner=job.by)
        return job


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a desk: the actions on one subject."""

    seat: Seat

    @property
    def rooms(self) -> Rooms:
        """The studio's parts."""
        return self.seat.rooms

    @property
    def by(self) -> str:
        """The person at this desk."""
        return self.seat.by
