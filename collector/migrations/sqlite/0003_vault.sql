-- The key under which everything of one reporter on one site is sealed, wrapped under the master key of this id.
-- Erasing somebody begins with this row.
CREATE TABLE reporter_key (
    site BLOB NOT NULL REFERENCES site (id),
    reporter BLOB NOT NULL CHECK (length(reporter) = 32),
    master BLOB NOT NULL CHECK (length(master) = 8),
    wrapped BLOB NOT NULL,
    PRIMARY KEY (site, reporter)
) STRICT, WITHOUT ROWID;
CREATE INDEX reporter_key_by_master ON reporter_key (master);
CREATE INDEX report_by_reporter ON report (reporter, site, id);

-- 0 for what an earlier version wrote in the clear: it is sealed when the store is opened.
ALTER TABLE part ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX part_in_the_clear ON part (report) WHERE sealed = 0;

-- Whose reports an address belongs to, without the address: its keyed hash.
CREATE TABLE address (
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    report BLOB NOT NULL REFERENCES report (id) ON DELETE CASCADE,
    until INTEGER NOT NULL,
    PRIMARY KEY (hash, report)
) STRICT, WITHOUT ROWID;
CREATE INDEX address_by_report ON address (report);

-- Of an erased report only this is left until its date: that it was there, and when. Nothing in it is anybody's.
ALTER TABLE report ADD COLUMN erased_at INTEGER;
-- Kept and not used: members do not see it.
ALTER TABLE report ADD COLUMN restricted_at INTEGER;
-- Kept beyond its dates, for this reason.
ALTER TABLE report ADD COLUMN held_because TEXT;

-- What was taken back, and when; the rest of the row stays as evidence.
ALTER TABLE consent ADD COLUMN withdrawn TEXT;
ALTER TABLE consent ADD COLUMN withdrawn_at INTEGER;

-- What is being erased, or was: work that a crash interrupts is gone on with, and a restored backup goes through it.
CREATE TABLE erasure (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    site BLOB NOT NULL,
    -- All of a reporter's, or one report's; of these one purpose, or everything.
    reporter BLOB,
    report BLOB,
    purpose TEXT,
    done_at INTEGER
) STRICT;
CREATE INDEX erasure_open ON erasure (id) WHERE done_at IS NULL;

-- Rights that a person answers.
CREATE TABLE request (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    site BLOB NOT NULL REFERENCES site (id),
    reporter BLOB NOT NULL CHECK (length(reporter) = 32),
    "right" TEXT NOT NULL,
    report BLOB,
    body BLOB,
    asked_at INTEGER NOT NULL,
    due INTEGER NOT NULL,
    state TEXT NOT NULL,
    extended_because TEXT,
    answer TEXT,
    answered_at INTEGER
) STRICT;
CREATE INDEX request_by_site ON request (site, state, due);
CREATE INDEX request_by_reporter ON request (reporter, id);

CREATE TABLE objection (
    site BLOB NOT NULL REFERENCES site (id),
    reporter BLOB NOT NULL CHECK (length(reporter) = 32),
    purpose TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (site, reporter, purpose)
) STRICT, WITHOUT ROWID;

-- Hash-chained; see the module `audit`. The ends of the chain are in `meta`.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    act TEXT NOT NULL,
    site BLOB,
    subject TEXT NOT NULL,
    why TEXT,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

ALTER TABLE site ADD COLUMN grants TEXT NOT NULL DEFAULT '{}';
