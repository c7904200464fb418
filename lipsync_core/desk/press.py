"""Quotes, and the Render button: nothing is paid here; a press writes a job that the tracker then claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lipsync_core.brief import FIELDS, Brief
from lipsync_core.db.database import now_ms
from lipsync_core.desk.intake import request_fingerprint
from lipsync_core.desk.rooms import Part
from lipsync_core.errors import BriefChangedError, BriefError
from lipsync_core.job import LIVE, Job
from lipsync_core.ledger.approvals import above_limit, with_reason
from lipsync_core.ledger.jobs import NewJob
from lipsync_core.people.roles import Action
from lipsync_core.pricing.catalogue import DRAFT, ENGINES
from lipsync_core.quote import Costed, Quote

HOLD_S = 5.0
"""How long a paid job pressed in a browser can be undone before it may be sent."""
LATELY_MS = 24 * 3600 * 1000
"""How long a finished clip counts as recent when the same request is made again."""


class Press(Part):
    """Quotes for briefs, and jobs made from them."""

    def quotes(self, brief: Brief) -> list[Quote]:
        """Return a quote for every engine that fits the brief's scene and media, cheapest first.

        An exceeded monthly cap, also the person's own, is among a quote's problems.

        Raises:
            BriefError: the media themselves cannot be used.
        """
        return self.rooms.intake.quotes(brief, self.seat.environment, self.by or None)

    def submit(
        self,
        brief: Brief,
        *,
        nonce: str | None = None,
        hold_s: float = 0.0,
        agreed: Quote | None = None,
        ceiling_usd_micros: int | None = None,
        follows: int | None = None,
        reason: str = "",
    ) -> Job:
        """Queue one job for the brief. Its media are stored before the job exists.

        A nonce seen before returns that press's job; without one, identical briefs are different jobs. No tracker
        claims the job for ``hold_s`` seconds. ``agreed`` is the quote that a person saw. ``ceiling_usd_micros`` is what
        a cap reserves for an unknown price: above 0, up to `MOST_CEILING_USD_MICROS`, and no less than such a clip
        would cost at the highest known rate. A ceiling is not a price: an unknown price is above every limit. A job
        above the person's limit waits for approval, for which ``reason`` is its maker's.

        Raises:
            BriefError: the brief cannot be rendered; nothing was queued.
            NotAllowedError: this person may not make clips; nothing was queued.
            PriceRoseError: it costs more than ``agreed`` said; nothing was queued.
        """
        self.seat.check(Action.MAKE)
        if nonce is not None and (pressed := self.rooms.ledger.pressed(nonce)):
            return self.rooms.whole(pressed[0])  # first, as a second press must not be checked against a cap
        (new,) = self.rooms.intake.jobs(
            [brief], self.seat.environment, self.seat.name, agreed=[agreed], ceiling_usd_micros=ceiling_usd_micros
        )
        return self.rooms.whole(
            self.rooms.ledger.add(
                replace(
                    self._limited([new], reason)[0],
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
        batch: str,
        hold_s: float = 0.0,
        agreed: Sequence[Costed] | None = None,
        ceiling_usd_micros: int | None = None,
    ) -> list[Job]:
        """Queue a job for each brief, or for none. ``batch`` identifies the press; if seen before, return its jobs.

        ``agreed`` are the prices that a person saw, one for each brief; ``ceiling_usd_micros`` is what a cap reserves
        for each clip of unknown price, as in `submit`.

        Raises:
            BriefError: one of the briefs cannot be rendered; nothing was queued.
            NotAllowedError: this person may not make clips; nothing was queued.
            PriceRoseError: one costs more than ``agreed`` said; nothing was queued.
        """
        self.seat.check(Action.MAKE)
        nonces = [f"{batch}.{place}" for place in range(len(briefs))]
        if len(pressed := self.rooms.ledger.pressed(*nonces)) == len(briefs):
            return [self.rooms.whole(job) for job in pressed]
        news = [
            replace(new, nonce=nonce, batch=batch, hold_s=hold_s)
            for nonce, new in zip(
                nonces,
                self.rooms.intake.jobs(
                    briefs, self.seat.environment, self.seat.name, agreed=agreed, ceiling_usd_micros=ceiling_usd_micros
                ),
                strict=True,
            )
        ]
        self.rooms.intake.check_together(news, self.seat.name)
        return [self.rooms.whole(job) for job in self.rooms.ledger.add_all(self._limited(news))]

    def render(
        self,
        brief_id: str,
        *,
        engine: str,
        after: int | None,
        shown: Brief | None = None,
        agreed: Quote | None = None,
        again: bool = False,
        ceiling_usd_micros: int | None = None,
        reason: str = "",
    ) -> Job:
        """Submit an open brief; a paid job is held for `HOLD_S` seconds.

        ``after`` is the brief's last job when the button was drawn, so that a double click makes one job. While that
        job is pending and the brief unchanged, a press returns it, unless ``again``. ``shown`` is the brief that was on
        screen, as its row held it; if None, the row's current content is sent.

        Raises:
            BriefChangedError: the row no longer matches ``shown``; nothing was queued.
            BriefError: the brief cannot be rendered; nothing was queued.
            PriceRoseError: it costs more than ``agreed`` said; nothing was queued.
        """
        self.seat.check(Action.MAKE)
        open_brief = self.rooms.open_briefs.open(brief_id)
        if open_brief is None:
            raise BriefError({"image": FIELDS["image"].missing, "audio": FIELDS["audio"].missing})
        if shown is not None and open_brief.brief != shown:
            raise BriefChangedError
        brief = replace(open_brief.brief, engine=engine)
        environment = self.seat.environment if ENGINES[engine].provider != DRAFT else LIVE
        last = None if open_brief.job_id is None else self.rooms.ledger.job(open_brief.job_id)
        if last is not None and last.pending and not again and _same(last, brief, environment):
            return self.rooms.whole(last)
        nonce = f"{brief_id}.{after or 0}.{engine}.{environment}"[:64]
        job = Press(self.seat.elsewhere(environment)).submit(
            brief,
            nonce=nonce,
            hold_s=HOLD_S,
            agreed=agreed,
            ceiling_usd_micros=ceiling_usd_micros,
            reason=reason,
        )
        self.rooms.open_briefs.rendered_as(brief_id, job.id)
        return job

    def _limited(self, news: Sequence[NewJob], reason: str = "") -> list[NewJob]:
        """Return the jobs of one press; paid ones wait for approval if their total is above the maker's limit."""
        above = self._above_limit([new.quote for new in news if new.is_paid], to_them=False)
        if above is None:
            return list(news)
        until_ms, why = self.rooms.terms.until_ms(), with_reason(above, reason)
        return [replace(new, decide_by_ms=until_ms, decided_why=why) if new.is_paid else new for new in news]

    def _above_limit(self, paid: Sequence[Quote], *, to_them: bool) -> str | None:
        prices = [quote.reserved_usd_micros for quote in paid]
        known = [price for price in prices if price is not None]
        counted = sum(known) if len(known) == len(prices) else None
        rests_on_link = any(quote.open_ended for quote in paid)
        return self._above(counted, rests_on_link=rests_on_link, to_them=to_them) if paid else None

    def above_limit(self, usd_micros: int | None, *, rests_on_link: bool = False) -> str | None:
        """Explain to this person why a press of this cost would need approval; None if it is within their limit.

        Nothing needs approval in a person's own sandbox. ``rests_on_link`` says whether the cost is the price of the
        longest input, because a pasted link is passed on.
        """
        return self._above(usd_micros, rests_on_link=rests_on_link, to_them=True)

    def _above(self, usd_micros: int | None, *, rests_on_link: bool, to_them: bool) -> str | None:
        if not (self.rooms.people.sign_in and self.rooms.terms.hold_in(self.seat.environment)):
            return None
        person = self.rooms.people.who(self.by)
        if person is None:
            return None
        return above_limit(person, usd_micros, rests_on_link=rests_on_link, to_them=to_them)

    def batch_above_limit(self, briefs: Sequence[Brief], usd_micros: int | None) -> str | None:
        """Explain to this person why a press for these briefs, at ``usd_micros`` in total, would need approval.

        None if it would not.

        Each brief names its engine and has stored media. Raises `BriefError` if one cannot be used.
        """
        environment = self.seat.environment
        if not self.rooms.people.sign_in or self.rooms.hosting.hosts(environment):
            return self.above_limit(usd_micros)
        quotes = self.rooms.intake.chosen(briefs, environment, self.by)
        return self._above_limit([quote for quote in quotes if not ENGINES[quote.engine].is_draft], to_them=True)

    def chosen(self, brief: Brief) -> Quote:
        """Return the brief's quote for the engine that it names. Raises `BriefError`."""
        return self.rooms.intake.chosen([brief], self.seat.environment, self.by)[0]

    def passes_links(self, briefs: Sequence[Brief]) -> bool:
        """Return whether a vendor would fetch a pasted link of any of these paid clips. Each names its engine."""
        paid = [brief for brief in briefs if not ENGINES[brief.engine or ""].is_draft]
        return self.rooms.intake.passes_links(paid, self.seat.environment)

    def needs_copies(self, brief: Brief, engine: str) -> bool:
        """Return whether an engine needs copies that are not made yet. Only stored media are checked."""
        return self.rooms.intake.needs_copies(brief, ENGINES[engine], self.seat.environment)

    def make_copies(self, brief: Brief, engine: str) -> None:
        """Make the copies of a brief's stored media that an engine needs, so that the price is for the copies sent.

        Raises `BriefError` and `NotAllowedError`.
        """
        self.seat.check(Action.MAKE)
        self.rooms.intake.make_copies(brief, ENGINES[engine], self.seat.environment)

    def alike(self, briefs: Sequence[Brief]) -> list[Job | None]:
        """Return, for each brief, the same job that is pending, unconfirmed, or was done in the last 24 hours.

        Each brief names its engine.
        """
        engines, environment = [ENGINES[brief.engine or ""] for brief in briefs], self.seat.environment
        asked = [
            (LIVE if engine.is_draft else environment, request_fingerprint(brief.tidied(), engine.id))
            for brief, engine in zip(briefs, engines, strict=True)
        ]
        found = self.rooms.ledger.alike([what for _where, what in asked], now_ms() - LATELY_MS)
        return [None if (job := found.get(one)) is None else self.rooms.whole(job) for one in asked]


def _same(made: Job, asked: Brief, environment: str) -> bool:
    """Return whether a job matches this request; a draft's random seed was filled in when the job was made."""
    seed = made.brief.seed if asked.seed == -1 else asked.seed
    return made.environment == environment and made.brief == replace(asked.tidied(), seed=seed)
