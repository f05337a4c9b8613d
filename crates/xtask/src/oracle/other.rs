//! A second bundle made from a first: the same relations under new ids, names, dates, numbers and statuses.

use anyhow::Context as _;
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::bundle::Bundle;

/// Members whose texts are names or remarks.
const TEXTS: [&str; 8] =
    ["login", "displayName", "name", "description", "entityName", "title", "comment", "securityDescriptor"];

/// Members whose texts are times.
const TIMES: [&str; 6] = ["at", "created", "modified", "start", "end", "expires"];

/// The second bundle. Logins are those of the first with `other-` before them.
pub(crate) fn other(first: &Bundle) -> anyhow::Result<Bundle> {
    let mut records = first.records.clone();
    for record in &mut records {
        rename(record, "");
    }
    let mut second = Bundle { records };
    change_statuses(&mut second)?;
    Ok(second)
}

/// The login that stands in the second bundle for one of the first.
pub(crate) fn other_login(login: &str) -> String {
    format!("other-{login}")
}

fn rename(value: &mut Value, member: &str) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| rename(value, name)),
        Value::Array(elements) => elements.iter_mut().for_each(|element| rename(element, member)),
        Value::String(text) => {
            if let Some(renamed) = renamed(text, member) {
                *text = renamed;
            }
        }
        Value::Number(number) => match (member, number.as_i64()) {
            ("number", Some(old)) => *value = json!(old + 70_000),
            ("index" | "templateVersion" | "version", Some(old)) => *value = json!(old + 9),
            _ => {}
        },
        Value::Null | Value::Bool(_) => {}
    }
}

fn renamed(text: &str, member: &str) -> Option<String> {
    if let Ok(id) = Uuid::try_parse(text) {
        // Multiplying by an odd number keeps different ids different.
        let mixed = id.as_u128().wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).rotate_left(17);
        return Some(Uuid::from_u128(mixed).to_string());
    }
    if TIMES.contains(&member) {
        let at = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
        let later = at + Duration::days(1234) + Duration::microseconds(4_507_008_009);
        return Some(later.to_rfc3339_opts(SecondsFormat::Micros, true));
    }
    match member {
        "login" => Some(other_login(text)),
        "entityKey" => Some(format!("{text}7")),
        _ if TEXTS.contains(&member) => Some(format!("Other {text}: \u{e9}\u{1F511} 100%_")),
        _ => None,
    }
}

/// Other states and contents, so that every part of an answer differs from the first bundle's.
fn change_statuses(bundle: &mut Bundle) -> anyhow::Result<()> {
    let created = |request: &Value| request["created"].clone();
    let mut certificates = 0;
    for request in bundle.records.iter_mut().filter(|record| record["kind"] == "request") {
        if request["details"]["certificate"].is_object() {
            certificates += 1;
            let at = created(request);
            let certificate = &mut request["details"]["certificate"];
            certificate["priority"] = json!(200 + certificates);
            certificate["comment"] = json!("a \"remark\" \u{1F511}");
            if certificates % 2 == 1 {
                certificate["operation"] = json!("Renew");
                certificate["agentRequired"] = json!(true);
                certificate["securityDescriptor"] = json!("O:S-1-5-21-1D:(A;;RC;;;WD)\0\0");
                request["state"] = json!({"status": "ended", "outcome": "denied", "at": at});
            } else {
                certificate["operation"] = json!("Retire");
                certificate["dataItems"] = json!([
                    {"name": "Why", "value": "lost", "provider": "subscriber"},
                    {"name": "Badge", "value": "7", "provider": "certificateManager"},
                ]);
                request["state"] = json!({"status": "executing", "fulfilment": "manual"});
            }
        }
    }
    change_profiles(bundle);
    change_access(bundle).context("the first bundle has no access request with a stage")
}

/// Of the software profiles the second is suspended and the last one retired.
fn change_profiles(bundle: &mut Bundle) {
    let software = |record: &&mut Value| record["kind"] == "profile" && record["smartcard"].is_null();
    let active = bundle.records.iter_mut().filter(software).filter(|profile| profile["status"] == "Active");
    for (n, profile) in active.enumerate() {
        profile["comment"] = json!(format!("profile {n}"));
        profile["primary"] = json!(Uuid::from_u128(n as u128 + 1).to_string());
        match n {
            1 => profile["status"] = json!("Suspended"),
            2 => profile["status"] = json!("Disabled"),
            _ => {}
        }
    }
}

/// The parent waits for approval again, with a stage to come; its targets have forms and dates.
fn change_access(bundle: &mut Bundle) -> Option<()> {
    let parent = bundle.records.iter_mut().find(|record| record["kind"] == "request" && record["stages"].is_array())?;
    let at = parent["created"].clone();
    parent["state"] = json!({"status": "pending"});
    parent["justification"] = json!("because, of: \"course\"");
    let assignee = parent["stages"][0]["tasks"][0]["assignee"].clone();
    parent["stages"][0]["tasks"][0]["state"] = json!("informationRequired");
    parent["stages"][0]["tasks"][0]["votes"][0]["outcome"] = json!("deny");
    let next = json!({"name": "other.stage.to.come", "quorum": 1, "planned": [assignee, parent["originator"]]});
    parent["stages"].as_array_mut()?.push(next);
    let targets = parent["details"]["access"]["targets"].as_array_mut()?;
    targets[0]["form"] = json!([{"name": "cost centre", "value": "12"}, {"name": "empty", "value": ""}]);
    targets[2]["start"] = at.clone();
    targets[2]["end"] = at;
    Some(())
}
