"""The ledger's tables. Instants are integer UTC milliseconds; briefs, quotes and facts are JSON text."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

_Whole = BigInteger().with_variant(Integer, "sqlite")
"""A whole number. SQLite numbers only rows whose key is an INTEGER; PostgreSQL’s has 32 bits."""

_IN_BATCH, _UNRENDERED = text("batch IS NOT NULL"), text("job_id IS NULL")
_LISTED = ("hidden_ms", "state", "made_by", "project", "engine", "environment", "batch", "created_ms", "name")

jobs = Table(
    "jobs",
    metadata,
    Column("id", _Whole, primary_key=True),
    Column("nonce", String(64), unique=True),  # one press, one job
    Column("state", String(24), nullable=False),
    Column("engine", String(64), nullable=False),
    Column("made_by", String(120), nullable=False),
    Column("name", String(240), nullable=False),
    Column("brief", Text, nullable=False),
    Column("quote", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("finished_ms", BigInteger),
    Column("lease_owner", String(120)),  # the tracker that works on it,
    Column("lease_until_ms", BigInteger),  # until then, unless it renews
    Column("attempts", _Whole, nullable=False, server_default="0"),
    Column("frames_done", _Whole, nullable=False, server_default="0"),
    Column("frames_total", _Whole, nullable=False, server_default="0"),
    Column("rendering_since_ms", BigInteger),
    Column("error", Text),
    Column("output_sha256", String(64)),
    Column("provider", String(32), nullable=False, server_default="draft"),
    Column("environment", String(8), nullable=False, server_default="live"),  # live | sandbox
    Column("base_url", String(200)),
    Column("key_fingerprint", String(16)),
    Column("vendor_id", String(300)),
    Column("candidate", String(300)),  # ids that may be its own, one per line
    Column("token_hash", String(64)),  # SHA-256 of the token in its webhook's address
    Column("due_ms", BigInteger),  # when a tracker takes it next; while leased, the end of the lease
    Column("sent_ms", BigInteger),  # set right before the paid request is sent
    Column("expected_end_ms", BigInteger),
    Column("asks", _Whole, key="polls", nullable=False, server_default="0"),
    Column("snags", _Whole, key="failures_in_a_row", nullable=False, server_default="0"),
    Column("flaws", _Whole, key="bad_outputs", nullable=False, server_default="0"),
    Column("missing_since_ms", BigInteger),
    Column("vendor_word", String(60)),
    Column("progress", Float),
    Column("output_url", Text),
    Column("vendor_deletes_ms", BigInteger),
    Column("said_credits", String(32)),  # the cost that the vendor stated when it took the job; a decimal number
    Column("said_usd_micros", BigInteger),
    Column("billed_credits", String(32)),  # a decimal number
    Column("billed_usd_micros", BigInteger),
    Column("bill_usd_micros", BigInteger),  # the billed sum in dollars, once the job is over
    Column("output_ms", BigInteger),  # the length of the finished video,
    Column("output_usd_micros", BigInteger),  # and its price, if it is longer than the priced length
    Column("paid_usd_micros", BigInteger),  # entered from an invoice, if nothing else reports the cost
    Column("above_ms", BigInteger),  # when it became known that it cost more than its price
    Column("length_ms", BigInteger),
    Column("likeness", String(64)),  # hash of the engine and its input
    Column("batch", String(32)),
    Column("follows", _Whole),  # the job with a lost answer that this one replaces
    Column("hidden_ms", BigInteger),
    Column("month", String(7)),  # the month whose budget it counts in, set just before it is sent
    Column("counted_usd_micros", BigInteger, nullable=False, server_default="0"),
    Column("ceiling_usd_micros", BigInteger),  # what a cap reserves for an unknown price; limited by a trigger
    Column("project", String(240), nullable=False, server_default=""),
    Column("quoted_usd_micros", BigInteger),
    Column("quoted_credits", _Whole),
    Column("reserved_usd_micros", BigInteger),  # what limits and caps count until its end; NULL if unknown
    Column("decide_by_ms", BigInteger),  # the time limit for approving or declining it
    Column("decided_by", String(120)),
    Column("decided_ms", BigInteger),
    Column("decided_why", Text),
    Index("jobs_by_due", "due_ms"),
    Index("jobs_by_vendor_id", "provider", "environment", "vendor_id", unique=True),
    Index("jobs_by_token", "token_hash", unique=True),
    Index("jobs_by_likeness", "likeness", "id"),
    Index("jobs_by_batch", "batch", "id"),
    Index("jobs_by_engine", "engine", "state", "id"),
    Index(  # covers all that a month's sums need, so that no row is read
        "jobs_by_month",
        *("month", "state", "provider", "engine", "made_by", "project"),
        *("counted_usd_micros", "quoted_usd_micros", "quoted_credits", "ceiling_usd_micros"),
        *("bill_usd_micros", "output_usd_micros", "paid_usd_micros", "above_ms"),
    ),
    Index("jobs_by_above", "above_ms"),
    # Each covers all that listing and searching need, so that they read only the rows that they show.
    Index("jobs_listed", "id", *_LISTED),
    Index("jobs_by_state", "state", "id", *(name for name in _LISTED if name != "state")),
    Index("jobs_by_maker", "made_by", "id", *(name for name in _LISTED if name != "made_by")),
    Index("jobs_by_project", "project", "id", *(name for name in _LISTED if name != "project")),
    Index("jobs_listed_by_engine", "engine", "id", *(name for name in _LISTED if name != "engine")),
    Index("jobs_by_price", "quoted_usd_micros", "id", "hidden_ms"),
    Index("jobs_by_name", "name", "id", "hidden_ms"),
    Index("jobs_in_batches", "id", sqlite_where=_IN_BATCH, postgresql_where=_IN_BATCH),
    sqlite_autoincrement=True,  # a job number is never reused
)

events = Table(
    "events",
    metadata,
    Column("id", _Whole, primary_key=True),
    Column("job_id", _Whole, ForeignKey("jobs.id"), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("state", String(24), nullable=False),
    Column("made_by", String(120), nullable=False),
    Column("note", Text, nullable=False),
    Column("about", String(16)),  # a notice besides a new state, see `lipsync_core.ledger.caps.ABOVE_PRICE`
    sqlite_autoincrement=True,
)

answers = Table(  # to paid requests, verbatim, before they are interpreted
    "answers",
    metadata,
    Column("id", _Whole, primary_key=True),
    Column("job_id", _Whole, ForeignKey("jobs.id"), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("status", _Whole, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("applied_ms", BigInteger),
    sqlite_autoincrement=True,
)

accounts = Table(  # the status of each vendor's account
    "accounts",
    metadata,
    Column("provider", String(32), primary_key=True),
    Column("environment", String(8), primary_key=True),
    Column("paused_ms", BigInteger),  # since then nothing is sent
    Column("paused_key", String(16)),  # with this key
    Column("paused_why", Text),
    Column("paused_engine", String(64)),  # only for this engine; NULL for all
    Column("wait_until_ms", BigInteger),  # the vendor asked us to wait until then
    Column("last_error", Text),
    Column("last_error_ms", BigInteger),
    Column("balance_usd_micros", BigInteger),  # the balance when it was last asked,
    Column("balance_credits", String(32)),  # a decimal number
    Column("balance_key", String(16)),  # with this key
    Column("balance_ms", BigInteger),
)

budgets = Table(  # the used part of each month: spent, or reserved by running jobs
    "budgets",
    metadata,
    Column("scope", String(300), primary_key=True),  # team | project:… | person:…
    Column("month", String(7), primary_key=True),
    Column("taken_usd_micros", BigInteger, nullable=False),
)

caps = Table(
    "caps",
    metadata,
    Column("scope", String(300), primary_key=True),
    Column("usd_micros", BigInteger, nullable=False),
    Column("set_by", String(120), nullable=False),
    Column("set_ms", BigInteger, nullable=False),
)

cap_warnings = Table(  # what the team was told about caps that are nearly used up
    "cap_warnings",
    metadata,
    Column("scope", String(300), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("usd_micros", BigInteger, primary_key=True),  # the cap at that time: a raised one is told about again
    Column("at_ms", BigInteger, nullable=False),
)

invoices = Table(  # entered by a person, for vendors that report no billed sum
    "invoices",
    metadata,
    Column("provider", String(32), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("usd_micros", BigInteger, nullable=False),
    Column("set_by", String(120), nullable=False),
    Column("set_ms", BigInteger, nullable=False),
)

media = Table(
    "media",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(8), primary_key=True),  # image | audio | video
    Column("name", String(240), nullable=False),  # its name when it last arrived
    Column("extension", String(8), nullable=False),
    Column("mime", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("facts", Text, nullable=False),
    Column("arrived_ms", BigInteger, nullable=False),
    Index("media_by_arrival", "kind", "arrived_ms"),
)

arrivals = Table(  # the first arrival of each content
    "arrivals",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("came", String(12), nullable=False),  # as `lipsync_core.media.origin.Came`
    Column("came_from", Text, nullable=False),
    Column("made_by", String(120), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

library = Table(
    "library",
    metadata,
    Column("id", _Whole, primary_key=True),
    Column("kind", String(8), nullable=False),  # a medium's kind, or creator
    Column("ref", String(300), nullable=False),  # a medium's SHA-256, or the vendor's id of a presenter
    Column("environment", String(8), nullable=False),  # of a presenter; for a medium always live
    Column("name", String(240), nullable=False),
    Column("project", String(240), nullable=False),
    Column("consent", Text, nullable=False),
    Column("came", String(12), nullable=False),
    Column("came_from", Text, nullable=False),
    Column("picture", String(64)),  # the SHA-256 of a presenter's
    Column("made_by", String(120), nullable=False),
    Column("added_ms", BigInteger, nullable=False),
    Column("used_ms", BigInteger, nullable=False),
    UniqueConstraint("kind", "ref", "environment"),
    sqlite_autoincrement=True,
)

briefs = Table(
    "briefs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("made_by", String(120), nullable=False),
    Column("fields", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("job_id", _Whole, ForeignKey("jobs.id")),  # its last render
    Index("briefs_unfinished", "made_by", "changed_ms", sqlite_where=_UNRENDERED, postgresql_where=_UNRENDERED),
)

trackers = Table(
    "trackers",
    metadata,
    Column("owner", String(120), primary_key=True),
    Column("seen_ms", BigInteger, nullable=False),
    Column("settings", Text),  # those that all must have alike, see `lipsync_core.ledger.shared_settings`
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

people = Table(  # the team, once sign-in is on
    "people",
    metadata,
    Column("email", String(120), primary_key=True),  # as `lipsync_core.people.team.address` writes it
    Column("name", String(240), nullable=False),
    Column("role", String(16), nullable=False),
    Column("limit_usd_micros", BigInteger),  # for one order without approval; NULL for no limit
    Column("invited", Boolean, nullable=False),  # may sign in regardless of the rules in the settings
    Column("added_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger),
    Column("removed_ms", BigInteger),
    Column("notify_url", Text),
    Column("notify_secret", String(120)),
    Column("issuer", Text),  # the person's account at the sign-in service; NULL until they sign in,
    Column("subject", Text),
    Column("bind_after_ms", BigInteger),  # with a sign-in that is not older than this
    Index("people_by_account", "issuer", "subject", unique=True),
)

sign_outs = Table(  # ended sessions, so that no other tab and no copied cookie continues one
    "sign_outs",
    metadata,
    Column("visit", String(64), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)

audit = Table(  # actions of people on anything but jobs, which have events
    "audit",
    metadata,
    Column("id", _Whole, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("made_by", String(120), nullable=False),
    Column("did", Text, nullable=False),
    Column("kind", String(16), nullable=False),  # person | cap | rate | invoice | vendor | library | media
    Column("about", String(300), nullable=False),
    Column("before", Text),
    Column("after", Text),
    sqlite_autoincrement=True,
)

notices = Table(  # notifications to be sent
    "notices",
    metadata,
    Column("id", _Whole, primary_key=True),
    Column("event_id", _Whole, ForeignKey("events.id")),  # NULL for one about a cap or a request
    Column("to", String(120), nullable=False),  # team, or a person's email address
    Column("body", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, index=True),  # NULL once it was sent or given up
    Column("tries", _Whole, nullable=False, server_default="0"),
    Column("told_ms", BigInteger),
    Column("last_error", Text),
    UniqueConstraint("event_id", "to"),
    sqlite_autoincrement=True,
)

read_events = Table(  # one row: the last event for which notices were made
    "read_events",
    metadata,
    Column("id", _Whole, primary_key=True),
    Column("until", _Whole, nullable=False),
)

vendor_lists = Table(  # lists from vendors, requested once a day, and the clocks last seen; may be lost without harm
    "vendor_lists",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("content", Text, nullable=False),
)

team_rates = Table(  # rates that the team set itself: every version; the highest counts
    "team_rates",
    metadata,
    Column("version", _Whole, primary_key=True),
    Column("text", Text, nullable=False),  # TOML, without the explanation at the top of the file
    Column("at_ms", BigInteger, nullable=False),
    Column("made_by", String(120), nullable=False),  # empty where it was read from a file
    Column("file", Text),  # the path it was read from; NULL where it was entered on a page
)
