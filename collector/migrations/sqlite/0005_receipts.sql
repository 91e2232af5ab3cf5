-- Keys that sign receipts, sealed under the master key of this id. The newest signs; the public halves of all stay.
CREATE TABLE receipt_key (
    id INTEGER PRIMARY KEY,
    public BLOB NOT NULL UNIQUE CHECK (length(public) = 32),
    master BLOB NOT NULL CHECK (length(master) = 8),
    sealed BLOB NOT NULL,
    since INTEGER NOT NULL
) STRICT;
