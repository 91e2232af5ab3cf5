-- What a filter of the inbox and the sweep would go through all rows for.
CREATE INDEX report_by_kind ON report (site, kind, id);
CREATE INDEX request_due ON request (answered_at);
