-- Which of its reporter's keys a report lies under: one gets a fresh key when one of several reports is erased, or a
-- purpose taken back. NULL for what an earlier version sealed under the reporter's key itself.
ALTER TABLE reporter_key ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE report ADD COLUMN generation INTEGER;

-- The keys of a report that lies under a key that its reporter has no more: those that were not destroyed with it,
-- sealed under the reporter's newest.
CREATE TABLE key_ring (
    report BLOB PRIMARY KEY REFERENCES report (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
