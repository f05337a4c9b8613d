DROP TRIGGER count_change ON policy_data_item;
DROP TRIGGER count_change ON policy_principal;
DROP TRIGGER count_change ON template_policy;
DROP TRIGGER count_change ON template_principal;
DROP TRIGGER count_change ON profile_template;
