-- Profile templates are remembered as of the same version as callers are.

CREATE TRIGGER count_change AFTER INSERT OR UPDATE OR DELETE ON profile_template
    FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE TRIGGER count_change AFTER INSERT OR UPDATE OR DELETE ON template_principal
    FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE TRIGGER count_change AFTER INSERT OR UPDATE OR DELETE ON template_policy
    FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE TRIGGER count_change AFTER INSERT OR UPDATE OR DELETE ON policy_principal
    FOR EACH ROW EXECUTE FUNCTION count_directory_change();
CREATE TRIGGER count_change AFTER INSERT OR UPDATE OR DELETE ON policy_data_item
    FOR EACH ROW EXECUTE FUNCTION count_directory_change();
