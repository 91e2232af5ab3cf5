-- Times are Unix milliseconds, ids are UUIDs of 16 bytes, `until` is the first moment at which a row may not be served.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- Counts up with every change to a site, so that a running collector knows when to read the sites again.
INSERT INTO meta (name, value) VALUES ('sites_version', 0);

CREATE TABLE site (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    origins TEXT NOT NULL,
    look TEXT NOT NULL,
    form TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    closed_at INTEGER
) STRICT, WITHOUT ROWID;

-- Every version that was ever in force: consent refers to it.
CREATE TABLE policy (
    site BLOB NOT NULL REFERENCES site (id),
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (site, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE membership (
    member BLOB NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    site BLOB NOT NULL REFERENCES site (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (member, site)
) STRICT, WITHOUT ROWID;

-- Who holds the cookie whose hash this is.
CREATE TABLE session (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    member BLOB NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_due ON session (until);

-- Nothing here is personal: the words and all else are in `part`.
CREATE TABLE report (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    site BLOB NOT NULL REFERENCES site (id),
    submission BLOB NOT NULL CHECK (length(submission) = 16),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    reporter BLOB NOT NULL CHECK (length(reporter) = 32),
    received_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    rating_scale TEXT,
    rating_value INTEGER,
    policy INTEGER NOT NULL,
    kept TEXT NOT NULL,
    until INTEGER NOT NULL,
    UNIQUE (site, submission)
) STRICT;
CREATE INDEX report_by_site ON report (site, id);
CREATE INDEX report_due ON report (until);

-- One row per purpose, each with its own end.
CREATE TABLE part (
    report BLOB NOT NULL REFERENCES report (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    body BLOB NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (report, purpose)
) STRICT;
CREATE INDEX part_due ON part (until);

-- What was agreed to. It outlives the report as evidence, without content.
CREATE TABLE consent (
    report BLOB PRIMARY KEY CHECK (length(report) = 16),
    site BLOB NOT NULL REFERENCES site (id),
    reporter BLOB NOT NULL CHECK (length(reporter) = 32),
    policy INTEGER NOT NULL,
    granted TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    asked TEXT NOT NULL,
    evidence TEXT,
    recorded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX consent_due ON consent (recorded_at);
CREATE INDEX consent_by_reporter ON consent (site, reporter, recorded_at);
