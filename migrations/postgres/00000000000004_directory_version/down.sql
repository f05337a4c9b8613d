DROP TRIGGER count_change ON group_member;
DROP TRIGGER count_change ON app_group;
DROP TRIGGER count_change ON credential;
DROP TRIGGER count_change ON user_proxy;
DROP TRIGGER count_change ON app_user;
DROP FUNCTION count_directory_change();
DROP TABLE directory_version;
