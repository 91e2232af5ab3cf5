-- Files that follow a report. Their bytes are blobs; a row is written after its blob and removed before it.

-- All that was granted with the report, each with its end: also what has no part, for files come later.
ALTER TABLE report ADD COLUMN granted TEXT NOT NULL DEFAULT '[]';

CREATE TABLE file (
    report BLOB NOT NULL REFERENCES report (id),
    name TEXT NOT NULL,
    purpose TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    blob BLOB NOT NULL CHECK (length(blob) = 32),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    until INTEGER NOT NULL,
    PRIMARY KEY (report, name)
) STRICT;
CREATE INDEX file_due ON file (until);
CREATE INDEX file_by_blob ON file (blob);

-- Blobs that no row names: from when on each may go, and since when a sweep has it in hand.
CREATE TABLE loose_blob (
    blob BLOB PRIMARY KEY CHECK (length(blob) = 32),
    go_at INTEGER NOT NULL,
    claimed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX loose_blob_due ON loose_blob (go_at);
