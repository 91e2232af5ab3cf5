-- What was mailed to somebody so that they prove an address with it, and what a page got in exchange for it.
CREATE TABLE link (
    token_hash BYTEA PRIMARY KEY CHECK (length(token_hash) = 32),
    site BYTEA NOT NULL REFERENCES site (id),
    -- 1 once it was exchanged: then a page holds it, and the address is forgotten.
    is_session BIGINT NOT NULL,
    -- The keyed hash of the address that it went to, so that nobody's mailbox is filled.
    address BYTEA CHECK (length(address) = 32),
    until BIGINT NOT NULL
);
CREATE INDEX link_due ON link (until);
CREATE INDEX link_by_address ON link (address);

-- What it opens: all of a reporter's on its site, or one report of theirs.
CREATE TABLE link_opens (
    token_hash BYTEA NOT NULL REFERENCES link (token_hash) ON DELETE CASCADE,
    reporter BYTEA NOT NULL CHECK (length(reporter) = 32),
    report BYTEA
);
CREATE INDEX link_opens_by_token ON link_opens (token_hash);

CREATE INDEX address_due ON address (until);
