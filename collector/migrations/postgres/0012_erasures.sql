-- Erasures are known for as long as a backup can be put back, and leave in the order of their moments.
CREATE INDEX erasure_by_moment ON erasure (at);
