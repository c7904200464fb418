"""The sandbox's tables. Instants are the sandbox's own milliseconds; JSON is text. No column ever holds a key."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

clocks = Table(
    "house",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("secret", LargeBinary, nullable=False),  # signs the links to outputs
    Column("real_ms", BigInteger, nullable=False),
    Column("shown_ms", BigInteger, nullable=False),
    Column("speed", Float, nullable=False),
)

requests = Table(
    "requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("vendor", String(32), nullable=False),
    Column("path", Text, nullable=False),
    Column("key", String(16)),  # fingerprint
    Column("body", Text, nullable=False),
    Column("fault", String(32)),
    Column("status", Integer),  # None: the sandbox was killed before it answered
    Column("job", Integer),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("vendor", String(32), nullable=False),
    Column("vendor_id", String(96), nullable=False, unique=True),
    Column("model", String(64), nullable=False),
    Column("key", String(16), nullable=False),  # fingerprint
    Column("client_id", String(128), nullable=False),
    Column("accepted_ms", BigInteger, nullable=False),
    Column("work_ms", BigInteger, nullable=False),
    Column("length_ms", BigInteger, nullable=False),  # of the finished video
    Column("asked", Text, nullable=False),
    Column("film", Text, nullable=False),  # the parts of its video, see `outputs`
    Column("fails", Text),  # the vendor's error text, if it will fail
    Column("origin", Text, nullable=False),
    Column("webhook", Text, nullable=False),
    Column("webhook_fault", String(32)),
    Column("webhook_sent", Boolean, nullable=False),
    Index("jobs_to_tell", "webhook_sent", "accepted_ms"),
    sqlite_autoincrement=True,
)

bill = Table(
    "bill",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", Integer, nullable=False, unique=True),
    Column("vendor", String(32), nullable=False),
    Column("vendor_id", String(96), nullable=False),
    Column("model", String(64), nullable=False),
    Column("key", String(16), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("units", Text, nullable=False),
    Column("unit", String(16), nullable=False),
    Column("credits", Text, nullable=False),
    Column("usd_micros", BigInteger),
    Column("explanation", Text, nullable=False),
    Column("refunded", Boolean, nullable=False),
    Index("bill_by_key", "vendor", "key"),
)

looks = Table(
    "looks",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("facts", Text, nullable=False),
)
