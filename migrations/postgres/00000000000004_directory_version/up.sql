-- How often what a caller is recognised by has changed: whoever remembers a caller compares this. Triggers count, so
-- that whatever writes is seen. The first change of a transaction counts for all of it; the row stays locked until the
-- transaction ends, so that a count is never seen before what it stands for.

CREATE TABLE directory_version (
    id SMALLINT NOT NULL PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);
INSERT INTO directory_version (id, version) VALUES (1, 1);

CREATE FUNCTION count_directory_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('countersign.directory_change', true) IS DISTINCT FROM txid_current()::TEXT THEN
        UPDATE directory_version SET version = version + 1 WHERE id = 1;
        PERFORM set_config('countersign.directory_change', txid_current()::TEXT, true);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER count_change AFTER INSERT OR UPDATE OR DELETE ON app_user
    FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE TRIGGER count_change AFTER INSERT OR UPDATE OR DELETE ON user_proxy
    FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE TRIGGER count_change AFTER INSERT OR UPDATE OR DELETE ON credential
    FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE TRIGGER count_change AFTER INSERT OR UPDATE OR DELETE ON app_group
    FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE TRIGGER count_change AFTER INSERT OR UPDATE OR DELETE ON group_member
    FOR EACH ROW EXECUTE FUNCTION count_directory_change();
