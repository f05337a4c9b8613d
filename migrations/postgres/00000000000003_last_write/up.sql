-- How far in the feed somebody's own writes have come: a copy of the database that has come as far shows them all.
-- It is written with every change, a row for each user who makes any.

CREATE TABLE last_write (
    user_id UUID NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL
) WITH (fillfactor = 50);
