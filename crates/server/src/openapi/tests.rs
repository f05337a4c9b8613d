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
GET /CertificateManagement/api/v1.0/profiles mim_list_profiles mim
GET /CertificateManagement/api/v1.0/profiles/{id} mim_get_profile mim
GET /CertificateManagement/api/v1.0/requests mim_list_requests mim
GET /CertificateManagement/api/v1.0/requests/{id} mim_get_request mim
GET /CertificateManagement/api/v1.0/requests/{requestid}/profiles mim_list_request_profiles mim
GET /CertificateManagement/api/v1.0/requests/{requestid}/profiles/{id} mim_get_request_profile mim
GET /healthz healthz probes
GET /iam/governance/selfservice/api/v1/requests/{reqid} oig_get_request oig
GET /readyz readyz probes
";
    assert_eq!(operations(&document(&Settings::default())), expected);
}

#[test]
fn every_wire_type_has_a_schema_of_its_own() {
    let document = document(&Settings::default());
    let names: Vec<_> = document["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    let expected = [
        "Health",
        "MimDataItem",
        "MimError",
        "MimProfile",
        "MimRequest",
        "OigApprover",
        "OigBeneficiary",
        "OigBeneficiary11g",
        "OigChildRequest",
        "OigError",
        "OigFailure",
        "OigFormValue",
        "OigHistory",
        "OigLink",
        "OigRequest",
        "OigRequest11g",
        "OigRequestDetail",
        "OigRequester",
        "OigTarget",
        "OigTarget11g",
        "OigTaskDetails",
        "OigTaskDetails11g",
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
