-- The schema after all migrations of an empty ledger. Written by: python -m lipsync_core.db.migrations
CREATE TABLE accounts (
	provider VARCHAR(32) NOT NULL, 
	environment VARCHAR(8) NOT NULL, 
	paused_ms BIGINT, 
	paused_key VARCHAR(16), 
	paused_why TEXT, 
	wait_until_ms BIGINT, 
	last_error TEXT, 
	last_error_ms BIGINT, balance_usd_micros BIGINT, balance_credits VARCHAR(32), balance_key VARCHAR(16), balance_ms BIGINT, paused_engine VARCHAR(64), 
	PRIMARY KEY (provider, environment)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0019');
CREATE TABLE answers (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id INTEGER NOT NULL, 
	at_ms BIGINT NOT NULL, 
	status INTEGER NOT NULL, 
	headers TEXT NOT NULL, 
	body BLOB NOT NULL, 
	applied_ms BIGINT, 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE TABLE arrivals (
	sha256 VARCHAR(64) NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	came VARCHAR(12) NOT NULL, 
	came_from TEXT NOT NULL, 
	made_by VARCHAR(120) NOT NULL, 
	at_ms BIGINT NOT NULL, 
	PRIMARY KEY (sha256, kind)
);
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at_ms BIGINT NOT NULL, 
	made_by VARCHAR(120) NOT NULL, 
	did TEXT NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	about VARCHAR(300) NOT NULL, 
	"before" TEXT, 
	"after" TEXT
);
CREATE TABLE briefs (
	id VARCHAR(32) NOT NULL, 
	made_by VARCHAR(120) NOT NULL, 
	fields TEXT NOT NULL, 
	changed_ms BIGINT NOT NULL, 
	job_id INTEGER, 
	PRIMARY KEY (id), 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE TABLE budgets (
	scope VARCHAR(300) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	taken_usd_micros BIGINT NOT NULL, 
	PRIMARY KEY (scope, month)
);
CREATE TABLE cap_warnings (
	scope VARCHAR(300) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	usd_micros BIGINT NOT NULL, 
	at_ms BIGINT NOT NULL, 
	PRIMARY KEY (scope, month, usd_micros)
);
CREATE TABLE caps (
	scope VARCHAR(300) NOT NULL, 
	usd_micros BIGINT NOT NULL, 
	set_by VARCHAR(120) NOT NULL, 
	set_ms BIGINT NOT NULL, 
	PRIMARY KEY (scope)
);
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	job_id INTEGER NOT NULL, 
	at_ms BIGINT NOT NULL, 
	state VARCHAR(24) NOT NULL, 
	made_by VARCHAR(120) NOT NULL, 
	note TEXT NOT NULL, about VARCHAR(16), 
	FOREIGN KEY(job_id) REFERENCES jobs (id)
);
CREATE TABLE invoices (
	provider VARCHAR(32) NOT NULL, 
	month VARCHAR(7) NOT NULL, 
	usd_micros BIGINT NOT NULL, 
	set_by VARCHAR(120) NOT NULL, 
	set_ms BIGINT NOT NULL, 
	PRIMARY KEY (provider, month)
);
CREATE TABLE jobs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	nonce VARCHAR(64), 
	state VARCHAR(24) NOT NULL, 
	engine VARCHAR(64) NOT NULL, 
	made_by VARCHAR(120) NOT NULL, 
	name VARCHAR(240) NOT NULL, 
	brief TEXT NOT NULL, 
	quote TEXT NOT NULL, 
	created_ms BIGINT NOT NULL, 
	started_ms BIGINT, 
	finished_ms BIGINT, 
	lease_owner VARCHAR(120), 
	lease_until_ms BIGINT, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	frames_done INTEGER DEFAULT '0' NOT NULL, 
	frames_total INTEGER DEFAULT '0' NOT NULL, 
	rendering_since_ms BIGINT, 
	error TEXT, 
	output_sha256 VARCHAR(64), provider VARCHAR(32) DEFAULT 'draft' NOT NULL, environment VARCHAR(8) DEFAULT 'live' NOT NULL, base_url VARCHAR(200), key_fingerprint VARCHAR(16), vendor_id VARCHAR(300), candidate VARCHAR(300), token_hash VARCHAR(64), due_ms BIGINT, sent_ms BIGINT, expected_end_ms BIGINT, asks INTEGER DEFAULT '0' NOT NULL, snags INTEGER DEFAULT '0' NOT NULL, missing_since_ms BIGINT, vendor_word VARCHAR(60), progress FLOAT, output_url TEXT, vendor_deletes_ms BIGINT, billed_credits VARCHAR(32), billed_usd_micros BIGINT, length_ms BIGINT, likeness VARCHAR(64), batch VARCHAR(32), follows INTEGER, hidden_ms BIGINT, month VARCHAR(7), counted_usd_micros BIGINT DEFAULT '0' NOT NULL, ceiling_usd_micros BIGINT, flaws INTEGER DEFAULT '0' NOT NULL, project VARCHAR(240) DEFAULT '' NOT NULL, quoted_usd_micros BIGINT, quoted_credits INTEGER, decide_by_ms BIGINT, decided_by VARCHAR(120), decided_ms BIGINT, decided_why TEXT, said_credits VARCHAR(32), said_usd_micros BIGINT, reserved_usd_micros BIGINT, bill_usd_micros BIGINT, output_ms BIGINT, output_usd_micros BIGINT, paid_usd_micros BIGINT, above_ms BIGINT, 
	UNIQUE (nonce)
);
CREATE TABLE library (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR(8) NOT NULL, 
	ref VARCHAR(300) NOT NULL, 
	environment VARCHAR(8) NOT NULL, 
	name VARCHAR(240) NOT NULL, 
	project VARCHAR(240) NOT NULL, 
	consent TEXT NOT NULL, 
	came VARCHAR(12) NOT NULL, 
	came_from TEXT NOT NULL, 
	picture VARCHAR(64), 
	made_by VARCHAR(120) NOT NULL, 
	added_ms BIGINT NOT NULL, 
	used_ms BIGINT NOT NULL, 
	UNIQUE (kind, ref, environment)
);
CREATE TABLE media (
	sha256 VARCHAR(64) NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	name VARCHAR(240) NOT NULL, 
	extension VARCHAR(8) NOT NULL, 
	mime VARCHAR(64) NOT NULL, 
	size BIGINT NOT NULL, 
	facts TEXT NOT NULL, 
	arrived_ms BIGINT NOT NULL, 
	PRIMARY KEY (sha256, kind)
);
CREATE TABLE "notices" (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	event_id INTEGER, 
	"to" VARCHAR(120) NOT NULL, 
	body TEXT NOT NULL, 
	created_ms BIGINT NOT NULL, 
	due_ms BIGINT, 
	tries INTEGER DEFAULT '0' NOT NULL, 
	told_ms BIGINT, 
	last_error TEXT, 
	UNIQUE (event_id, "to"), 
	FOREIGN KEY(event_id) REFERENCES events (id)
);
CREATE TABLE people (
	email VARCHAR(120) NOT NULL, 
	name VARCHAR(240) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	limit_usd_micros BIGINT, 
	invited BOOLEAN NOT NULL, 
	added_ms BIGINT NOT NULL, 
	seen_ms BIGINT, 
	removed_ms BIGINT, 
	notify_url TEXT, 
	notify_secret VARCHAR(120), issuer TEXT, subject TEXT, bind_after_ms BIGINT, 
	PRIMARY KEY (email)
);
CREATE TABLE read_events (
	id INTEGER NOT NULL, 
	until INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "read_events" VALUES(1,0);
CREATE TABLE secrets (
	name VARCHAR(32) NOT NULL, 
	value BLOB NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE sign_outs (
	visit VARCHAR(64) NOT NULL, 
	at_ms BIGINT NOT NULL, 
	PRIMARY KEY (visit)
);
CREATE TABLE team_rates (
	version INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	at_ms BIGINT NOT NULL, 
	made_by VARCHAR(120) NOT NULL, 
	file TEXT, 
	PRIMARY KEY (version)
);
CREATE TABLE trackers (
	owner VARCHAR(120) NOT NULL, 
	seen_ms BIGINT NOT NULL, settings TEXT, 
	PRIMARY KEY (owner)
);
CREATE TABLE vendor_lists (
	name VARCHAR(64) NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE INDEX ix_events_job_id ON events (job_id);
CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are only ever added'); END;
CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are only ever added'); END;
CREATE INDEX media_by_arrival ON media (kind, arrived_ms);
CREATE INDEX jobs_by_due ON jobs (due_ms);
CREATE UNIQUE INDEX jobs_by_vendor_id ON jobs (provider, environment, vendor_id);
CREATE UNIQUE INDEX jobs_by_token ON jobs (token_hash);
CREATE INDEX jobs_by_likeness ON jobs (likeness, id);
CREATE INDEX jobs_by_batch ON jobs (batch, id);
CREATE INDEX jobs_by_engine ON jobs (engine, state, id);
CREATE INDEX ix_answers_job_id ON answers (job_id);
CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;
CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END;
CREATE TRIGGER ceiling_bounded_on_insert BEFORE INSERT ON jobs WHEN (NEW.ceiling_usd_micros <= 0 OR NEW.ceiling_usd_micros > 10000000000) BEGIN SELECT RAISE(ABORT, 'a ceiling is above 0 and at most ten thousand dollars'); END;
CREATE TRIGGER ceiling_bounded_on_update BEFORE UPDATE OF ceiling_usd_micros ON jobs WHEN (NEW.ceiling_usd_micros <= 0 OR NEW.ceiling_usd_micros > 10000000000) BEGIN SELECT RAISE(ABORT, 'a ceiling is above 0 and at most ten thousand dollars'); END;
CREATE UNIQUE INDEX people_by_account ON people (issuer, subject);
CREATE INDEX jobs_by_month ON jobs (month, state, provider, engine, made_by, project, counted_usd_micros, quoted_usd_micros, quoted_credits, ceiling_usd_micros, bill_usd_micros, output_usd_micros, paid_usd_micros, above_ms);
CREATE INDEX jobs_by_above ON jobs (above_ms);
CREATE INDEX jobs_listed ON jobs (id, hidden_ms, state, made_by, project, engine, environment, batch, created_ms, name);
CREATE INDEX jobs_by_state ON jobs (state, id, hidden_ms, made_by, project, engine, environment, batch, created_ms, name);
CREATE INDEX jobs_by_maker ON jobs (made_by, id, hidden_ms, state, project, engine, environment, batch, created_ms, name);
CREATE INDEX jobs_by_project ON jobs (project, id, hidden_ms, state, made_by, engine, environment, batch, created_ms, name);
CREATE INDEX jobs_listed_by_engine ON jobs (engine, id, hidden_ms, state, made_by, project, environment, batch, created_ms, name);
CREATE INDEX jobs_by_price ON jobs (quoted_usd_micros, id, hidden_ms);
CREATE INDEX jobs_by_name ON jobs (name, id, hidden_ms);
CREATE INDEX jobs_in_batches ON jobs (id) WHERE batch IS NOT NULL;
CREATE INDEX ix_notices_due_ms ON notices (due_ms);
CREATE INDEX briefs_unfinished ON briefs (made_by, changed_ms) WHERE job_id IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('notices',0);
