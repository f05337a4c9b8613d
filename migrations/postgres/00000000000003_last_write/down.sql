DROP TABLE last_write;
