"""The studio's front door: what pages, notebooks and scripts call. Needs no server and no Streamlit."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO

from lipsync_core.accounts.checks import Vendors
from lipsync_core.accounts.output_hosts import Reach
from lipsync_core.accounts.presenters import Presenters
from lipsync_core.accounts.reach import Accounts
from lipsync_core.brief import MAX_NAME, Brief, KeptMedium, Medium, MouthBox
from lipsync_core.brief_limits import oversized
from lipsync_core.config.settings import Settings
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.latest import Latest
from lipsync_core.delivery.file_names import download_name
from lipsync_core.delivery.hosting import Hosting
from lipsync_core.delivery.links import Links
from lipsync_core.delivery.sharing import Sharing
from lipsync_core.errors import BriefChangedError, BriefError, BucketError, MediaError, VendorError
from lipsync_core.estimates.clip import Estimates
from lipsync_core.estimates.reader import Tables
from lipsync_core.intake import Intake, likeness
from lipsync_core.job import LIVE, SANDBOX, Job, JobEvent, JobState
from lipsync_core.ledger.approvals import Approvals, Terms, above_limit
from lipsync_core.ledger.caps import Budgets, month_at
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.endings import Endings
from lipsync_core.ledger.jobs import Filter, Ledger, NewJob
from lipsync_core.ledger.open_briefs import BriefDesk, OpenBatch, OpenBrief, new_brief_id
from lipsync_core.ledger.spending import Spending
from lipsync_core.ledger.vendor_status import Standings, unmet
from lipsync_core.ledger.verdicts import Verdicts
from lipsync_core.media.bucket import Bucket
from lipsync_core.media.cleanup import CleanUp
from lipsync_core.media.erase import Eraser
from lipsync_core.media.library import Library
from lipsync_core.media.origin import Came
from lipsync_core.media.store import MediaStore
from lipsync_core.media.trim import trim
from lipsync_core.medium import Kind, MediumFacts, Variant
from lipsync_core.net.addresses import Resolver, system_addresses
from lipsync_core.people.audit import Audit
from lipsync_core.people.rights import Person
from lipsync_core.people.roles import Action
from lipsync_core.people.team import People
from lipsync_core.plain_text import one_line
from lipsync_core.pricing import Override, Rates
from lipsync_core.pricing import rates_file as rate_file
from lipsync_core.pricing.assess import assess, stale_prices
from lipsync_core.pricing.catalogue import DRAFT, ENGINES
from lipsync_core.pricing.order import MISSING
from lipsync_core.quote import Costed, PriceRoseError, Quote, has_risen, priced
from lipsync_core.sandbox.embedded import FILES_ROUTE, HOOKS_ROUTE, forget, origin_of
from lipsync_core.tracker.errands import Errands
from lipsync_core.tracker.loop import STALE_S, Tracker, unwatched
from lipsync_core.tracker.notices import Notices
from lipsync_core.tracker.pace import DAY_S, Pace
from lipsync_core.tracker.send import Point, hash_of
from lipsync_core.worker import process

if TYPE_CHECKING:
    from lipsync_core.estimates import Sheet

HOLD_S = 5.0
"""For how long a paid job that was pressed in a browser can be undone before it may leave."""


class Studio:
    """Quotes, submits, waits for and lists jobs. Thread-safe.

    ``resolve`` finds the addresses of names; the system does, unless something else is given. ``store`` makes the
    media store.
    """

    def __init__(
        self, settings: Settings, *, resolve: Resolver = system_addresses, store: type[MediaStore] = MediaStore
    ) -> None:
        self._settings = settings
        self._database = database = Database(settings.database_url)
        database.migrate()
        self._ledger = Ledger(database)
        self._latest = Latest(database)
        self.people = People(database, settings)
        """Who may enter, and what each may do."""
        self.audit = Audit(database, self.people.check)
        """Who did what."""
        terms = Terms(settings.approval_days, settings.approve_own)
        self._terms = terms
        self._approvals = Approvals(database, terms, sign_in=settings.sign_in)
        self._notices = Notices(
            database, _team(settings), settings.notify_allow, settings.public_url, settings.poll_interval_s
        )
        self._verdicts = Verdicts(database)
        self.endings = Endings(database)
        """What became of somebody's jobs."""
        self._claims = Claims(database, settings.timezone, terms if settings.sign_in else None)
        self.budgets = Budgets(database, settings.timezone, self.people.check)
        """Monthly caps and the vendors' invoices."""
        self.spending = Spending(database, settings.timezone)
        """What each month came to."""
        self._standings = Standings(database)
        self._desk = BriefDesk(database)
        bucket = None if settings.bucket is None else Bucket(*settings.bucket, settings.aws)
        self._store = store(settings.media_dir, database, bucket=bucket)
        self._tables = Tables(self._store)
        self._links = Links(
            self._ledger.secret("links", secrets.token_bytes(32)), self.people if settings.sign_in else None
        )
        self.sharing = Sharing(self._ledger, self._links, self._store, self.people.check)
        """Finished videos for other people."""
        self.cleanup = CleanUp(database, self._store, self.people.check)
        """Removes what nobody has used for long."""
        self.library = Library(database, self._desk, self.people.check)
        """What the team uses every week."""
        self.eraser = Eraser(
            database, self._store, self.people.check, lambda gone: forget(self._settings.media_dir / ".sandbox", gone)
        )
        """Finds and deletes all that is kept of a face or a voice."""
        self._accounts = Accounts(settings, self._sandbox_origin)
        self._hosting = Hosting(
            self._store, self._links.path_for, settings.public_url, lambda: self._sandbox_origin() + FILES_ROUTE
        )
        self._reach = Reach(settings.fetch_allow, resolve)
        self._intake = Intake(
            self._ledger,
            self._store,
            self._accounts,
            self._standings,
            self._hosting,
            self.budgets,
            self.rates,
            self.month,
            settings.fetch_allow,
            self._reach,
            settings.sign_in,
        )
        self.vendors = Vendors(self._accounts, self._standings, self.people.check, self.audit)
        """The vendors, for whoever wants to know what costs nothing."""
        self.presenters = Presenters(
            self._accounts, self.vendors, self._store, settings.media_dir / ".cache", settings.fetch_allow
        )
        """Stock presenters and their voices."""
        self.estimates = Estimates(self.rates, self._ledger.took, self._places)
        """What clips would cost and how long they would take, before there is anything to render."""

    @classmethod
    def from_env(cls) -> Studio:
        """The studio that ``.env`` and the environment describe. Raises `SettingsError`."""
        return cls(Settings.from_env())

    def close(self) -> None:
        """Close every connection to the ledger. The next call opens one again."""
        self._database.close()

    @property
    def sandbox(self) -> bool:
        """Whether every new paid job of this studio goes to the sandbox (``STUDIO_SANDBOX``)."""
        return self._settings.sandbox

    @property
    def public_url(self) -> str | None:
        """Where vendors reach this server (``STUDIO_PUBLIC_URL``); None where they cannot."""
        return self._settings.public_url

    # Quoting and submitting

    def quotes(self, brief: Brief, *, sandbox: bool | None = None, by: str | None = None) -> list[Quote]:
        """One quote for every engine that fits the brief's scene and media, cheapest first.

        A monthly cap that does not hold a price is one of its problems; ``by`` says whose own cap counts, too.

        Raises:
            BriefError: the media themselves cannot be used.
        """
        return self._intake.quotes(brief, self._environment(sandbox), by)

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
        follows: int | None = None,
    ) -> Job:
        """Queue one job for the brief. Its media are stored before the job exists.

        A nonce seen before returns that press's job; without one, identical briefs are different jobs. For ``hold_s``
        seconds no tracker takes it up. ``agreed`` is the quote that a person saw. ``ceiling_usd_micros`` is what a cap
        reserves for an unknown price: above 0, up to `MOST_CEILING_USD_MICROS`, and no less than what such a clip would
        cost at the highest rate known. It is no price: what is unknown is above every limit. What is above the limit of
        ``by`` waits for approval.

        Raises:
            BriefError: the brief cannot be rendered; nothing was queued.
            NotAllowedError: ``by`` may not make clips; nothing was queued.
            PriceRoseError: it costs more than ``agreed`` said; nothing was queued.
        """
        self.people.check(by, Action.MAKE)
        by = one_line(by, MAX_NAME)
        if nonce is not None and (pressed := self._ledger.pressed(nonce)):
            return self._whole(pressed[0])  # before it is asked whether a cap holds it a second time
        (new,) = self._intake.jobs(
            [brief], self._environment(sandbox), by, agreed=[agreed], ceiling_usd_micros=ceiling_usd_micros
        )
        return self._whole(
            self._ledger.add(
                replace(
                    self._limited([new], by)[0],
                    nonce=nonce,
                    hold_s=hold_s if new.is_paid else 0.0,
                    follows=follows,
                )
            )
        )

    def submit_all(
        self,
        briefs: Sequence[Brief],
        *,
        by: str,
        batch: str,
        sandbox: bool | None = None,
        hold_s: float = 0.0,
        agreed: Sequence[Costed] | None = None,
        ceiling_usd_micros: int | None = None,
    ) -> list[Job]:
        """Queue a job for each brief, or for none. ``batch`` names the press: seen before, it returns that one's jobs.

        ``agreed`` are the prices that a person saw, one for each brief; ``ceiling_usd_micros`` is what a cap reserves
        for each clip of unknown price, as with `submit`.

        Raises:
            BriefError: one of the briefs cannot be rendered; nothing was queued.
            NotAllowedError: ``by`` may not make clips; nothing was queued.
            PriceRoseError: one costs more than was agreed to; nothing was queued.
        """
        self.people.check(by, Action.MAKE)
        by = one_line(by, MAX_NAME)
        nonces = [f"{batch}.{place}" for place in range(len(briefs))]
        if len(pressed := self._ledger.pressed(*nonces)) == len(briefs):
            return [self._whole(job) for job in pressed]
        news = [
            replace(new, nonce=nonce, batch=batch, hold_s=hold_s)
            for nonce, new in zip(
                nonces,
                self._intake.jobs(
                    briefs, self._environment(sandbox), by, agreed=agreed, ceiling_usd_micros=ceiling_usd_micros
                ),
                strict=True,
            )
        ]
        self._intake.check_together(news, by)
        return [self._whole(job) for job in self._ledger.add_all(self._limited(news, by))]

    def _limited(self, news: Sequence[NewJob], by: str) -> list[NewJob]:
        """The jobs of one press, its paid ones waiting for approval where together they are above the maker's limit."""
        above = self._above_limit(by, [new.quote for new in news if new.is_paid])
        if above is None:
            return list(news)
        until_ms = self._terms.until_ms()
        return [replace(new, decide_by_ms=until_ms, decided_why=above) if new.is_paid else new for new in news]

    def _above_limit(self, by: str, paid: Sequence[Quote]) -> str | None:
        prices = [quote.reserved_usd_micros for quote in paid]
        known = [price for price in prices if price is not None]
        counted = sum(known) if len(known) == len(prices) else None
        return self.above_limit(by, counted, rests_on_link=any(quote.open_ended for quote in paid)) if paid else None

    def needs_copies(self, brief: Brief, engine: str, *, sandbox: bool | None = None) -> bool:
        """Whether an engine needs media in other formats that are not made yet. Only kept media are looked at."""
        return self._intake.needs_copies(brief, ENGINES[engine], self._environment(sandbox))

    def make_copies(self, brief: Brief, engine: str, *, sandbox: bool | None = None, by: str = "") -> None:
        """Make the copies of a brief's kept media that an engine needs, so that the price is of what is sent.

        Raises `BriefError` and `NotAllowedError`.
        """
        self.people.check(by, Action.MAKE)
        self._intake.make_copies(brief, ENGINES[engine], self._environment(sandbox))

    def _environment(self, sandbox: bool | None) -> str:
        return SANDBOX if (self._settings.sandbox if sandbox is None else sandbox) else LIVE

    def rates(self) -> Rates:
        """What this team pays where it set that itself. Raises `SettingsError` where the file is nonsense."""
        return rate_file.load(self._rates_file)

    def set_rate(self, place: str, override: Override | None, *, by: str = "") -> None:
        """Set, or with None forget, the team's own rate of a provider or engine.

        Raises `SettingsError` and `NotAllowedError`.
        """
        self.people.check(by, Action.PRICES)
        before = self.rates().overrides.get(place)
        rate_file.change(self._rates_file, place, override)
        did = "set the rate" if override is not None else "forgot the rate"
        told = [None if rate is None else asdict(rate) for rate in (before, override)]
        self.audit.note(by or (override.by if override else ""), did, "rate", place, before=told[0], after=told[1])

    @property
    def _rates_file(self) -> Path:
        return self._settings.rates_file

    def money_warnings(self) -> tuple[str, ...]:
        """What to look after, for whoever pays: accounts that hold too little for what waits, and stale prices."""
        needs = self.spending.needs()
        found = []
        for state in self.vendors.states():
            need = needs.get(state.id)
            if need is not None and state.held is not None:
                found.append(unmet(state.title, *state.held, need))
        return (*filter(None, found), *stale_prices(self.rates(), datetime.now(UTC).date()))

    def month(self) -> str:
        """The present month, as ``2026-11``, where the team is."""
        return month_at(self._settings.timezone, datetime.now(UTC))

    def alike(self, briefs: Sequence[Brief], *, sandbox: bool | None = None) -> list[Job | None]:
        """For each brief, the job that asked the same and is pending, unconfirmed, or was done in the last 24 hours.

        Each brief names its engine.
        """
        engines, environment = [ENGINES[brief.engine or ""] for brief in briefs], self._environment(sandbox)
        asked = [
            (LIVE if engine.is_draft else environment, likeness(brief.tidied(), engine.id))
            for brief, engine in zip(briefs, engines, strict=True)
        ]
        found = self._ledger.alike([what for _where, what in asked], now_ms() - int(DAY_S * 1000))
        return [None if (job := found.get(one)) is None else self._whole(job) for one in asked]

    # Waiting and listing

    def wait(self, job_id: int, timeout_s: float = 600.0) -> Job:
        """The job, once it is in a state that it cannot leave by itself.

        Where no server tends the ledger, this does the work itself.

        Raises:
            TimeoutError: it is still pending after ``timeout_s`` seconds; it goes on all the same.
            UnknownJobError: there is no such job.
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

        # A thread of its own, because the caller (a notebook) may already have a running event loop.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(self.tracker().run(ended))).result()

    def jobs(self) -> Iterator[Job]:
        """All jobs, newest first."""
        return (self._whole(job) for job in self._ledger.all())

    def job(self, job_id: int) -> Job:
        """One job, its video brought back from the bucket where this disk has lost it. Raises `UnknownJobError`."""
        job = self._latest.get(("job", job_id), lambda: self._ledger.job(job_id))
        if job.output_sha256 is not None:
            with suppress(BucketError):  # what is known of the job is shown all the same
                self._store.file(_video(job.output_sha256))
        return self._whole(job)

    def page(self, which: Filter, *, limit: int, offset: int = 0) -> list[Job]:
        """Some of the jobs that the filter lets through, newest first."""
        found = self._latest.get(
            ("page", which.question, limit, offset), lambda: tuple(self._ledger.page(which, limit=limit, offset=offset))
        )
        return [self._whole(job) for job in found]

    def count(self, which: Filter) -> int:
        """How many jobs the filter lets through."""
        return self._latest.get(("count", which.question), lambda: self._ledger.count(which))

    def states_of(self, batch: str) -> Mapping[JobState, int]:
        """How many jobs of a batch stand where."""
        return self._latest.get(("states", batch), lambda: MappingProxyType(self._ledger.states_of(batch)))

    def pending(self, limit: int = 12, batch: str | None = None) -> list[Job]:
        """Jobs that are still being worked on, of one batch or of all, the next in line first."""
        return [*self._latest.get(("pending", limit, batch), lambda: tuple(self._ledger.pending(limit, batch)))]

    def ahead_of(self, job: Job) -> int:
        """How many drafts come before this one; of paid jobs each vendor has its own places."""
        return self._latest.get(("ahead", job.id), lambda: self._ledger.ahead_of(job.id)) if job.is_draft else 0

    def places_used(self) -> Mapping[tuple[str, str], int]:
        """How many jobs each vendor is working on, by vendor and environment."""
        return self._latest.get(("places used",), lambda: MappingProxyType(self._ledger.at_vendors()))

    def places(self, provider: str) -> int:
        """How many jobs a vendor is given at once."""
        return self._accounts.places(provider)

    def is_paused(self, job: Job) -> bool:
        """Whether a job's vendor is sent nothing with its key until a person has looked."""
        account = (job.provider, job.environment)
        standing = self._latest.get(("standing", *account), lambda: self._standings.of(*account))
        return standing.stops(job.engine, job.key_fingerprint)

    def _places(self, provider: str) -> int:
        return self._settings.draft_slots if provider == DRAFT else self._accounts.places(provider)

    def expected_s(self, job: Job) -> tuple[float | None, float | None]:
        """Seconds within which half, and nine of ten, renders like this one are ready; None where nobody knows.

        The sandbox is faster by its speed, but asked no more often, and it renders for real.
        """
        half_s, most_s = job.quote.expected_s, job.quote.p90_s
        if not job.sandbox or half_s is None:
            return half_s, most_s
        speed = self._settings.sandbox_speed
        asked_s = min(self._accounts.providers[job.provider].poll_every_s.value, self._settings.poll_interval_s or 60.0)
        return half_s / speed + asked_s + 5.0, (most_s or half_s) / speed + 2 * asked_s + 10.0

    def history(self, job_id: int) -> list[JobEvent]:
        """What happened to a job, oldest first."""
        return self._ledger.history(job_id)

    def makers(self) -> list[str]:
        """Everybody who has made a job."""
        return self._ledger.makers()

    def withdraw(self, job_id: int, *, by: str) -> bool:
        """Take a job back, free of charge; False where that is no longer possible. Raises `NotAllowedError`."""
        job = self._own(job_id, by)
        note = "withdrawn; nothing was charged"
        return job.can_withdraw and self._ledger.move(job_id, job.state, JobState.WITHDRAWN, by=by, note=note)

    def withdraw_batch(self, batch: str, *, by: str) -> int:
        """Take back every job of a batch that was not sent yet; returns how many. Raises `NotAllowedError`."""
        for maker in self._ledger.makers_of(batch):
            self.people.check(by, Action.HANDLE, owner=maker)
        return self._ledger.withdraw_batch(batch, by)

    def hide(self, job_id: int, *, by: str) -> None:
        """Take a job off the lists. It is tended and its video kept all the same.

        Raises `UnknownJobError` and `NotAllowedError`.
        """
        self._own(job_id, by)
        self._ledger.hide(job_id, True, by)

    def unhide(self, job_id: int, *, by: str) -> None:
        """Put a job back on the lists. Raises `UnknownJobError` and `NotAllowedError`."""
        self._own(job_id, by)
        self._ledger.hide(job_id, False, by)

    def ask_now(self, job_id: int, *, by: str = "") -> None:
        """Have the vendor asked, or the download tried, at once instead of when it is due. Raises `NotAllowedError`."""
        self._own(job_id, by)
        self._ledger.ask_now(job_id)

    def _own(self, job_id: int, by: str) -> Job:
        """A job that ``by`` may handle. Raises `UnknownJobError` and `NotAllowedError`."""
        job = self._ledger.job(job_id)
        self.people.check(by, Action.HANDLE, owner=job.by)
        return job

    # What is above somebody's limit

    def approve(self, job_id: int, *, by: str, agreed: Quote | None = None, hold_s: float = 0.0) -> bool:
        """Let a job that waits for approval be sent; False where it does not wait any more.

        ``agreed`` is the quote that the approver saw, by default the frozen one. A price that is higher by now is
        frozen instead, and has to be approved anew.

        Raises:
            BriefError: it could not be sent; it goes on waiting.
            NotAllowedError: ``by`` may not decide about it.
            PriceRoseError: it costs more by now; it goes on waiting.
        """
        self._approvals.check(job_id, by=by)
        job = self._ledger.job(job_id)
        if job.state is not JobState.AWAITING_APPROVAL:
            return False
        (new,) = self._intake.jobs(
            [job.brief], job.environment, job.by, ceiling_usd_micros=job.ceiling_usd_micros, lifts=True
        )
        fresh = new.quote
        seen = agreed or job.quote
        if has_risen(seen, fresh) or set(fresh.passed_on) - set(seen.passed_on):
            self._approvals.reprice(job_id, fresh, by=by)
            now = f"The price is now {priced(fresh)}, not {priced(seen)}."
            if not has_risen(seen, fresh):
                now = f"{ENGINES[job.engine].vendor} would now fetch a pasted link itself."
            raise PriceRoseError(fresh, f"{now} Nothing was sent: approve it anew.")
        return self._approvals.approve(job_id, by=by, hold_s=hold_s, ceiling_usd_micros=new.ceiling_usd_micros)

    def decline(self, job_id: int, why: str = "", *, by: str) -> bool:
        """Take back a job that waits for approval, with a reason; False where it does not wait any more.

        Raises `NotAllowedError`.
        """
        return self._approvals.decline(job_id, why, by=by)

    def awaiting(self, limit: int = 50) -> list[Job]:
        """Jobs that wait for approval, the longest waiting first."""
        return self._approvals.waiting(limit)

    def above_limit(self, by: str, usd_micros: int | None, *, rests_on_link: bool = False) -> str | None:
        """Why a press that counts this much would have to be approved; None where it is within the limit of ``by``.

        ``rests_on_link`` says whether that is the price of the longest input, because a pasted link is passed on.
        """
        person = self.people.who(by) if self.people.sign_in else None
        return None if person is None else above_limit(person, usd_micros, rests_on_link=rests_on_link)

    def passes_links(self, briefs: Sequence[Brief], *, sandbox: bool | None = None) -> bool:
        """Whether a vendor would fetch a pasted link of one of these paid clips itself. Each names its engine."""
        paid = [brief for brief in briefs if not ENGINES[brief.engine or ""].is_draft]
        return self._intake.passes_links(paid, self._environment(sandbox))

    def batch_above_limit(
        self, briefs: Sequence[Brief], usd_micros: int | None, *, by: str, sandbox: bool | None = None
    ) -> str | None:
        """Why a press for these briefs, which cost ``usd_micros`` together, would have to be approved; None where not.

        Each brief names its engine and has kept media. Raises `BriefError` where one cannot be used.
        """
        environment = self._environment(sandbox)
        if not self.people.sign_in or self._hosting.hosts(environment):
            return self.above_limit(by, usd_micros)
        quotes = self._intake.chosen(briefs, environment, by)
        return self._above_limit(by, [quote for quote in quotes if not ENGINES[quote.engine].is_draft])

    # An answer that was lost: four ways out, and jobs that were started elsewhere

    def confirm(self, job_id: int, vendor_id: str, *, by: str) -> bool:
        """An unconfirmed job was taken, as ``vendor_id``; the vendor is asked first, which costs nothing.

        False where the job is not unconfirmed any more.

        Raises:
            VendorError: the vendor does not know the id, or could not be asked. Nothing was changed.
            VendorIdTakenError: another job has it. Nothing was changed.
            NotAllowedError: it is somebody else's.
        """
        job = self._own(job_id, by)
        vendor_id = vendor_id.strip()
        self.vendors.look(job.provider, job.environment, job.base_url, vendor_id)
        note = f"confirmed by hand: the vendor has it as {vendor_id}"
        due = now_ms()
        return self._ledger.attach(job_id, JobState.UNCONFIRMED, vendor_id, by=by, note=note, due_ms=due)

    def not_taken(self, job_id: int, *, by: str) -> bool:
        """A person found out that an unconfirmed job never reached the vendor; its reserve is free again.

        Raises `NotAllowedError`.
        """
        self._own(job_id, by)
        return self._verdicts.not_taken(job_id, by)

    def undo_not_taken(self, job_id: int, *, by: str) -> bool:
        """Take back within a day that a job was not taken: it is unconfirmed again, and its price is reserved again.

        That is done even above a cap: the money may have to be paid. False where nobody said so within the last day,
        or the vendor's own answer said so. Raises `NotAllowedError`.
        """
        self._own(job_id, by)
        return self._verdicts.undo_not_taken(job_id, by)

    def undo_not_taken_until(self, job: Job) -> datetime | None:
        """Until when `undo_not_taken` is possible; None where it is not. Reads the ledger only for such a job."""
        return self._verdicts.until(job.id) if job.state is JobState.NOT_TAKEN else None

    def write_off(self, job_id: int, *, by: str) -> bool:
        """Give an unconfirmed job up; its price counts as spent. Raises `NotAllowedError`."""
        self._own(job_id, by)
        return self._verdicts.write_off(job_id, by)

    def send_again(self, job_id: int, *, by: str, agreed: Quote | None = None) -> Job:
        """Make a new job like an unconfirmed one, which stays as it is. This can charge twice.

        The second time it returns the job that the first time made. ``agreed`` is the quote that a person saw.

        Raises:
            BriefError: it cannot be rendered any more; nothing was queued.
            PriceRoseError: it costs more than ``agreed`` said; nothing was queued.
            NotAllowedError: it is somebody else's.
        """
        job = self._own(job_id, by)
        ceiling = job.ceiling_usd_micros
        if ceiling is not None:  # by now more may have been billed for such a clip
            (quote,) = self._intake.chosen([job.brief], job.environment, by)
            ceiling = max(ceiling, quote.least_ceiling_usd_micros)
        return self.submit(
            job.brief,
            by=by,
            nonce=_again(job_id),
            sandbox=job.sandbox,
            hold_s=HOLD_S,
            agreed=agreed,
            ceiling_usd_micros=ceiling,
            follows=job_id,
        )

    def sent_again_as(self, job_id: int) -> Job | None:
        """The job that `send_again` made of this one; None where it was not sent again."""
        pressed = self._ledger.pressed(_again(job_id))
        return self._whole(pressed[0]) if pressed else None

    def adopt(self, engine: str, vendor_id: str, *, by: str, sandbox: bool | None = None) -> Job:
        """Bring in a job that was started elsewhere, by the vendor's id.

        Raises:
            VendorError: the vendor does not know it, or could not be asked.
            VendorIdTakenError: it is here already.
            NotAllowedError: ``by`` may not make clips.
        """
        self.people.check(by, Action.MAKE)
        by = one_line(by, MAX_NAME)
        made_by = ENGINES[engine]
        if made_by.is_draft:
            raise VendorError("Drafts are made here: there is nothing to bring in.")
        environment, vendor_id = self._environment(sandbox), vendor_id.strip()
        account = self._accounts.of(made_by.provider, environment)
        self.vendors.look(made_by.provider, environment, account.base_url or None, vendor_id)
        brief = Brief(scene=made_by.scene, engine=engine, name=f"From {made_by.vendor}")
        quote, _errors = assess(made_by, brief, {}, rates=self.rates(), today=datetime.now(UTC).date())
        new = NewJob(
            brief,
            replace(quote, problems=()),
            by,
            environment=environment,
            base_url=account.base_url,
            key_fingerprint=account.fingerprint,
        )
        month = self.month() if environment == LIVE else None
        return self._ledger.adopt(new, vendor_id, now_ms(), month)

    def webhook(self, provider_id: str, token: str, body: bytes, content_type: str) -> bool:
        """Take a vendor's hint that something happened to the job with this token. False where there is none.

        Nothing in it is believed: the job becomes due, and the vendor is asked.
        """
        provider = self._accounts.providers.get(provider_id)
        if provider is None:
            return False
        return self._ledger.hint(provider_id, hash_of(token), provider.read_webhook(body, content_type))

    def _whole(self, job: Job) -> Job:
        if job.output_sha256 is None:
            return job
        return replace(job, output=self._store.path(_video(job.output_sha256)))

    # Briefs being filled in

    def open_brief(self, brief_id: str) -> OpenBrief | None:
        """A brief that somebody is filling in, or None where nothing was entered under this id."""
        return self._desk.open(brief_id)

    def change_brief(self, brief_id: str, *, by: str, **changes: Any) -> None:
        """Set fields of a brief that is being filled in; media as `MediumFacts` or None.

        Raises `BriefError` for what is too long to be kept, and `NotAllowedError`; then nothing is changed.
        """
        self.people.check(by, Action.MAKE)
        values = {field: _field(field, value) for field, value in changes.items()}
        if wrong := oversized(values):
            raise BriefError(wrong)
        self._desk.change(brief_id, by, values)

    def open_batch(self, batch_id: str) -> OpenBatch | None:
        """What was brought for a batch, or None where nothing was brought under this id."""
        return self._desk.batch(batch_id)

    def keep_batch(self, batch_id: str, batch: OpenBatch, *, by: str) -> None:
        """Note what was brought for a batch, so that it can be gone on with elsewhere."""
        self.people.check(by, Action.MAKE)
        self._desk.keep_batch(batch_id, by, batch)

    def use_again(self, job_id: int, *, by: str) -> str:
        """Start a new brief with a job's media and options; returns its id. Raises `UnknownJobError`."""
        self.people.check(by, Action.MAKE)
        brief_id = new_brief_id()
        self._desk.change(brief_id, by, self._ledger.job(job_id).brief.to_dict())
        return brief_id

    def render(
        self,
        brief_id: str,
        *,
        engine: str,
        by: str,
        after: int | None,
        sandbox: bool | None = None,
        shown: Brief | None = None,
        agreed: Quote | None = None,
        again: bool = False,
        ceiling_usd_micros: int | None = None,
    ) -> Job:
        """Submit an open brief; a paid job is held for `HOLD_S` seconds.

        ``after`` is the brief's last job when the button was drawn, so that a double click makes one job. While the
        last job is pending unchanged, pressing returns it, unless ``again``. ``shown`` is the brief that was on screen,
        as its row held it; with None, whatever the row holds is sent.

        Raises:
            BriefChangedError: the row holds something else than ``shown`` by now; nothing was queued.
            BriefError: the brief cannot be rendered; nothing was queued.
            PriceRoseError: it costs more than ``agreed`` said; nothing was queued.
        """
        self.people.check(by, Action.MAKE)
        open_brief = self._desk.open(brief_id)
        if open_brief is None:
            raise BriefError({"image": MISSING["image"], "audio": MISSING["audio"]})
        if shown is not None and open_brief.brief != shown:
            raise BriefChangedError
        brief = replace(open_brief.brief, engine=engine)
        environment = self._environment(sandbox) if ENGINES[engine].provider != DRAFT else LIVE
        last = None if open_brief.job_id is None else self.job(open_brief.job_id)
        if last is not None and last.pending and not again and _same(last, brief, environment):
            return last
        nonce = f"{brief_id}.{after or 0}.{engine}.{environment}"[:64]
        job = self.submit(
            brief,
            by=by,
            nonce=nonce,
            sandbox=environment == SANDBOX,
            hold_s=HOLD_S,
            agreed=agreed,
            ceiling_usd_micros=ceiling_usd_micros,
        )
        self._desk.rendered_as(brief_id, job.id)
        return job

    # Media

    def read_table(self, data: bytes, *, encoding: str | None = None) -> Sheet:
        """Read a table of clips from the bytes of a CSV file; a large one in a worker. Blocks. Raises `SheetError`.

        ``encoding`` is what it is written in, where `Sheet.guess` asks for that.
        """
        return self._tables.read(data, encoding)

    def keep_medium(
        self, source: Path | bytes | BinaryIO, kind: Kind, name: str, *, by: str = "", came: Came = "file"
    ) -> MediumFacts:
        """Store a file that arrived. Raises `MediaError` and `NotAllowedError`; then nothing is kept."""
        self.people.check(by, Action.MAKE)
        facts = self._store.keep(source, kind, name)
        self.library.arrived(facts, came, by=by)
        return facts

    def keep_link(self, url: str, kind: Kind, *, by: str = "") -> MediumFacts:
        """Fetch a link through the guard and store what it leads to.

        Raises `MediaError` (`FetchError`) and `NotAllowedError`.
        """
        self.people.check(by, Action.MAKE)
        facts = self._intake.keep_link(url, kind)
        self.library.arrived(facts, "link", by=by)
        return facts

    def medium(self, medium: Medium | None, kind: Kind) -> MediumFacts | None:
        """The facts of a stored medium under the name it was chosen by; None where it is not stored."""
        return self._intake.medium(medium, kind)

    def trimmed(
        self, whole: MediumFacts, start_s: float, end_s: float, *, listed: bool = True, by: str = ""
    ) -> MediumFacts:
        """The part of a kept voice or video between two instants, kept too.

        Raises `MediaError` and `NotAllowedError`.

        What is not ``listed`` is there to be listened to, and is not offered as an earlier one.
        """
        self.people.check(by, Action.MAKE)
        return trim(self._store, whole, start_s, end_s, listed=listed)

    def recent_media(self, kind: Kind, limit: int = 12) -> list[MediumFacts]:
        """What arrived lately, latest first."""
        return self._store.recent(kind, limit)

    # Where people sign in, a link is for ``person`` alone and ends with their visit (`lipsync_core.delivery.links`).

    def media_link(self, facts: MediumFacts, variant: Variant = "file", *, person: Person | None = None) -> str:
        """A relative link to a stored medium."""
        name = f"{variant}{facts.extension if variant == 'file' else '.jpg'}"
        return self._links.to(facts, variant, name=name, person=person)

    def has_thumbnail(self, facts: MediumFacts) -> bool:
        """Whether there is a small picture of it: not of a voice, nor of a draft."""
        return self._store.path(facts, "thumb").is_file()

    def thumbnail_link(self, job: Job, *, person: Person | None = None) -> str | None:
        """A relative link to the job's picture, 224 pixels square; asks nothing of the ledger, so that a list may.

        That of the picture or video it is made from, else of the finished video, unless that one cannot be played.
        """
        brief, output = job.brief, job.output_sha256 if job.error is None else None
        facts = MediumFacts(output or "", "video", "", ".mp4", "video/mp4", 0)
        if isinstance(brief.image, KeptMedium):
            facts = MediumFacts(brief.image.sha256, "image", "", ".jpg", "image/jpeg", 0)
        elif isinstance(brief.video, KeptMedium):
            facts = replace(facts, sha256=brief.video.sha256)
        return self._links.to(facts, "thumb", name="thumb.jpg", person=person) if facts.sha256 else None

    def preview(self, facts: MediumFacts) -> bytes:
        """A stored picture as a JPEG of at most 960 pixels, upright. Raises `MediaError` where it is gone."""
        path = self._store.picture(facts, "preview")
        if path is None:
            raise MediaError("No longer here", f"“{facts.name}” is not in the media store. Choose it again.")
        return path.read_bytes()

    def output_link(self, job: Job, *, download: bool = False, person: Person | None = None) -> str | None:
        """A relative link to a job's video; None where it has none."""
        if job.output_sha256 is None:
            return None
        return self._links.to(_video(job.output_sha256), name=download_name(job), person=person, download=download)

    def linked_file(self, token: str) -> tuple[Path, str] | None:
        """The stored file and content type that a link's token leads to; None where it leads nowhere.

        Raises `BucketError` where it has to come from the bucket, and cannot.
        """
        ref = self._links.read(token)
        if ref is None:
            return None
        if ref.variant != "file":  # a list's small picture may outlive what it shows
            facts = MediumFacts(ref.sha256, ref.kind, "", ".jpg", "image/jpeg", 0)
        elif (kept := self._store.get(ref.sha256, ref.kind)) is not None:
            facts = kept
        else:
            return None
        path = self._store.file(facts) if ref.variant == "file" else self._store.picture(facts, ref.variant)
        return None if path is None else (path, facts.mime)

    def mouth_still(self, image: MediumFacts, box: MouthBox) -> bytes:
        """One JPEG frame with the mouth open at ``box``. Raises `RenderError` or `WorkerError`."""
        with self._store.scratch() as scratch:
            out = scratch / "still.jpg"
            arguments = {"image": str(self._store.file(image) or ""), "mouth_box": box, "out": str(out)}
            process.run("show_mouth", arguments, process.Limits(memory_mb=2048, seconds=30))
            return out.read_bytes()

    # The tracker

    def tracker(
        self, *, pace: Pace | None = None, at: Point = unwatched, hooks: Callable[[str], str | None] | None = None
    ) -> Tracker:
        """A tracker for this studio's jobs; the server runs one for as long as it lives.

        ``hooks`` says where vendors of an environment tell what happened; by default that is this server.
        """
        settings = self._settings
        return Tracker(
            self._ledger,
            self._claims,
            self._standings,
            self._store,
            self._accounts,
            self._hosting,
            hooks=hooks or self._hooks,
            allow=settings.fetch_allow,
            reach=self._reach,
            rates=self.rates,
            slots=settings.draft_slots,
            pace=pace or Pace(most_s=settings.poll_interval_s),
            errands=Errands(self._approvals, self._notices).run,
            at=at,
        )

    def _hooks(self, environment: str) -> str | None:
        if environment == SANDBOX:
            return self._sandbox_origin() + HOOKS_ROUTE
        public_url = self._settings.public_url
        return None if public_url is None else public_url + HOOKS_ROUTE

    def _sandbox_origin(self) -> str:
        folder = self._settings.media_dir / ".sandbox"
        return origin_of(folder, self.linked_file, self.webhook, self._settings.sandbox_speed)

    def tracker_seen(self) -> datetime | None:
        """When a tracker last said that it is alive."""
        return self._ledger.tracker_seen()

    def tracker_alive(self) -> bool:
        """Whether some tracker said so lately enough to be believed."""
        seen = self.tracker_seen()
        return seen is not None and (datetime.now(UTC) - seen).total_seconds() < STALE_S


def _team(settings: Settings) -> tuple[str, str] | None:
    """Where the team is told, and with what signature."""
    if settings.notify_url is None or settings.notify_secret is None:
        return None
    return settings.notify_url, settings.notify_secret


def _again(job_id: int) -> str:
    """The nonce of sending a job again: it can be done once."""
    return f"again.{job_id}"


def _field(field: str, value: Any) -> Any:
    """A brief's field as its row keeps it."""
    if isinstance(value, MediumFacts):
        return _kept(value)
    return one_line(value) if field in ("name", "project") and isinstance(value, str) else value


def _kept(facts: MediumFacts) -> dict[str, str]:
    kept = {"sha256": facts.sha256, "name": facts.name}
    return kept if facts.url is None else {**kept, "url": facts.url}


def _video(sha256: str) -> MediumFacts:
    """What a finished video is to the store."""
    return MediumFacts(sha256, "video", "", ".mp4", "video/mp4", 0)


def _same(made: Job, asked: Brief, environment: str) -> bool:
    """Whether a job is what is asked for now; a draft's random seed was filled in when the job was made."""
    seed = made.brief.seed if asked.seed == -1 else asked.seed
    return made.environment == environment and made.brief == replace(asked.tidied(), seed=seed)
