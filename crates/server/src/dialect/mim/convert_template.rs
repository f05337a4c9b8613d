//! From profile templates to what MIM CM sends of them.

use countersign_core::template::{
    DataItemDefinition, DataProvider, PolicyKind, ProfileTemplate, TemplateKind, WorkflowPolicy,
};
use uuid::Uuid;

use super::wire_template as wire;

/// `ApplicationUserRole` (`spec/mim-cm.md` C.8).
mod user_role {
    pub(super) const SUBSCRIBER: u8 = 1;
    pub(super) const CERTIFICATE_MANAGER: u8 = 2;
}

/// A profile template.
pub(super) fn profile_template(template: &ProfileTemplate) -> wire::ProfileTemplate {
    wire::ProfileTemplate {
        name: template.name.clone(),
        description: template.description.clone(),
        uuid: template.id.as_uuid(),
        is_smartcard_profile_template: template.template_kind.is_smartcard(),
        is_virtual_smartcard_profile_template: template.template_kind == TemplateKind::VirtualSmartcard,
    }
}

/// A policy, with the members that its kind has beside those of all (`spec/mim-cm.md` B.9).
pub(super) fn workflow_policy(policy: &WorkflowPolicy) -> wire::WorkflowPolicy {
    let data_items: Vec<_> = policy.data_items.iter().map(data_item).collect();
    let never_of = |kind| (policy.policy == kind).then_some(false);
    wire::WorkflowPolicy {
        approvals_needed: policy.approvals_needed,
        authorized_approver: security_descriptor(),
        authorized_enrollment_agent: security_descriptor(),
        authorized_initiator: security_descriptor(),
        collect_comments: policy.collect_comments,
        collect_request_priority: policy.collect_priority,
        default_request_priority: policy.default_priority,
        documents: Vec::new(),
        enabled: policy.enabled,
        enroll_agent_required: policy.agent_required,
        one_time_password_policy: no_one_time_passwords(),
        personalization: 0,
        policy_data_collection: data_items.clone(),
        data_collection: data_items,
        self_service_enabled: policy.self_service,
        allow_specify_certificate_template: never_of(PolicyKind::OnlineUpdate),
        allow_kiosk_retirement: never_of(PolicyKind::TemporaryCards),
        autoenroll_enabled: never_of(PolicyKind::TemporaryCards),
        block_admin_pin: never_of(PolicyKind::TemporaryCards),
    }
}

/// Who holds a right is not told in SDDL (decision 21). The directory's identifiers of MIM's rights
/// are published nowhere, and one of our own would name a right that no directory knows.
const fn security_descriptor() -> wire::ApplicationSecurityDescriptor {
    wire::ApplicationSecurityDescriptor { security_descriptor: "", uuid: Uuid::nil() }
}

const fn no_one_time_passwords() -> wire::OneTimePasswordPolicy {
    wire::OneTimePasswordPolicy { secret_provider_type: "", secret_provider_data: "", distribution: Vec::new() }
}

fn data_item(item: &DataItemDefinition) -> wire::PolicyDataItem {
    wire::PolicyDataItem {
        name: item.name.clone(),
        description: item.description.clone(),
        value_type: "String",
        required: item.required,
        default_value: item.default_value.clone(),
        user_role: match item.provider {
            DataProvider::Subscriber => user_role::SUBSCRIBER,
            DataProvider::CertificateManager => user_role::CERTIFICATE_MANAGER,
        },
        validation: wire::DataItemValidation { validation_type: 0, validation_data: None },
    }
}

#[cfg(test)]
mod tests {
    use countersign_core::ids::Revision;
    use countersign_core::template::Audience;
    use serde_json::{Value, json};

    use super::*;

    const LIST: &str = include_str!("../../openapi/examples/mim_list_profile_templates.json");
    const POLICY: &str = include_str!("../../openapi/examples/mim_get_policy.json");

    fn template(id: &str, name: &str, template_kind: TemplateKind) -> ProfileTemplate {
        ProfileTemplate {
            id: Uuid::try_parse(id).unwrap().into(),
            name: name.to_owned(),
            description: "Description of the template goes here".to_owned(),
            template_kind,
            version: 1,
            readers: Audience::Everyone,
            enrollers: Audience::Everyone,
            policies: Vec::new(),
            revision: Revision::FIRST,
        }
    }

    fn policy(text: &Value) -> WorkflowPolicy {
        serde_json::from_value(text.clone()).unwrap()
    }

    fn wire_of(text: &Value) -> Value {
        serde_json::to_value(workflow_policy(&policy(text))).unwrap()
    }

    #[test]
    fn the_documented_list_is_printed_byte_for_byte() {
        let software = "FIM CM Sample Profile Template";
        let card = "FIM CM Sample Smart Card Logon Profile Template";
        let templates = [
            template("12bd5120-86a2-4ee1-8d05-131066871578", software, TemplateKind::Software),
            template("2b7044cf-aa96-4911-b886-177947e9271b", card, TemplateKind::Smartcard),
        ];
        let printed = serde_json::to_string(&templates.each_ref().map(profile_template)).unwrap();
        let documented = concat!(
            r#"[{"Name":"FIM CM Sample Profile Template","Description":"Description of the template goes here","#,
            r#""Uuid":"12bd5120-86a2-4ee1-8d05-131066871578","IsSmartcardProfileTemplate":false,"#,
            r#""IsVirtualSmartcardProfileTemplate":false},"#,
            r#"{"Name":"FIM CM Sample Smart Card Logon Profile Template","#,
            r#""Description":"Description of the template goes here","Uuid":"2b7044cf-aa96-4911-b886-177947e9271b","#,
            r#""IsSmartcardProfileTemplate":true,"IsVirtualSmartcardProfileTemplate":false}]"#,
        );
        assert_eq!(printed, documented);
        let example: Value = serde_json::from_str(LIST).unwrap();
        assert_eq!(example["documented"]["value"], serde_json::from_str::<Value>(documented).unwrap());
    }

    #[test]
    fn a_virtual_smart_card_is_a_smart_card_too() {
        let id = "97cd65fa-af4b-4587-9309-0dd6bfd8b4e1";
        let printed = profile_template(&template(id, "Virtual", TemplateKind::VirtualSmartcard));
        assert!(printed.is_smartcard_profile_template && printed.is_virtual_smartcard_profile_template);
    }

    #[test]
    fn the_walkthroughs_policy_is_printed_as_in_the_example() {
        let enroll = json!({"policy": "enroll", "enabled": true, "selfService": true,
            "dataItems": [{"name": "Request Reason"}]});
        let example: Value = serde_json::from_str(POLICY).unwrap();
        assert_eq!(wire_of(&enroll), example["enroll"]["value"]);
    }

    #[test]
    fn each_member_of_a_policy_has_a_place() {
        let renew = wire_of(&json!({"policy": "renew", "enabled": false, "selfService": false, "approvalsNeeded": 2,
        "agentRequired": true, "collectComments": true, "collectPriority": true, "defaultPriority": 4,
        "dataItems": [
            {"name": "Desk", "description": "Where you sit", "required": true, "defaultValue": "1"},
            {"name": "Checked", "provider": "certificateManager"},
        ]}));
        for (member, expected) in [
            ("ApprovalsNeeded", json!(2)),
            ("CollectComments", json!(true)),
            ("CollectRequestPriority", json!(true)),
            ("DefaultRequestPriority", json!(4)),
            ("Enabled", json!(false)),
            ("EnrollAgentRequired", json!(true)),
            ("SelfServiceEnabled", json!(false)),
        ] {
            assert_eq!(renew[member], expected, "{member}");
        }
        let validation = json!({"ValidationType": 0, "ValidationData": null});
        let items = json!([
            {"Name": "Desk", "Description": "Where you sit", "Type": "String", "Required": true, "DefaultValue": "1",
                "UserRole": 1, "Validation": validation},
            {"Name": "Checked", "Description": "", "Type": "String", "Required": false, "DefaultValue": null,
                "UserRole": 2, "Validation": validation},
        ]);
        assert_eq!(renew["PolicyDataCollection"], items);
        assert_eq!(renew["DataCollection"], items);
    }

    #[test]
    fn some_kinds_have_members_of_their_own() {
        let own = ["AllowSpecifyCertificateTemplate", "AllowKioskRetirement", "AutoenrollEnabled", "BlockAdminPin"];
        for kind in PolicyKind::ALL {
            let printed = wire_of(&json!({"policy": kind.name()}));
            let expected: &[&str] = match kind {
                PolicyKind::OnlineUpdate => &own[..1],
                PolicyKind::TemporaryCards => &own[1..],
                _ => &[],
            };
            let found: Vec<_> = own.into_iter().filter(|name| printed.get(name).is_some()).collect();
            assert_eq!(found, expected, "{}", kind.name());
        }
    }
}
