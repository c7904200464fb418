"""The ledger's tables. Instants are integer UTC milliseconds; briefs, quotes and facts are JSON text."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
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
    Column("lease_owner", String(120)),  # the tracker that works on it …
    Column("lease_until_ms", BigInteger),  # … until then, unless it renews
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("frames_done", Integer, nullable=False, server_default="0"),
    Column("frames_total", Integer, nullable=False, server_default="0"),
    Column("rendering_since_ms", BigInteger),
    Column("error", Text),
    Column("output_sha256", String(64)),
    # Each holds all that listing and searching ask, so that neither reads a row which it does not show.
    Index("jobs_by_state", "state", "id", "name", "made_by"),
    Index("jobs_by_maker", "made_by", "id", "state"),
    sqlite_autoincrement=True,  # a job number is never given twice
)

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", Integer, ForeignKey("jobs.id"), nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("state", String(24), nullable=False),
    Column("made_by", String(120), nullable=False),
    Column("note", Text, nullable=False),
    sqlite_autoincrement=True,
)

media = Table(
    "media",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(8), primary_key=True),  # image | audio | video
    Column("name", String(240), nullable=False),  # as it was called when it last arrived
    Column("extension", String(8), nullable=False),
    Column("mime", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("facts", Text, nullable=False),
    Column("arrived_ms", BigInteger, nullable=False),
    Index("media_by_arrival", "kind", "arrived_ms"),
)

briefs = Table(
    "briefs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("made_by", String(120), nullable=False),
    Column("fields", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("job_id", Integer, ForeignKey("jobs.id")),  # what it was last rendered as
)

trackers = Table(
    "trackers",
    metadata,
    Column("owner", String(120), primary_key=True),
    Column("seen_ms", BigInteger, nullable=False),
)

secrets = Table(
    "secrets",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
