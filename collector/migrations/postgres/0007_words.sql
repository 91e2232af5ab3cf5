-- By which words a message is found: keyed hashes, 4 bytes each, sorted. They go with the part that they are of.
CREATE TABLE words (
    site BYTEA NOT NULL REFERENCES site (id),
    report BYTEA NOT NULL,
    purpose TEXT COLLATE "C" NOT NULL,
    hashes BYTEA NOT NULL,
    PRIMARY KEY (site, report),
    FOREIGN KEY (report, purpose) REFERENCES part (report, purpose) ON DELETE CASCADE
);
CREATE UNIQUE INDEX words_by_part ON words (report, purpose);

-- The last report up to which older messages have their words; the row goes when all have.
INSERT INTO meta (name, value) VALUES ('words_behind', decode('00000000000000000000000000000000', 'hex'));
