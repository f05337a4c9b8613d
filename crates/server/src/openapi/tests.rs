use super::*;
use crate::settings::MimSettings;

fn without_mim() -> Settings {
    Settings { mim: MimSettings { enabled: false }, ..Settings::default() }
}

fn responses(document: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            for (status, response) in operation["responses"].as_object().unwrap() {
                all.push((format!("{id} {status}"), response.clone()));
            }
        }
    }
    all
}

#[test]
fn every_operation_is_listed_once() {
    let expected = "\
DELETE /iam/governance/selfservice/api/v1/accounts/{accountid} oig_revoke_account oig
DELETE /iam/governance/selfservice/api/v1/requests oig_withdraw_requests oig
DELETE /iam/governance/selfservice/api/v1/requests/{reqid} oig_withdraw_request oig
GET /CertificateManagement/api/v1.0/profiles mim_list_profiles mim
GET /CertificateManagement/api/v1.0/profiles/{id} mim_get_profile mim
GET /CertificateManagement/api/v1.0/profiletemplates mim_list_profile_templates mim
GET /CertificateManagement/api/v1.0/profiletemplates/{id} mim_get_profile_template mim
GET /CertificateManagement/api/v1.0/profiletemplates/{id}/policies/{type} mim_get_policy mim
GET /CertificateManagement/api/v1.0/profiletemplates/{id}/policy/workflow/{type} mim_get_workflow_policy mim
GET /CertificateManagement/api/v1.0/requests mim_list_requests mim
GET /CertificateManagement/api/v1.0/requests/{id} mim_get_request mim
GET /CertificateManagement/api/v1.0/requests/{requestid}/profiles mim_list_request_profiles mim
GET /CertificateManagement/api/v1.0/requests/{requestid}/profiles/{id} mim_get_request_profile mim
GET /api/v1/approval-rules native_list_approval_rules native
GET /api/v1/approval-rules/{id} native_get_approval_rule native
GET /api/v1/catalog-items native_list_catalog_items native
GET /api/v1/catalog-items/{number} native_get_catalog_item native
GET /api/v1/events native_list_events native
GET /api/v1/fulfilments native_list_fulfilments native
GET /api/v1/inbox native_list_inbox native
GET /api/v1/me native_get_me native
GET /api/v1/profile-templates native_list_profile_templates native
GET /api/v1/profile-templates/{id} native_get_profile_template native
GET /api/v1/request-rules native_list_request_rules native
GET /api/v1/request-rules/{id} native_get_request_rule native
GET /api/v1/requests native_list_requests native
GET /api/v1/requests/{request} native_get_request native
GET /api/v1/requests/{request}/events native_list_request_events native
GET /api/v1/webhooks native_list_webhooks native
GET /api/v1/webhooks/{id} native_get_webhook native
GET /healthz healthz probes
GET /iam/governance/selfservice/api/v1/requests oig_list_requests oig
GET /iam/governance/selfservice/api/v1/requests/{reqid} oig_get_request oig
GET /readyz readyz probes
POST /CertificateManagement/api/v1.0/requests mim_create_request mim
POST /CertificateManagement/api/v1.0/requests/{id}/certificatedata mim_submit_certificate_data mim
POST /api/v1/approval-rules native_create_approval_rule native
POST /api/v1/catalog-items native_create_catalog_item native
POST /api/v1/fulfilments/{request} native_report_fulfilment native
POST /api/v1/profile-templates native_create_profile_template native
POST /api/v1/request-rules native_create_request_rule native
POST /api/v1/requests native_create_request native
POST /api/v1/requests/explain native_explain_request native
POST /api/v1/requests/{request}/actions native_act_on_request native
POST /api/v1/requests/{request}/decisions native_decide_request native
POST /api/v1/webhooks native_create_webhook native
POST /api/v1/webhooks/{id}/replay native_replay_webhook native
POST /iam/governance/selfservice/api/v1/requests oig_create_requests oig
PUT /CertificateManagement/api/v1.0/requests/{id} mim_set_request_status mim
PUT /api/v1/approval-rules/{id} native_replace_approval_rule native
PUT /api/v1/catalog-items/{number} native_replace_catalog_item native
PUT /api/v1/profile-templates/{id} native_replace_profile_template native
PUT /api/v1/request-rules/{id} native_replace_request_rule native
PUT /api/v1/webhooks/{id} native_replace_webhook native
PUT /iam/governance/selfservice/api/v1/requests oig_update_requests oig
PUT /iam/governance/selfservice/api/v1/requests/{reqid} oig_update_request oig
";
    assert_eq!(operations(&document(&Settings::default())), expected);
}

#[test]
fn every_wire_type_has_a_schema_of_its_own() {
    let document = document(&Settings::default());
    let names: Vec<_> = document["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    let expected = [
        "Health",
        "MimApplicationSecurityDescriptor",
        "MimCertificateData",
        "MimDataItem",
        "MimDataItemValidation",
        "MimError",
        "MimIssuedCertificate",
        "MimNewRequest",
        "MimOneTimePasswordPolicy",
        "MimPolicyDataItem",
        "MimProfile",
        "MimProfileTemplate",
        "MimRequest",
        "MimStatusChange",
        "MimWorkflowPolicy",
        "NativeAccessOperation",
        "NativeAction",
        "NativeActionName",
        "NativeApprovalRule",
        "NativeApprovalRules",
        "NativeApprover",
        "NativeAudience",
        "NativeBeneficiaries",
        "NativeCatalogItem",
        "NativeCatalogItems",
        "NativeCertificate",
        "NativeChannel",
        "NativeChild",
        "NativeDataItem",
        "NativeDataProvider",
        "NativeDeadline",
        "NativeDeadlineAction",
        "NativeDecision",
        "NativeDelivery",
        "NativeEditedTarget",
        "NativeEntityRef",
        "NativeEntityType",
        "NativeEvent",
        "NativeEventFeed",
        "NativeEventKind",
        "NativeEventPage",
        "NativeExplanation",
        "NativeFulfilmentMethod",
        "NativeFulfilmentOutcome",
        "NativeFulfilmentReport",
        "NativeInboxItem",
        "NativeInboxPage",
        "NativeIntent",
        "NativeMe",
        "NativeNamedValue",
        "NativeNewRequest",
        "NativeNewTarget",
        "NativePlannedStage",
        "NativePolicy",
        "NativePolicyKind",
        "NativePrincipal",
        "NativePrincipalRef",
        "NativePrincipalType",
        "NativeProfileTemplate",
        "NativeProfileTemplates",
        "NativeQuestion",
        "NativeReplay",
        "NativeRequest",
        "NativeRequestPage",
        "NativeRequestRule",
        "NativeRequestRules",
        "NativeRequestStatus",
        "NativeRuleScope",
        "NativeStaffing",
        "NativeStage",
        "NativeStageRule",
        "NativeStreamKind",
        "NativeTarget",
        "NativeTask",
        "NativeTaskState",
        "NativeTemplateKind",
        "NativeUserRef",
        "NativeVote",
        "NativeVoteOutcome",
        "NativeWebhook",
        "NativeWebhookPurpose",
        "NativeWebhooks",
        "OigAccountRevocation",
        "OigApprover",
        "OigAssignee",
        "OigBeneficiary",
        "OigBeneficiary11g",
        "OigBeneficiaryRef",
        "OigChildRequest",
        "OigCreateRequest",
        "OigCreateRequests",
        "OigEditedTarget",
        "OigError",
        "OigFailure",
        "OigFormEntry",
        "OigFormValue",
        "OigHistory",
        "OigLink",
        "OigListedRequest",
        "OigListedRequester",
        "OigNewTarget",
        "OigRaisedRequest",
        "OigRequest",
        "OigRequest11g",
        "OigRequestDetail",
        "OigRequestList",
        "OigRequestResult",
        "OigRequestResults",
        "OigRequester",
        "OigTarget",
        "OigTarget11g",
        "OigTaskDetails",
        "OigTaskDetails11g",
        "OigUpdateRequest",
        "OigUpdateRequests",
        "OigVerdict",
        "OigWithdrawRequest",
        "OigWithdrawRequests",
        "OigWithdrawal",
        "OigWithdrawalResults",
        "OigWithdrawn",
        "Problem",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_dialect_that_is_switched_off_leaves_nothing_behind() {
    let text = document(&without_mim())["paths"].to_string();
    assert!(!text.contains("mim_") && !text.contains("Mim"), "{text}");
    let document = document(&without_mim());
    assert!(document["components"]["schemas"].as_object().unwrap().keys().all(|name| !name.starts_with("Mim")));
}

#[test]
fn every_typed_body_has_examples_that_fit_its_schema() {
    let document = document(&Settings::default());
    for (place, response) in responses(&document) {
        for media in response["content"].as_object().into_iter().flat_map(|content| content.values()) {
            let mut schema = media["schema"].clone();
            schema["components"] = document["components"].clone();
            let validator = jsonschema::validator_for(&schema).unwrap();
            let examples = media["examples"].as_object().into_iter().flat_map(|examples| examples.values());
            let examples: Vec<_> = examples.map(|example| &example["value"]).chain(media.get("example")).collect();
            assert!(!examples.is_empty(), "{place} has no example");
            for example in examples {
                let faults: Vec<_> = validator.iter_errors(example).map(|fault| fault.to_string()).collect();
                assert!(faults.is_empty(), "{place}: {faults:?}");
            }
        }
    }
}
