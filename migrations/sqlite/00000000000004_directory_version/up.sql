-- How often what a caller is recognised by has changed: whoever remembers a caller compares this. Triggers count, so
-- that whatever writes is seen, whichever process it is.

CREATE TABLE directory_version (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO directory_version (id, version) VALUES (1, 1);

CREATE TRIGGER app_user_inserted AFTER INSERT ON app_user BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER app_user_updated AFTER UPDATE ON app_user BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER app_user_deleted AFTER DELETE ON app_user BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER user_proxy_inserted AFTER INSERT ON user_proxy BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER user_proxy_updated AFTER UPDATE ON user_proxy BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER user_proxy_deleted AFTER DELETE ON user_proxy BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER credential_inserted AFTER INSERT ON credential BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER credential_updated AFTER UPDATE ON credential BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER credential_deleted AFTER DELETE ON credential BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER app_group_inserted AFTER INSERT ON app_group BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER app_group_updated AFTER UPDATE ON app_group BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER app_group_deleted AFTER DELETE ON app_group BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER group_member_inserted AFTER INSERT ON group_member BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER group_member_updated AFTER UPDATE ON group_member BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER group_member_deleted AFTER DELETE ON group_member BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;
