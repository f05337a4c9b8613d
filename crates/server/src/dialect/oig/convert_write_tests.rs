use serde_json::{Value, json};

use super::*;
use crate::dialect::oig::read;

fn read_placing(element: &Value) -> Result<Placing, Fault> {
    placing(&read::element("element", element)?)
}

fn order(element: &Value) -> AccessOrder {
    match read_placing(element) {
        Ok(Placing::Order(order)) => order,
        other => panic!("{element} is {other:?}"),
    }
}

fn time(text: &str) -> Option<Timestamp> {
    Some(Timestamp::parse(text).unwrap())
}

fn named<T>(result: Result<T, Fault>) -> String {
    match result {
        Err(Fault::Invalid(invalid)) => invalid.field,
        Err(other) => panic!("{other}"),
        Ok(_) => "nothing is wrong".to_owned(),
    }
}

fn target(more: &Value) -> Value {
    let mut target = json!({"entityId": "12", "entityType": "role"});
    target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "reqTargetEntities": [target] })
}

#[test]
fn the_documents_examples_are_orders() {
    let order = order(&json!({"requestId": "Req1001", "reqJustification": "Request role for sub-ordinate",
        "reqBeneficiaryList": [{"id": "24"}], "reqTargetEntities": [
            {"entityId": "12", "entityType": "role",
                "startDate": "2019-06-20T01:30:00Z", "endDate": "2019-09-25T18:30:00Z"},
            {"entityId": 21, "entityType": "appinstance", "endDate": "2019-07-25T20:30:00+02:00"}]}));
    assert_eq!(order.intent, Intent::Give);
    assert_eq!(order.beneficiaries, [UserKey::Number("24".parse().unwrap())]);
    assert_eq!(order.justification.as_deref(), Some("Request role for sub-ordinate"));
    assert!(!order.draft);
    let [role, application] = &order.items[..] else { panic!("{:?}", order.items) };
    assert_eq!((role.entity_type, role.entity_key.as_str()), (EntityType::Role, "12"));
    assert_eq!((role.start, role.end), (time("2019-06-20T01:30:00Z"), time("2019-09-25T18:30:00Z")));
    assert_eq!((application.entity_type, application.entity_key.as_str()), (EntityType::ApplicationInstance, "21"));
    assert_eq!((application.start, application.end), (None, time("2019-07-25T18:30:00Z")));
}

#[test]
fn entity_types_are_known_in_any_case_and_by_their_other_name() {
    for (word, entity_type) in [
        ("AppInstance", EntityType::ApplicationInstance),
        ("APPINSTANCE", EntityType::ApplicationInstance),
        ("applicationInstance", EntityType::ApplicationInstance),
        ("Entitlement", EntityType::Entitlement),
        ("role", EntityType::Role),
        ("profiletemplate", EntityType::ProfileTemplate),
    ] {
        assert_eq!(order(&target(&json!({"entityType": word}))).items[0].entity_type, entity_type, "{word}");
    }
    assert_eq!(named(read_placing(&target(&json!({"entityType": "User"})))), "reqTargetEntities[0].entityType");
}

#[test]
fn a_templates_guid_has_one_spelling() {
    let guid = "d0a10000-0000-4000-8000-000000000002";
    let braces = format!("{{{}}}", guid.to_uppercase());
    let order = order(&target(&json!({"entityType": "ProfileTemplate", "entityId": braces})));
    assert_eq!(order.items[0].entity_key.as_str(), guid);
}

#[test]
fn a_form_goes_by_three_names_and_may_hold_the_dates() {
    for member in ["attributes", "appFormData", "fields"] {
        let form = json!([{"name": "Quota", "value": 5}, {"name": "startDate", "value": "2019-06-20T01:30:00Z"},
            {"name": "ENDDATE", "value": "2019-09-25T18:30:00Z"}, {"name": "Remark", "value": null}]);
        let order = order(&target(&json!({ member: form })));
        let entries: Vec<_> = order.items[0].form.iter().map(|e| (e.name.as_str(), e.value.as_str())).collect();
        assert_eq!(entries, [("Quota", "5"), ("Remark", "")], "{member}");
        assert_eq!(order.items[0].start, time("2019-06-20T01:30:00Z"));
        assert_eq!(order.items[0].end, time("2019-09-25T18:30:00Z"));
    }
    let twice = json!({"attributes": [{"name": "Quota", "value": "5"}], "fields": [{"name": "Quota", "value": "6"}]});
    assert_eq!(named(read_placing(&target(&twice))), "reqTargetEntities[0].appFormData");
    let printed = json!({"entityType": "appinstance", "appFormData": [{"name": "appInstanceName", "value": "App"}]});
    assert_eq!(order(&target(&printed)).items[0].form, []);
}

#[test]
fn a_draft_is_asked_for_by_action_or_by_status() {
    for (more, draft) in [
        (json!({"action": "save"}), true),
        (json!({"reqStatus": "Request Draft Created"}), true),
        (json!({"reqStatus": "DRAFT"}), true),
        (json!({"reqStatus": "Request Created"}), false),
        (json!({"action": "Submit"}), false),
    ] {
        assert_eq!(order(&more).draft, draft, "{more}");
    }
    assert_eq!(named(read_placing(&json!({"action": "APPROVE"}))), "action");
}

#[test]
fn a_draft_is_submitted_by_its_id_alone() {
    let draft = "3004".parse().unwrap();
    for element in [
        json!({"id": "3004"}),
        json!({"id": 3004, "requestId": "mine", "action": "submit"}),
        json!({"id": "3004", "reqStatus": "Request Draft Created"}),
    ] {
        assert_eq!(read_placing(&element).unwrap(), Placing::CheckOut(draft), "{element}");
    }
    for (element, field) in [
        (json!({"id": "3004", "action": "SAVE"}), "action"),
        (json!({"id": "3004", "reqJustification": "other"}), "reqJustification"),
        (json!({"id": "3004", "reqTargetEntities": []}), "reqTargetEntities"),
        (json!({"id": "x"}), "id"),
    ] {
        assert_eq!(named(read_placing(&element)), field, "{element}");
    }
}

#[test]
fn something_is_taken_away_by_either_word_but_not_given_with_it() {
    for word in ["revoke", "Remove", "REVOKE"] {
        assert_eq!(order(&target(&json!({"action": word}))).intent, Intent::Take, "{word}");
    }
    assert_eq!(named(read_placing(&target(&json!({"action": "add"})))), "reqTargetEntities[0].action");
    let both = json!({"reqTargetEntities": [{"entityId": "12", "entityType": "role", "action": "revoke"},
        {"entityId": "13", "entityType": "role"}]});
    assert_eq!(named(read_placing(&both)), "reqTargetEntities");
}

#[test]
fn what_cannot_be_taken_is_named() {
    for (element, field) in [
        (json!({"reqBeneficiaryList": [{"id": "24"}, {"id": "user82"}]}), "reqBeneficiaryList[1].id"),
        (target(&json!({"entityId": ""})), "reqTargetEntities[0].entityId"),
        (target(&json!({"startDate": "yesterday"})), "reqTargetEntities[0].startDate"),
        (target(&json!({"fields": [{"name": "endDate", "value": "soon"}]})), "reqTargetEntities[0].endDate"),
        (target(&json!({"fields": [{"name": " "}]})), "reqTargetEntities[0].appFormData"),
    ] {
        assert_eq!(named(read_placing(&element)), field, "{element}");
    }
}

#[test]
fn an_element_of_delete_names_one_request_or_two() {
    let numbers = |element: Value| {
        let element = read::element("element", &element).unwrap();
        either_number(&element).map(|numbers| numbers.iter().map(|number| number.get()).collect::<Vec<_>>())
    };
    assert_eq!(numbers(json!({"requestId": "3007", "id": "2"})).unwrap(), [2, 3007]);
    assert_eq!(numbers(json!({"requestId": "coder-1", "id": "2"})).unwrap(), [2]);
    assert_eq!(numbers(json!({"requestId": 3007})).unwrap(), [3007]);
    assert_eq!(numbers(json!({"requestId": "7", "id": "7"})).unwrap(), [7]);
    assert_eq!(named(numbers(json!({"requestId": "coder-1"}))), "id");
}

#[test]
fn faults_of_the_core_are_told_in_the_documents_words() {
    for (core, expected) in [
        ("beneficiaries[0]", "reqBeneficiaryList[0]"),
        ("targets[1].end", "reqTargetEntities[1].endDate"),
        ("targets[1].start", "reqTargetEntities[1].startDate"),
        ("targets[0].account", "reqTargetEntities[0].parentAccountId"),
        ("targets", "reqTargetEntities"),
        ("answers", "reqTargetEntities"),
        ("assignees[2]", "assignees[2]"),
    ] {
        assert_eq!(named::<()>(Err(fault(ServiceError::invalid(core, "why")))), expected);
    }
    assert!(matches!(fault(ServiceError::invalid("approvers", "too few")), Fault::Forbidden(why) if why == "too few"));
}
