use countersign_core::lifecycle::CommandKind;
use serde_json::{Value, json};

use super::*;
use crate::dialect::oig::read;

const TASK: &str = "2c91aeca-9169-47fd-847f-466763af278a";

fn read_asked(element: &Value) -> Result<Asked, Fault> {
    asked(&read::element("element", element)?)
}

fn command(element: &Value) -> Command {
    match read_asked(element).unwrap() {
        Asked::Do(command) => command,
        Asked::Give(giving, keys) => giving.to(vec![UserId::from_uuid(uuid::Uuid::nil()).into(); keys.len()]),
        Asked::Edit { .. } => panic!("{element} is an edit"),
    }
}

fn named(element: &Value) -> String {
    match read_asked(element) {
        Err(Fault::Invalid(invalid)) => invalid.field,
        other => panic!("{element} is {other:?}"),
    }
}

#[test]
fn every_action_is_known_in_any_case() {
    for (word, kind) in [
        ("approve", CommandKind::Approve),
        ("REJECT", CommandKind::Reject),
        ("Claim", CommandKind::Claim),
        ("release", CommandKind::Release),
        ("REASSIGN", CommandKind::Reassign),
        ("delegate", CommandKind::Delegate),
        ("Escalate", CommandKind::Escalate),
        ("suspend", CommandKind::Suspend),
        ("RESUME", CommandKind::Resume),
        ("save", CommandKind::Save),
        ("createSubtask", CommandKind::CreateSubtask),
        ("SkipAssignment", CommandKind::Skip),
        ("withdraw", CommandKind::Withdraw),
        ("close", CommandKind::Close),
        ("Submit", CommandKind::Submit),
    ] {
        assert_eq!(command(&json!({ "action": word })).kind(), kind, "{word}");
    }
    for word in ["", "approved", "COMPLETE"] {
        assert_eq!(named(&json!({ "action": word })), "action");
    }
}

#[test]
fn a_decision_names_its_task_and_says_why() {
    let seen = |task| Decision { task, comment: Some("fine".to_owned()), seen: None, answers: Vec::new() };
    let element = json!({"requestId": "coder-1001", "taskId": TASK, "action": "approve", "actionComment": "fine"});
    let task = TaskRef::Id(parse_guid(TASK).unwrap().into());
    assert_eq!(command(&element), Command::Approve(seen(task)));
    assert_eq!(command(&json!({"action": "reject", "actionComment": "fine"})), Command::Reject(seen(TaskRef::First)));
    assert_eq!(named(&json!({"action": "approve", "taskId": "200061"})), "taskId");
}

#[test]
fn whoever_decides_answers_questions_and_changes_nothing_else() {
    let template = json!({"entityType": "ProfileTemplate", "entityId": TASK,
        "appFormData": [{"name": "Reason", "value": "because"}]});
    let Command::Approve(decision) = command(&json!({"action": "approve", "reqTargetEntities": [template]})) else {
        panic!("no approval");
    };
    assert_eq!(decision.answers, [Answer { name: "Reason".to_owned(), value: "because".to_owned() }]);
    let role = json!({"entityType": "Role", "entityId": "12"});
    assert_eq!(named(&json!({"action": "approve", "reqTargetEntities": [role]})), "reqTargetEntities[0]");
    assert_eq!(named(&json!({"action": "reject", "reqJustification": "other"})), "reqJustification");
}

#[test]
fn what_an_action_has_no_use_for_is_not_lost_unseen() {
    let role = json!({"entityType": "Role", "entityId": "12"});
    assert_eq!(named(&json!({"action": "claim", "reqTargetEntities": [role]})), "reqTargetEntities");
    assert_eq!(named(&json!({"action": "withdraw", "reqJustification": "because"})), "reqJustification");
    assert_eq!(named(&json!({"action": "approve", "assignees": [{"name": "approver"}]})), "assignees");
    assert_eq!(named(&json!({"reqJustification": "because", "assignees": [{"name": "approver"}]})), "assignees");
}

#[test]
fn without_an_action_data_are_an_edit_and_nothing_is_nothing() {
    let element = json!({"requestId": "coder-1001", "reqTargetEntities": [{"entityId": "11", "entityType": "Role",
        "appFormData": [{"name": "endDate", "value": "2019-12-24T07:00:00Z"},
            {"name": "startDate", "value": "2019-07-15T07:00:00Z"}]}]});
    let Ok(Asked::Edit { task: TaskRef::First, comment: None, edit }) = read_asked(&element) else {
        panic!("no edit");
    };
    let [target] = &edit.targets[..] else { panic!("{edit:?}") };
    assert_eq!((target.entity_type, target.entity_key.as_str()), (EntityType::Role, "11"));
    assert!(target.start < target.end && target.start.is_some() && target.form.is_empty());
    assert_eq!(named(&json!({"requestId": "coder-1001"})), "action");
}

#[test]
fn assignees_go_by_login_name_or_number() {
    let keys = |assignees: Value| match read_asked(&json!({"action": "reassign", "assignees": assignees})) {
        Ok(Asked::Give(_, keys)) => Ok(keys),
        Err(Fault::Invalid(invalid)) => Err(invalid.field),
        other => panic!("{other:?}"),
    };
    let guid = parse_guid(TASK).unwrap();
    let found = keys(json!([{"name": "approver"}, {"userLogin": "manager", "type": "User"}, {"id": "2003"},
        {"id": 24}, {"id": TASK}, {"name": "APPROVERS", "type": "group"}, {"name": "APPROVERS", "type": "ROLE"},
        {"id": TASK, "type": "group"}]));
    let expected = [
        PrincipalKey::Login("approver".to_owned()),
        PrincipalKey::Login("manager".to_owned()),
        PrincipalKey::Number("2003".parse().unwrap()),
        PrincipalKey::Number("24".parse().unwrap()),
        PrincipalKey::User(guid.into()),
        PrincipalKey::GroupName("APPROVERS".to_owned()),
        PrincipalKey::GroupName("APPROVERS".to_owned()),
        PrincipalKey::Group(guid.into()),
    ];
    assert_eq!(found.unwrap(), expected);
    for (assignee, field) in [
        (json!({}), "assignees[0]"),
        (json!({"name": "approver", "id": "24"}), "assignees[0]"),
        (json!({"userLogin": "approver", "type": "group"}), "assignees[0]"),
        (json!({"id": "approver"}), "assignees[0].id"),
        (json!({"id": "24", "type": "group"}), "assignees[0].id"),
        (json!({"name": "approver", "type": "robot"}), "assignees[0].type"),
    ] {
        assert_eq!(keys(json!([assignee])).unwrap_err(), field, "{assignee}");
    }
}
