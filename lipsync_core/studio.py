"""The facade of the studio: what pages, notebooks and scripts call. Needs no server and no Streamlit."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from lipsync_core.accounts.checks import Vendors
from lipsync_core.accounts.output_hosts import OutputHosts
from lipsync_core.accounts.presenters import Presenters
from lipsync_core.accounts.reach import Accounts
from lipsync_core.brief import Brief
from lipsync_core.config.settings import Settings
from lipsync_core.db.database import Database
from lipsync_core.db.latest import Latest
from lipsync_core.delivery.hosting import Hosting
from lipsync_core.delivery.links import Links, file_of, made_file
from lipsync_core.delivery.sharing import Sharing
from lipsync_core.desk.desk import Desk
from lipsync_core.desk.intake import Intake
from lipsync_core.desk.media import video_facts
from lipsync_core.desk.rooms import Rooms, Seat
from lipsync_core.errors import BucketError
from lipsync_core.estimates.clip import Estimates
from lipsync_core.estimates.reader import Tables
from lipsync_core.job import LIVE, SANDBOX, Job, JobEvent, JobState
from lipsync_core.ledger.approvals import ApprovalRules, Approvals
from lipsync_core.ledger.caps import Budgets, month_at
from lipsync_core.ledger.claims import ALIVE_S, Claims
from lipsync_core.ledger.clock_steps import ClockSteps
from lipsync_core.ledger.endings import Endings
from lipsync_core.ledger.filters import Filter
from lipsync_core.ledger.found_orders import FoundOrders
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.ledger.listing import Listing
from lipsync_core.ledger.open_briefs import BriefDesk
from lipsync_core.ledger.shared_settings import SharedSettings
from lipsync_core.ledger.spending import Spending
from lipsync_core.ledger.standing import Standing, standing_of
from lipsync_core.ledger.tally import Tally
from lipsync_core.ledger.team_rates import TeamRates
from lipsync_core.ledger.vendor_status import VendorStatuses
from lipsync_core.ledger.verdicts import Verdicts
from lipsync_core.media.bucket import Bucket
from lipsync_core.media.cleanup import CleanUp
from lipsync_core.media.erase import Eraser
from lipsync_core.media.library import Library
from lipsync_core.media.store import MediaStore
from lipsync_core.net.addresses import Resolver, system_addresses
from lipsync_core.net.outlet import Outlet
from lipsync_core.net.run_async import run_async
from lipsync_core.people.access_requests import AccessRequests
from lipsync_core.people.audit import Audit
from lipsync_core.people.rights import Person
from lipsync_core.people.team import People
from lipsync_core.pricing import Rates
from lipsync_core.pricing.assess import stale_prices
from lipsync_core.pricing.catalogue import DRAFT
from lipsync_core.pricing.wait import sandbox_wait_s
from lipsync_core.quote import Quote
from lipsync_core.sandbox.embedded import FILES_ROUTE, HOOKS_ROUTE, forget, origin_of
from lipsync_core.tracker.cap_notices import CapNotices
from lipsync_core.tracker.errands import Errands
from lipsync_core.tracker.failpoints import Failpoint, no_failpoints
from lipsync_core.tracker.loop import Tracker
from lipsync_core.tracker.notices import Notices
from lipsync_core.tracker.pace import Pace
from lipsync_core.tracker.send import hash_of


class Studio:
    """Quotes, submits, waits for and lists jobs. Thread-safe.

    ``resolve`` looks up the addresses of host names, by default with the system's resolver. ``store`` makes the media
    store.
    """

    def __init__(
        self, settings: Settings, *, resolve: Resolver = system_addresses, store: type[MediaStore] = MediaStore
    ) -> None:
        self.settings = settings
        """What it was opened with."""
        self._database = database = Database(settings.database_url)
        database.migrate()
        self._ledger = Ledger(database)
        self._latest = Latest(database)
        self.people: People = People(database, settings)
        """The team, and what each person may do."""
        has_address = _team(settings) is not None
        self.access = AccessRequests(
            database, sign_in=settings.sign_in, team=has_address, public_url=settings.public_url
        )
        """Members' requests for a higher role."""
        self.audit = Audit(database, self.people.check)
        """The audit log."""
        terms = ApprovalRules(settings.approval_days, settings.approve_own, settings.sandbox)
        self._approvals = Approvals(database, terms, sign_in=settings.sign_in)
        self._notices = Notices(
            database,
            _team(settings),
            settings.notify_allow,
            settings.public_url,
            settings.poll_interval_s,
            Outlet(settings.proxy, settings.certificates),
        )
        self._cap_notices = CapNotices(database, settings.timezone, has_address, settings.public_url)
        self.endings = Endings(database)
        """A person's recently ended jobs."""
        self._claims = Claims(database, settings.timezone, terms if settings.sign_in else None)
        self.budgets = Budgets(database, settings.timezone, self.people.check)
        """Monthly caps and the vendors' invoices."""
        self.spending = Spending(database, settings.timezone)
        """Each month's spending."""
        self.team_rates = TeamRates(database, self._latest, settings.rates_file, self.people.check)
        """The team's own rates."""
        self._tally = Tally(database)
        self._vendor_statuses = VendorStatuses(database)
        self.listing = Listing(database, self._latest, self._whole)
        """Lists of jobs in any order, and what they can be filtered by."""
        open_briefs = BriefDesk(database)
        bucket = None if settings.bucket is None else Bucket(*settings.bucket, settings.aws)
        self._store = store(settings.media_dir, database, bucket=bucket)
        self._clock = ClockSteps(database)
        self._links = Links(
            self._ledger.secret("links", secrets.token_bytes(32)),
            self.people if settings.sign_in else None,
            self._clock.steady_s,
        )
        self.sharing: Sharing = Sharing(self._ledger, self._links, self._store, self.people.check)
        """Links that share finished videos."""
        self.cleanup = CleanUp(database, self._store, self.people.check)
        """Removes media that were not used for long."""
        self.library = Library(database, open_briefs, self.people.check)
        """The library of media that the team uses often."""
        self.eraser = Eraser(
            database, self._store, self.people.check, lambda gone: forget(self.settings.media_dir / ".sandbox", gone)
        )
        """Finds and deletes everything kept of a face or a voice."""
        self._accounts = Accounts(settings, self.sandbox_origin)
        self._hosting = Hosting(
            self._store, self._links.path_for, settings.public_url, lambda: self.sandbox_origin() + FILES_ROUTE
        )
        self._reach = OutputHosts(settings.fetch_allow, resolve)
        intake = Intake(
            self._ledger,
            self._store,
            self._accounts,
            self._vendor_statuses,
            self._hosting,
            self.budgets,
            self.rates,
            self.month,
            settings.fetch_allow,
            self._reach,
            settings.sign_in,
        )
        self.vendors = Vendors(self._accounts, self._vendor_statuses, self.people.check, self.audit)
        """Free checks of the vendor accounts."""
        self.presenters = Presenters(self._accounts, self.vendors, self._store, database, settings.fetch_allow)
        """Stock presenters and their voices."""
        self.estimates = Estimates(self.rates, self._ledger.took, self._slots)
        """Estimates of the cost and the time of clips, before there is anything to render."""
        self._rooms = Rooms(
            settings,
            self._ledger,
            self._store,
            self._accounts,
            intake,
            self._hosting,
            self._links,
            open_briefs,
            self.library,
            self.people,
            self.audit,
            terms,
            self._approvals,
            Verdicts(database),
            FoundOrders(database),
            Tables(self._store),
            self.vendors,
            self.team_rates,
            self.month,
            self._whole,
        )

    @classmethod
    def from_env(cls) -> Studio:
        """Return the studio configured by ``.env`` and the environment. Raises `SettingsError`."""
        return cls(Settings.from_env())

    def close(self) -> None:
        """Close all connections to the ledger. The next call opens a new one."""
        self._database.close()

    @property
    def sandbox(self) -> bool:
        """Whether every new paid job of this studio goes to the sandbox (``STUDIO_SANDBOX``)."""
        return self.settings.sandbox

    @property
    def public_url(self) -> str | None:
        """The URL at which vendors reach this server (``STUDIO_PUBLIC_URL``); None if they cannot."""
        return self.settings.public_url

    # Quoting and submitting

    def desk(self, by: str = "", *, visit: Person | None = None, sandbox: bool | None = None) -> Desk:
        """Return the studio as ``by`` uses it, so that their name need not be passed to each call.

        ``visit`` is the signed-in person, for whom links are made. ``sandbox`` says whether paid clips go to the
        sandbox; None uses the studio's setting.
        """
        return Desk(Seat(self._rooms, by, visit, self._environment(sandbox)))

    def quotes(self, brief: Brief, *, sandbox: bool | None = None, by: str = "") -> list[Quote]:
        """Return a quote for every engine that fits the brief, cheapest first; see `Press.quotes`."""
        return self.desk(by, sandbox=sandbox).quotes(brief)

    def submit(
        self,
        brief: Brief,
        *,
        by: str,
        nonce: str | None = None,
        sandbox: bool | None = None,
        hold_s: float = 0.0,
        agreed: Quote | None = None,
        ceiling_usd_micros: int | None = None,
    ) -> Job:
        """Queue one job for the brief; see `Press.submit`."""
        return self.desk(by, sandbox=sandbox).submit(
            brief, nonce=nonce, hold_s=hold_s, agreed=agreed, ceiling_usd_micros=ceiling_usd_micros
        )

    def _environment(self, sandbox: bool | None) -> str:
        return SANDBOX if (self.settings.sandbox if sandbox is None else sandbox) else LIVE

    def rates(self) -> Rates:
        """Return the team's own rates. Raise `SettingsError` if they are invalid."""
        return self.team_rates.now()

    def money_warnings(self) -> tuple[str, ...]:
        """Return warnings for the people who pay: balances too low for the waiting jobs, and stale prices."""
        return (*self.vendors.unmet(self.spending.needs()), *stale_prices(self.rates(), datetime.now(UTC).date()))

    def month(self) -> str:
        """Return the current month in the team's time zone, as ``2026-11``."""
        return month_at(self.settings.timezone, datetime.now(UTC))

    # Waiting and listing

    def wait(self, job_id: int, timeout_s: float = 600.0) -> Job:
        """Wait until the job is no longer pending, and return it.

        If no server works on the ledger's jobs, this call does.

        Raises:
            TimeoutError: it is still pending after ``timeout_s`` seconds; it continues all the same.
            UnknownJobError: there is no such job.
            SettingsError: a server that starts just now has a setting that must be alike and is not.
        """
        deadline = time.monotonic() + timeout_s
        while (job := self.job(job_id)).pending:
            if time.monotonic() >= deadline:
                raise TimeoutError(f"Job {job_id} is still {job.state} after {timeout_s:.0f} s. It was not stopped.")
            if self.tracker_alive():
                time.sleep(0.2)
            else:
                self._tend(job_id, deadline)
        return job

    def _tend(self, job_id: int, deadline: float) -> None:
        def ended() -> bool:
            return time.monotonic() >= deadline or not self._ledger.job(job_id).pending

        tracker = self.tracker()
        tracker.show_up()
        run_async(tracker.run(ended))

    def jobs(self) -> Iterator[Job]:
        """All jobs, newest first."""
        return (self._whole(job) for job in self._ledger.all())

    def job(self, job_id: int) -> Job:
        """Return one job, with its video fetched back from the bucket if necessary. Raises `UnknownJobError`."""
        job = self._latest.get(("job", job_id), lambda: self._ledger.job(job_id))
        if job.output_sha256 is not None:
            with suppress(BucketError):  # the job itself is returned all the same
                self._store.file(video_facts(job.output_sha256))
        return self._whole(job)

    def page(self, which: Filter, *, limit: int, offset: int = 0) -> list[Job]:
        """Return some of the jobs that match the filter, newest first; see `Listing.page` for other orders."""
        return self.listing.page(which, limit=limit, offset=offset)

    def count(self, which: Filter) -> int:
        """Return how many jobs match the filter."""
        return self._latest.get(("count", which.question), lambda: self._ledger.count(which))

    def states_of(self, batch: str) -> Mapping[JobState, int]:
        """Return how many jobs of a batch are in each state."""
        return self._latest.get(("states", batch), lambda: MappingProxyType(self._ledger.states_of(batch)))

    def pending(self, limit: int = 12, batch: str | None = None) -> list[Job]:
        """Return pending jobs, of one batch or of all, the next in line first."""
        return [*self._latest.get(("pending", limit, batch), lambda: tuple(self._ledger.pending(limit, batch)))]

    def ahead_of(self, job: Job) -> int:
        """Return how many drafts are ahead of this one; paid jobs have slots of their own at each vendor."""
        return self._latest.get(("ahead", job.id), lambda: self._ledger.ahead_of(job.id)) if job.is_draft else 0

    def slots_used(self) -> Mapping[tuple[str, str], int]:
        """Return how many jobs each vendor is working on, by vendor and environment."""
        return self._latest.get(("slots used",), lambda: MappingProxyType(self._ledger.at_vendors()))

    def slots(self, provider: str) -> int:
        """Return how many jobs a vendor is given at once."""
        return self._accounts.slots(provider)

    def is_paused(self, job: Job) -> bool:
        """Return whether sending with the job's key is paused until a person has checked the account."""
        account = (job.provider, job.environment)
        standing = self._latest.get(("standing", *account), lambda: self._vendor_statuses.of(*account))
        return standing.stops(job.engine, job.key_fingerprint)

    def _slots(self, provider: str) -> int:
        return max(1, self.settings.draft_slots) if provider == DRAFT else self._accounts.slots(provider)

    def expected_s(self, job: Job) -> tuple[float | None, float | None]:
        """Return the seconds within which 50 % and 90 % of renders like this one are ready; None if unknown."""
        half_s, most_s = job.quote.expected_s, job.quote.p90_s
        if not job.sandbox or half_s is None:
            return half_s, most_s
        asked_s = min(self._accounts.providers[job.provider].poll_every_s.value, self.settings.poll_interval_s or 60.0)
        return sandbox_wait_s(half_s, most_s, speed=self.settings.sandbox_speed, asked_s=asked_s)

    def history(self, job_id: int) -> list[JobEvent]:
        """What happened to a job, oldest first."""
        return self._ledger.history(job_id)

    def makers(self) -> list[str]:
        """Return everyone who has made a job."""
        return self.listing.makers()

    def webhook(self, provider_id: str, token: str, body: bytes, content_type: str) -> bool:
        """Handle a vendor's webhook for the job with this token; return False if there is no such job.

        Its content is not trusted: the job becomes due, and the vendor is polled.
        """
        provider = self._accounts.providers.get(provider_id)
        if provider is None:
            return False
        return self._ledger.hint(provider_id, hash_of(token), provider.read_webhook(body, content_type))

    def _whole(self, job: Job) -> Job:
        if job.output_sha256 is None:
            return job
        return replace(job, output=self._store.path(video_facts(job.output_sha256)))

    def linked_file(self, token: str) -> tuple[Path, str] | None:
        """Return the stored file and content type for a link's token; None if it is not valid.

        Raises `BucketError` if the file has to come from the bucket, and cannot.
        """
        ref = self._links.read(token)
        return None if ref is None else file_of(ref, self._store)

    def made_file(self, token: str) -> tuple[Path, str] | None:
        """Return what a link's token asks to be made of a stored medium, and its content type; None if it is not valid.

        Blocks while it is made. Raises `BucketError`.
        """
        ref = self._links.read_made(token)
        return None if ref is None else made_file(ref, self._store)

    # The tracker

    def tracker(
        self,
        *,
        pace: Pace | None = None,
        failpoint: Failpoint = no_failpoints,
        webhook_base: Callable[[str], str | None] | None = None,
    ) -> Tracker:
        """Return a tracker for this studio's jobs; the server runs one throughout its life.

        ``webhook_base`` returns the base URL for vendors' webhooks by environment; by default it is this server's.
        """
        return Tracker(
            self._ledger,
            self._claims,
            self._vendor_statuses,
            self._store,
            self._accounts,
            self._hosting,
            webhook_base=webhook_base or self._webhook_base,
            allow=self.settings.fetch_allow,
            reach=self._reach,
            rates=self.rates,
            slots=self.settings.draft_slots,
            pace=pace or Pace(most_s=self.settings.poll_interval_s),
            errands=Errands(self._approvals, self._notices, self._cap_notices, self._clock).run,
            clock=self._clock,
            shared=SharedSettings(
                self._database, self.settings, self._ledger.secret("settings", secrets.token_bytes(32))
            ),
            failpoint=failpoint,
        )

    def _webhook_base(self, environment: str) -> str | None:
        if environment == SANDBOX:
            return self.sandbox_origin() + HOOKS_ROUTE
        return None if self.public_url is None else self.public_url + HOOKS_ROUTE

    def sandbox_origin(self) -> str:
        """Where the sandbox on this computer is reached. It is started if it does not run."""
        folder = self.settings.media_dir / ".sandbox"
        return origin_of(folder, self.linked_file, self.webhook, self.settings.sandbox_speed)

    def unwritable(self) -> str | None:
        """Return why nothing can be saved at the moment (a full disk, a read-only ledger), for people; else None."""
        return self._database.unwritable()

    def bucket_trouble(self) -> BucketError | None:
        """Return why media cannot be stored in or fetched from the bucket at the moment; None if nothing is known."""
        bucket = self._store.bucket
        return None if bucket is None else bucket.trouble()

    def tracker_seen(self) -> datetime | None:
        """Return when a tracker last reported that it is alive; None if never."""
        return self._ledger.tracker_seen()

    def standing(self) -> Standing:
        """Return how things stand in the ledger, for whoever watches the server."""
        return standing_of(self._database, self._tally)

    def tracker_alive(self) -> bool:
        """Return whether a tracker has reported recently."""
        seen = self.tracker_seen()
        return seen is not None and (datetime.now(UTC) - seen).total_seconds() < ALIVE_S


def _team(settings: Settings) -> tuple[str, str] | None:
    """Return the team's notification address and signing secret; None if there is none."""
    if settings.notify_url is None or settings.notify_secret is None:
        return None
    return settings.notify_url, settings.notify_secret
