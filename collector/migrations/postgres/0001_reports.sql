-- As migrations/sqlite has it, in PostgreSQL's words. Text is compared byte by byte, as SQLite does. A counter in `meta`
-- is eight bytes, the most significant first.
--
-- Times are Unix milliseconds, ids are UUIDs of 16 bytes, `until` is the first moment at which a row may not be served.

CREATE TABLE meta (
    name TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);

-- Counts up with every change to a site, so that a running collector knows when to read the sites again.
INSERT INTO meta (name, value) VALUES ('sites_version', decode('0000000000000000', 'hex'));

-- What one collector at a time does: it locks the row until its transaction ends.
CREATE TABLE turn (
    name TEXT COLLATE "C" PRIMARY KEY
);
INSERT INTO turn (name) VALUES ('audit'), ('signer');

CREATE TABLE site (
    id BYTEA PRIMARY KEY CHECK (length(id) = 16),
    name TEXT COLLATE "C" NOT NULL,
    origins TEXT COLLATE "C" NOT NULL,
    look TEXT COLLATE "C" NOT NULL,
    form TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT
);

-- Every version that was ever in force: consent refers to it.
CREATE TABLE policy (
    site BYTEA NOT NULL REFERENCES site (id),
    version BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (site, version)
);

CREATE TABLE member (
    id BYTEA PRIMARY KEY CHECK (length(id) = 16),
    email TEXT COLLATE "C" NOT NULL UNIQUE,
    password_hash TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE membership (
    member BYTEA NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    site BYTEA NOT NULL REFERENCES site (id) ON DELETE CASCADE,
    role TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (member, site)
);

-- Who holds the cookie whose hash this is.
CREATE TABLE session (
    token_hash BYTEA PRIMARY KEY CHECK (length(token_hash) = 32),
    member BYTEA NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    until BIGINT NOT NULL
);
CREATE INDEX session_due ON session (until);

-- Nothing here is personal: the words and all else are in `part`.
CREATE TABLE report (
    id BYTEA PRIMARY KEY CHECK (length(id) = 16),
    site BYTEA NOT NULL REFERENCES site (id),
    submission BYTEA NOT NULL CHECK (length(submission) = 16),
    fingerprint BYTEA NOT NULL CHECK (length(fingerprint) = 32),
    reporter BYTEA NOT NULL CHECK (length(reporter) = 32),
    received_at BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    rating_scale TEXT COLLATE "C",
    rating_value BIGINT,
    policy BIGINT NOT NULL,
    kept TEXT COLLATE "C" NOT NULL,
    until BIGINT NOT NULL,
    UNIQUE (site, submission)
);
CREATE INDEX report_by_site ON report (site, id);
CREATE INDEX report_due ON report (until);

-- One row per purpose, each with its own end.
CREATE TABLE part (
    report BYTEA NOT NULL REFERENCES report (id) ON DELETE CASCADE,
    purpose TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (report, purpose)
);
CREATE INDEX part_due ON part (until);

-- What was agreed to. It outlives the report as evidence, without content.
CREATE TABLE consent (
    report BYTEA PRIMARY KEY CHECK (length(report) = 16),
    site BYTEA NOT NULL REFERENCES site (id),
    reporter BYTEA NOT NULL CHECK (length(reporter) = 32),
    policy BIGINT NOT NULL,
    granted TEXT COLLATE "C" NOT NULL,
    given_at BIGINT NOT NULL,
    asked TEXT COLLATE "C" NOT NULL,
    evidence TEXT COLLATE "C",
    recorded_at BIGINT NOT NULL
);
CREATE INDEX consent_due ON consent (recorded_at);
CREATE INDEX consent_by_reporter ON consent (site, reporter, recorded_at);
