-- The collectors that are on this database: each counts, and one whose count does not go on is no more.
CREATE TABLE node (
    id BLOB PRIMARY KEY,
    beats INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
