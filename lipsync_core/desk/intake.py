"""From a brief to its quotes, and to the row of a job: stores its media and finds what prevents sending it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from lipsync_core.accounts.output_hosts import OutputHosts
from lipsync_core.accounts.reach import Account, Accounts
from lipsync_core.brief import (
    MEDIA_FIELDS,
    MEDIUM_KINDS,
    MOUTH_FIELDS,
    TWO_MOUTHS,
    Brief,
    KeptMedium,
    Medium,
    brief_oversized,
    mouth_box_error,
)
from lipsync_core.delivery.hosting import Hosting
from lipsync_core.desk import pasted_links
from lipsync_core.desk.spoken_text import unspoken
from lipsync_core.errors import BriefError, FetchError, MediaError
from lipsync_core.face_models import MISSING, installed
from lipsync_core.job import LIVE
from lipsync_core.ledger.budget import Budget
from lipsync_core.ledger.caps import Budgets, Over, Room, over_cap, scopes_of
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.vendor_status import VendorStatus, VendorStatuses, low_balance
from lipsync_core.media.fit import Conversion
from lipsync_core.media.store import MediaStore
from lipsync_core.medium import Kind, MediumFacts
from lipsync_core.pricing import Rates, spoken_s
from lipsync_core.pricing.assess import assess, length_of
from lipsync_core.pricing.catalogue import ENGINES, Engine
from lipsync_core.pricing.order import fits
from lipsync_core.pricing.pasted_link import qualified
from lipsync_core.pricing.reserve import ceiling_problem, least_ceiling
from lipsync_core.quote import Costed, Issue, IssueKind, PriceRoseError, Quote, has_risen, price_text, priced


class Snapshot:
    """Data of the ledger and the store for one press: each is read once, however many briefs the press has."""

    def __init__(self, intake: Intake, briefs: Iterable[Brief], environment: str) -> None:

        def room(scopes: tuple[str, ...]) -> Room:
            return intake.budgets.room(scopes, intake.month()) if environment == LIVE else Room("")

        self.environment = environment
        self.today = datetime.now(UTC).date()
        self.rates = intake.rates()
        self.took = cache(intake.ledger.took)
        self.dearest_second = cache(intake.ledger.dearest_second)
        self.standing = cache(intake.standings.of)
        self.room = cache(room)
        self.media = intake.kept(briefs)


@dataclass(frozen=True, slots=True)
class Intake:
    """Checks and prices briefs. Thread-safe; permissions are checked by the caller."""

    ledger: Ledger
    store: MediaStore
    accounts: Accounts
    standings: VendorStatuses
    hosting: Hosting
    budgets: Budgets
    rates: Callable[[], Rates]
    month: Callable[[], str]
    fetch_allow: tuple[str, ...]
    reach: OutputHosts
    sign_in: bool
    """Whether people sign in: then the person who pastes a link may not be the person who pays."""

    def quotes(self, brief: Brief, environment: str, by: str | None) -> list[Quote]:
        """Return a quote for every fitting engine, cheapest first. Raise `BriefError` if none can use the media."""
        if wrong := brief_oversized(brief):
            raise BriefError(wrong)
        eligible = [engine for engine in ENGINES.values() if brief.engine in (None, engine.id) and fits(brief, engine)]
        must_read = any(engine.is_draft for engine in eligible) and brief.engine is not None
        snapshot = Snapshot(self, [brief], environment)
        media, unread = self._media(brief, snapshot, keep=False, must_read=must_read)
        budget = Budget(snapshot.room(scopes_of(brief.project, by)), by)
        quotes = [self._assess(engine, brief, media, unread, snapshot, budget) for engine in eligible]
        return sorted(quotes, key=lambda quote: (quote.usd_micros is None, quote.usd_micros or 0))

    def chosen(self, briefs: Sequence[Brief], environment: str, by: str) -> list[Quote]:
        """Return each brief's quote for the engine that it names. Raises `BriefError`."""
        snapshot, found = Snapshot(self, briefs, environment), []
        for brief in briefs:
            engine = ENGINES[brief.engine or ""]
            media, unread = self._media(brief, snapshot, keep=False, must_read=engine.is_draft)
            budget = Budget(snapshot.room(scopes_of(brief.project.strip(), by)), by)
            found.append(self._assess(engine, brief, media, unread, snapshot, budget))
        return found

    def jobs(
        self,
        briefs: Sequence[Brief],
        environment: str,
        by: str,
        *,
        agreed: Sequence[Costed | None] | None = None,
        ceiling_usd_micros: int | None = None,
        lifts: bool = False,
    ) -> list[NewJob]:
        """Store the briefs' media, and return a new job for each brief.

        ``lifts`` raises a ceiling that was set earlier to the least that may be reserved now.

        Raises `BriefError`, and `PriceRoseError` if a job costs more than ``agreed``.
        """
        snapshot = Snapshot(self, briefs, environment)
        shown = [None] * len(briefs) if agreed is None else agreed
        return [
            self._job(brief, snapshot, by, price, ceiling_usd_micros, lifts=lifts)
            for brief, price in zip(briefs, shown, strict=True)
        ]

    def _job(
        self, brief: Brief, snapshot: Snapshot, by: str, agreed: Costed | None, ceiling: int | None, *, lifts: bool
    ) -> NewJob:
        if wrong := brief_oversized(brief):
            raise BriefError(wrong)
        engine, brief = ENGINES.get(brief.engine or ""), pasted_links.with_direct_links(brief.tidied())
        if engine is None:
            raise BriefError({"engine": f"Choose an engine: {', '.join(ENGINES)}."})
        media, unread = self._media(brief, snapshot, keep=True, must_read=engine.is_draft)
        budget = Budget(snapshot.room(scopes_of(brief.project, by)), by, ceiling)
        quote = self._assess(engine, brief, media, unread, snapshot, budget)
        if not quote.errors and not engine.is_draft and (sent := self._converted(engine, media, snapshot.environment)):
            quote = self._assess(engine, brief, media, unread, snapshot, budget, sent)
        if quote.errors:
            raise BriefError(quote.errors)
        if agreed is not None and has_risen(agreed, quote):
            text = f"The price is now {priced(quote)}, not {priced(agreed)}. Nothing was sent: press again to accept."
            raise PriceRoseError(quote, text)
        paid = not engine.is_draft
        if ceiling is not None:
            if lifts:
                ceiling = max(ceiling, quote.least_ceiling_usd_micros)
            if (problem := ceiling_problem(ceiling, quote.least_ceiling_usd_micros)) is not None:
                raise BriefError({"ceiling": problem})
        elif paid and quote.reserved_usd_micros is None and budget.room.caps:
            raise BriefError({"ceiling": over_cap(Over(budget.room.caps[0], budget.room.month, None)).message})
        kept: dict[str, Any] = {
            field: KeptMedium(facts.sha256, facts.name, facts.url) for field, facts in media.items()
        }
        asked = replace(brief, **kept)
        picks_seed = brief.seed == -1 and engine.is_draft
        account = self.accounts.of(engine.provider, snapshot.environment) if paid else None
        return NewJob(
            brief=replace(asked, seed=secrets.randbelow(2**31)) if picks_seed else asked,
            quote=quote,
            by=by,
            environment=snapshot.environment if paid else LIVE,
            base_url=account.base_url if account else None,
            key_fingerprint=account.fingerprint if account else None,
            length_s=length_of(brief, media),
            likeness=request_fingerprint(asked, engine.id),
            ceiling_usd_micros=ceiling if paid and quote.reserved_usd_micros is None else None,
        )

    def check_together(self, news: Sequence[NewJob], by: str) -> None:
        """Raise `BriefError` if each job fits a cap, but all together exceed it.

        The binding check is made right before each job is sent.
        """
        asked: dict[str, int] = {}
        for new in news:
            if not new.is_paid or new.environment != LIVE:
                continue
            known = new.quote.reserved_usd_micros
            for scope in scopes_of(new.brief.project, by):
                asked[scope] = asked.get(scope, 0) + (known if known is not None else new.ceiling_usd_micros or 0)
        over = self.budgets.room(asked, self.month()).over(asked)
        if over is not None:
            issue = over_cap(over, what=f"Together these clips ({price_text(over.usd_micros)})", by=by)
            raise BriefError({"engine": issue.message})

    def needs_copies(self, brief: Brief, engine: Engine, environment: str) -> bool:
        """Return whether an engine needs copies that are not made yet. Only stored media are checked."""
        media = self._kept_media(brief)
        changes = self._changes(engine, media, environment)
        sent = self.hosting.sent(media, changes)
        return any(sent[field] is media[field] for field in changes)

    def make_copies(self, brief: Brief, engine: Engine, environment: str) -> None:
        """Make these copies. Raises `BriefError`."""
        self._converted(engine, self._kept_media(brief), environment)

    def passes_links(self, briefs: Sequence[Brief], environment: str) -> bool:
        """Return whether a vendor would fetch a pasted link of any of these briefs itself. Each names its engine."""
        if self.hosting.hosts(environment):
            return False
        stored = self.kept(briefs)
        for brief in briefs:
            form = ENGINES[brief.engine or ""].form
            found = {field: _facts(getattr(brief, field), kind, stored) for field, kind in MEDIUM_KINDS.items()}
            media = {field: facts for field, facts in found.items() if facts is not None}
            if self.hosting.passed_on(media, form, environment):
                return True
        return False

    def kept(self, briefs: Iterable[Brief]) -> dict[tuple[str, Kind], MediumFacts]:
        """Return the facts of all stored media that these briefs name."""
        media = (getattr(brief, field) for brief in briefs for field in MEDIUM_KINDS)
        return self.store.get_all({medium.sha256 for medium in media if isinstance(medium, KeptMedium)})

    def medium(self, medium: Medium | None, kind: Kind) -> MediumFacts | None:
        """Return the facts of a stored medium under the name it was chosen by; None if it is not stored."""
        if not isinstance(medium, KeptMedium):
            return None
        return _facts(medium, kind, self.store.get_all([medium.sha256]))

    def keep_link(self, url: str, kind: Kind) -> MediumFacts:
        """Fetch a link through the guard and store the file. Raises `MediaError` (`FetchError`)."""
        return pasted_links.keep_link(self.store, url, kind, self.fetch_allow, self.accounts.outlet())

    def _assess(
        self,
        engine: Engine,
        brief: Brief,
        media: Mapping[str, MediumFacts],
        unread: Mapping[str, str],
        snapshot: Snapshot,
        budget: Budget,
        sent: Mapping[str, MediumFacts] | None = None,
    ) -> Quote:
        """Return the quote for the media that the engine gets: ``sent``, or those known so far."""
        rates, today = snapshot.rates, snapshot.today
        if engine.is_draft:  # media that this computer cannot read, it cannot render
            obstacles = [*(Issue(field, why, stops=True) for field, why in unread.items()), *unspoken(brief)]
            if not installed():
                obstacles.append(Issue("engine", MISSING, stops=True))
            return assess(engine, brief, media, rates=rates, today=today, issues=obstacles)
        account = self.accounts.of(engine.provider, snapshot.environment)
        standing = snapshot.standing(engine.provider, snapshot.environment)
        changes = self.hosting.changes(media, engine.form, account.environment)
        media = sent or self.hosting.sent(media, changes)
        obstacle = self._obstacle(account, standing, engine, media)
        issues = [] if obstacle is None else [obstacle]
        sends_stored = self.hosting.hosts(account.environment) or engine.form.data_uris
        if sends_stored:
            issues += [Issue(field, why, stops=True) for field, why in unread.items()]
        passed_on = self.hosting.passed_on(media, engine.form, account.environment)
        issues += [
            Issue(field, change.words, stops=False, title=change.title, kind=IssueKind.CONVERTED)
            for field, change in changes.items()
            if field not in passed_on
        ]
        if not sends_stored:
            may_work = f"{engine.vendor} fetches it itself, so this may still work."
            issues += [Issue("", f"{why} {may_work}", stops=False) for why in unread.values()]
        quote = assess(
            engine,
            brief,
            media,
            rates=rates,
            today=today,
            seen=snapshot.took(engine.id),
            issues=issues,
        )
        quote = qualified(
            quote,
            (*passed_on, *(() if sends_stored else unread)),
            engine,
            brief,
            media,
            rates=rates,
            today=today,
            sign_in=self.sign_in,
        )
        if quote.reserved_usd_micros is None and snapshot.environment == LIVE:
            length_s = _longest_of(quote, engine, brief, media)
            least = least_ceiling(quote, engine, length_s, snapshot.dearest_second(engine.id))
            quote = replace(quote, least_ceiling_usd_micros=least)
        if (refusal := budget.refusal(quote, engine, brief, media, rates=rates, today=today)) is not None:
            quote = replace(quote, issues=(refusal, *quote.issues))
        if (held := standing.held(account.fingerprint)) is not None:
            low = low_balance(engine.vendor, *held, usd_micros=quote.usd_micros, credits=quote.credits)
            quote = quote if low is None else replace(quote, issues=(*quote.issues, Issue("", low, stops=False)))
        return quote

    def _obstacle(
        self, account: Account, standing: VendorStatus, engine: Engine, media: Mapping[str, MediumFacts]
    ) -> Issue | None:
        """Return the first problem of the account that stops a submit; None if there is none."""
        if account.key_problem is not None:
            title = f"No {engine.vendor} key"
            return Issue("engine", account.key_problem, stops=True, title=title, kind=IssueKind.NO_KEY)
        if standing.stops(engine.id, account.fingerprint):
            what = engine.vendor if standing.paused_engine is None else engine.title
            cure = "Then resume it" if standing.after_restore else "Check the connection"
            why = f"{standing.paused_why} {cure} on the Providers page."
            return Issue("engine", why, stops=True, title=f"{what} is paused", kind=IssueKind.PAUSED)
        unfetchable = self.hosting.problem(media, engine.form, account.environment, engine.vendor)
        return unfetchable or self.reach.problem(account)

    def _converted(
        self, engine: Engine, media: Mapping[str, MediumFacts], environment: str
    ) -> dict[str, MediumFacts] | None:
        """Return the media that the engine gets, making the copies it needs; None if it gets all media unchanged."""
        sent = dict(media)
        changes = self._changes(engine, media, environment)
        for field, change in changes.items():
            try:
                sent |= self.hosting.sent({field: media[field]}, {field: change}, make=True)
            except MediaError as error:
                raise BriefError({field: str(error)}) from error
        return sent if changes else None

    def _changes(self, engine: Engine, media: Mapping[str, MediumFacts], environment: str) -> dict[str, Conversion]:
        """Return the conversions before an engine gets a brief's media. A draft is made here, from what was brought."""
        return {} if engine.is_draft else self.hosting.changes(media, engine.form, environment)

    def _kept_media(self, brief: Brief) -> dict[str, MediumFacts]:
        stored = self.kept([brief])
        found = {field: _facts(getattr(brief, field), kind, stored) for field, kind in MEDIUM_KINDS.items()}
        return {field: facts for field, facts in found.items() if facts is not None}

    def _media(
        self, brief: Brief, snapshot: Snapshot, *, keep: bool, must_read: bool
    ) -> tuple[dict[str, MediumFacts], dict[str, str]]:
        """Return the facts of the brief's media, and why others could not be read: field → message.

        Raises `BriefError` for media that no engine can use and, if ``must_read``, for a link that cannot be reached.
        """
        media: dict[str, MediumFacts] = {}
        errors: dict[str, str] = {}
        unread: dict[str, str] = {}
        for field, kind in MEDIUM_KINDS.items():
            medium: Medium | None = getattr(brief, field)
            if medium is None:
                continue
            try:
                media[field] = self._medium(medium, kind, snapshot, keep=keep)
            except FetchError as error:
                (errors if must_read or error.refused else unread)[field] = str(error)
            except MediaError as error:
                errors[field] = str(error)
        if (seen := media.get("image") or media.get("video")) is not None:
            errors |= _wrong_mouths(brief, seen)
        if errors:
            raise BriefError(errors)
        return media, unread

    def _medium(self, medium: Medium, kind: Kind, snapshot: Snapshot, *, keep: bool) -> MediumFacts:
        if isinstance(medium, KeptMedium):
            facts = _facts(medium, kind, snapshot.media)
            if facts is None or self.store.file(facts) is None:
                raise MediaError("No longer here", f"“{medium.name}” is not in the media store. Choose it again.")
            return facts
        if isinstance(medium, str) and medium.lower().startswith(("http://", "https://")):
            return self.keep_link(medium, kind)
        if isinstance(medium, bytes):
            source: Path | bytes = medium
            name: str = kind
        else:
            try:
                source = Path(medium)
            except TypeError:
                given = type(medium).__name__
                raise MediaError("No medium", f"Give a path, bytes or a link; this is of the type {given}.") from None
            name = source.name
            if not source.is_file():
                raise MediaError("No such file", f"There is no file at {medium}.")
        return self.store.keep(source, kind, name) if keep else self.store.look(source, kind, name)


_TWO_TEXTS = ("left_text", "left_speaker", "right_text", "right_speaker")


def _wrong_mouths(brief: Brief, seen: MediumFacts) -> dict[str, str]:
    """Return which mouth boxes cannot be in this picture or video: field → message."""
    boxes = ((field, getattr(brief, field)) for field in MOUTH_FIELDS)
    wrong = ((field, mouth_box_error(box, seen.width, seen.height)) for field, box in boxes if box is not None)
    return {field: message for field, message in wrong if message is not None}


def request_fingerprint(brief: Brief, engine: str) -> str:
    """Return a hash of what a brief asks of an engine; its name and project do not count."""
    asked = replace(brief, engine=engine, name="", project="").to_dict()
    for field in (*TWO_MOUTHS, *_TWO_TEXTS):  # a clip without them is the one that it was before there were such fields
        if not asked[field]:
            del asked[field]
    for field in MEDIA_FIELDS:
        medium = asked[field]
        asked[field] = medium["sha256"] if isinstance(medium, dict) else medium
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _longest_of(quote: Quote, engine: Engine, brief: Brief, media: Mapping[str, MediumFacts]) -> float | None:
    """Return the most seconds that may be billed; None if unknown."""
    longest = None if engine.form.longest_s is None else float(engine.form.longest_s.most)
    if quote.open_ended and longest is not None:
        return longest
    if (measured := length_of(brief, media)) is not None:
        return measured
    return max(spoken_s(brief.text)) if brief.text.strip() else longest


def _facts(medium: Medium | None, kind: Kind, stored: Mapping[tuple[str, Kind], MediumFacts]) -> MediumFacts | None:
    """Return the facts of a stored medium under the name it was chosen by; None if it is not stored."""
    if not isinstance(medium, KeptMedium):
        return None
    facts = stored.get((medium.sha256, kind))
    return None if facts is None else replace(facts, name=medium.name, url=medium.url)
