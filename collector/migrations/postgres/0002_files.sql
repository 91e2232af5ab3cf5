-- Files that follow a report. Their bytes are blobs; a row is written after its blob and removed before it.

-- All that was granted with the report, each with its end: also what has no part, for files come later.
ALTER TABLE report ADD COLUMN granted TEXT COLLATE "C" NOT NULL DEFAULT '[]';

CREATE TABLE file (
    report BYTEA NOT NULL REFERENCES report (id),
    name TEXT COLLATE "C" NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    bytes BIGINT NOT NULL,
    blob BYTEA NOT NULL CHECK (length(blob) = 32),
    fingerprint BYTEA NOT NULL CHECK (length(fingerprint) = 32),
    until BIGINT NOT NULL,
    PRIMARY KEY (report, name)
);
CREATE INDEX file_due ON file (until);
CREATE INDEX file_by_blob ON file (blob);

-- Blobs that no row names: from when on each may go, and since when a sweep has it in hand.
CREATE TABLE loose_blob (
    blob BYTEA PRIMARY KEY CHECK (length(blob) = 32),
    go_at BIGINT NOT NULL,
    claimed_at BIGINT
);
CREATE INDEX loose_blob_due ON loose_blob (go_at);
