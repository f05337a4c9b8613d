use serde_json::{Value, json};

use super::*;
use crate::dialect::native::read::typed;

const GUID: &str = "0c96d73f-967b-420e-854a-43ad2a1504bc";

fn named<T>(result: Result<T, Fault>) -> String {
    match result {
        Err(Fault::Invalid(invalid)) => invalid.field,
        _ => "nothing is wrong".to_owned(),
    }
}

fn action(value: &Value) -> Result<Asked, Fault> {
    asked(typed(value)?)
}

#[test]
fn every_action_has_its_command() {
    let id = || TaskRef::Id(Uuid::try_parse(GUID).unwrap().into());
    let why = || Some("why".to_owned());
    for (sent, expected) in [
        (json!({"action": "claim", "task": GUID}), Command::Claim { task: id() }),
        (json!({"action": "release"}), Command::Release { task: TaskRef::First }),
        (json!({"action": "escalate", "comment": "why"}), Command::Escalate { task: TaskRef::First, comment: why() }),
        (json!({"action": "suspend", "comment": ""}), Command::Suspend { task: TaskRef::First, comment: None }),
        (json!({"action": "resume"}), Command::Resume { task: TaskRef::First, comment: None }),
        (json!({"action": "skip"}), Command::Skip { task: TaskRef::First, comment: None }),
        (json!({"action": "withdraw", "comment": "why"}), Command::Withdraw { reason: why() }),
        (json!({"action": "cancel"}), Command::Cancel { reason: None }),
        (json!({"action": "close", "comment": "why"}), Command::Close { reason: why() }),
        (json!({"action": "submit"}), Command::Submit { stages: Vec::new() }),
        (json!({"action": "retry"}), Command::Retry),
        (
            json!({"action": "save", "comment": "why"}),
            Command::Save { task: TaskRef::First, comment: why(), edit: Edit::default() },
        ),
    ] {
        assert_eq!(action(&sent).unwrap(), Asked::Do(expected), "{sent}");
    }
}

#[test]
fn a_task_is_given_to_users_and_groups_by_any_of_their_names() {
    let to = json!([{"id": GUID}, {"number": 24}, {"login": "a"}, {"group": "B"}]);
    let Asked::Give(giving, keys) = action(&json!({"action": "delegate", "to": to})).unwrap() else { panic!() };
    let expected = [
        PrincipalKey::Principal(Uuid::try_parse(GUID).unwrap().into()),
        PrincipalKey::Number("24".parse().unwrap()),
        PrincipalKey::Login("a".to_owned()),
        PrincipalKey::GroupName("B".to_owned()),
    ];
    assert_eq!(keys, expected);
    assert_eq!(giving.to(Vec::new()), Command::Delegate { task: TaskRef::First, to: Vec::new(), comment: None });
    for (to, field) in [
        (json!([{}]), "to[0]"),
        (json!([{"login": "a"}, {"login": "a", "number": 1}]), "to[1]"),
        (json!([{"number": 0}]), "to[0].number"),
        (json!([{"id": "x"}]), "to[0].id"),
    ] {
        assert_eq!(named(action(&json!({"action": "reassign", "to": to}))), field);
    }
}

#[test]
fn what_means_nothing_with_an_action_is_refused() {
    for (sent, field) in [
        (json!({"action": "claim", "to": [{"login": "a"}]}), "to"),
        (json!({"action": "claim", "comment": "x"}), "comment"),
        (json!({"action": "withdraw", "task": GUID}), "task"),
        (json!({"action": "skip", "justification": "x"}), "justification"),
        (json!({"action": "skip", "answers": [{"name": "a", "value": "b"}]}), "answers"),
        (json!({"action": "close", "targets": [{"entityType": "Role", "entityKey": "1"}]}), "targets"),
        (json!({"action": "approve"}), "action"),
        (json!({"action": "save", "targets": [{"entityType": "Role", "entityKey": " "}]}), "targets[0].entityKey"),
        (
            json!({"action": "edit", "targets": [{"entityType": "Role", "entityKey": "1", "end": "2026-01-31"}]}),
            "targets[0].end",
        ),
    ] {
        assert_eq!(named(action(&sent)), field, "{sent}");
    }
}

#[test]
fn a_failure_says_why() {
    let sent = |value: Value| typed(&value).and_then(report);
    assert_eq!(sent(json!({"outcome": "completed"})).unwrap(), Report::Completed);
    assert_eq!(sent(json!({"outcome": "failed", "reason": "x"})).unwrap(), Report::Failed { reason: "x".to_owned() });
    for value in [
        json!({"outcome": "failed"}),
        json!({"outcome": "stumbled", "reason": ""}),
        json!({"outcome": "completed", "reason": "x"}),
    ] {
        assert_eq!(named(sent(value.clone())), "reason", "{value}");
    }
}

#[test]
fn beneficiaries_have_three_names() {
    let sent = |value: Value| {
        let new: wire::NewRequest = typed(&json!({"targets": [], "beneficiaries": value})).unwrap();
        users(&new.beneficiaries)
    };
    let expected = [UserName::Login("a".to_owned()), UserName::Key(UserKey::Number("24".parse().unwrap()))];
    assert_eq!(sent(json!([{"login": "a"}, {"number": 24}])).unwrap(), expected);
    assert_eq!(named(sent(json!([{"login": "a", "id": GUID}]))), "beneficiaries[0]");
}
