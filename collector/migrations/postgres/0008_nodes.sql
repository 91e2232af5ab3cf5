-- The collectors that are on this database: each counts, and one whose count does not go on is no more.
CREATE TABLE node (
    id BYTEA PRIMARY KEY,
    beats BIGINT NOT NULL
);
