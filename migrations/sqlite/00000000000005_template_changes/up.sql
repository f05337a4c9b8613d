-- Profile templates are remembered as of the same version as callers are.

CREATE TRIGGER profile_template_inserted AFTER INSERT ON profile_template BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER profile_template_updated AFTER UPDATE ON profile_template BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER profile_template_deleted AFTER DELETE ON profile_template BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER template_principal_inserted AFTER INSERT ON template_principal BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER template_principal_updated AFTER UPDATE ON template_principal BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER template_principal_deleted AFTER DELETE ON template_principal BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER template_policy_inserted AFTER INSERT ON template_policy BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER template_policy_updated AFTER UPDATE ON template_policy BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER template_policy_deleted AFTER DELETE ON template_policy BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER policy_principal_inserted AFTER INSERT ON policy_principal BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER policy_principal_updated AFTER UPDATE ON policy_principal BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER policy_principal_deleted AFTER DELETE ON policy_principal BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER policy_data_item_inserted AFTER INSERT ON policy_data_item BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER policy_data_item_updated AFTER UPDATE ON policy_data_item BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;

CREATE TRIGGER policy_data_item_deleted AFTER DELETE ON policy_data_item BEGIN
    UPDATE directory_version SET version = version + 1 WHERE id = 1;
END;
