-- How far in the feed somebody's own writes have come, for databases with copies that lag behind. SQLite has none,
-- and nothing is written here.

CREATE TABLE last_write (
    user_id BLOB NOT NULL PRIMARY KEY CHECK (length(user_id) = 16),
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
