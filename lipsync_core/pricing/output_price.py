"""The price of a finished video by its real length, at the tariff of its quote. A vendor may bill it unannounced."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from math import ceil

from lipsync_core.errors import SettingsError
from lipsync_core.job import Job
from lipsync_core.medium import MediumFacts
from lipsync_core.pricing import NO_RATES, Measure, Rates, price
from lipsync_core.pricing.catalogue import ENGINES, Engine

log = logging.getLogger(__name__)

SLACK_S = 0.5
"""Tolerance in seconds: encoders add frames that no vendor bills, so a video may be this much longer than ordered."""


def output_price(job: Job, made: MediumFacts, source: MediumFacts | None, rates: Callable[[], Rates]) -> int | None:
    """Return the price of a job's video by its length, in micro-dollars.

    None if it is not longer than what was ordered, quoted or given (``source`` is the video to be dubbed), if it was
    not quoted by its length, or if no rate is known. A job without a quoted price is priced at the team's current
    ``rates``.
    """
    quote, engine = job.quote, ENGINES.get(job.engine)
    if engine is None or not made.duration_s:
        return None
    if quote.usd_micros is None:
        return _priced_now(engine, job, made, rates)
    if quote.billed_s is None:
        return None
    given = max(job.length_s or 0.0, 0.0 if source is None else source.duration_s, quote.billed_s)
    if made.duration_s <= given + SLACK_S:
        return None
    measure = Measure(resolution=job.brief.resolution, audio_s=made.duration_s)
    billed_s = price(job.engine, measure, NO_RATES, datetime.now(UTC).date()).billed_s
    return None if billed_s is None else ceil(quote.usd_micros * Fraction(billed_s) / Fraction(quote.billed_s))


def _priced_now(engine: Engine, job: Job, made: MediumFacts, rates: Callable[[], Rates]) -> int | None:
    """Return the price of a video whose length or rate was unknown when it was quoted; use the size that it has."""
    side = min(made.width, made.height)
    fitting = (size for size in engine.resolutions if side <= 1.1 * int(size.removesuffix("p")))
    resolution = next(fitting, job.brief.resolution) if side else job.brief.resolution
    try:
        known = rates()
    except SettingsError as error:
        log.warning("job %s is not priced by its video: %s", job.id, error)
        return None
    asked_s = job.length_s or 0.0
    seconds = asked_s if asked_s and made.duration_s <= asked_s + SLACK_S else made.duration_s
    measure = Measure(resolution=resolution, audio_s=seconds)
    return price(job.engine, measure, known, datetime.now(UTC).date()).usd_micros
