-- What becomes of messages at their date: deleted, or kept without anything that ties them to anybody.
ALTER TABLE site ADD COLUMN at_end TEXT COLLATE "C" NOT NULL DEFAULT 'delete';
-- Days between a site's closing and the moment from which its visitors are made anonymous; it can be opened again until
-- then.
ALTER TABLE site ADD COLUMN grace_days BIGINT NOT NULL DEFAULT 30;
-- Whether the owner has looked through the messages of a closed site and keeps them.
ALTER TABLE site ADD COLUMN keeps_messages BIGINT NOT NULL DEFAULT 0;
ALTER TABLE site ADD COLUMN anonymised_at BIGINT;
CREATE INDEX report_by_age ON report (site, until);
