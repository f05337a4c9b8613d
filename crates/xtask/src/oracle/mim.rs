//! MIM's answers (`spec/mim-cm.md` B.2, B.4, C, E.4, E.5).

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::bundle::{Bundle, array, status, strings, time};

const ZEROS: &str = "00000000-0000-0000-0000-000000000000";

/// The words of `status`, with MIM's numbers (C.1).
pub(crate) const STATUS_WORDS: [(&str, u64); 8] = [
    ("Approved", 3),
    ("Canceled", 17),
    ("Completed", 8),
    ("Denied", 4),
    ("Executing", 18),
    ("Failed", 9),
    ("None", 0),
    ("Pending", 16),
];

/// Request types in the order of their numbers, from 1 (C.2a).
const TYPES: [&str; 14] = [
    "Enroll",
    "Recover",
    "Renew",
    "Disable",
    "Unblock",
    "Duplicate",
    "Retire",
    "RecoverOnBehalf",
    "SuspendOrReinstate",
    "OnlineUpdate",
    "TemporaryCardEnroll",
    "TemporaryCardRetire",
    "TemporaryCardDisable",
    "OfflineUnblock",
];

/// Profile statuses in the order of their numbers, from 1 (C.5).
const PROFILE_STATUSES: [&str; 5] = ["New", "Active", "Suspended", "Disabled", "Retired"];

/// When an operation is offered (E.5, E.2).
struct Offer {
    name: &'static str,
    /// The policy that must be on.
    policy: &'static str,
    /// The profile's statuses.
    statuses: &'static [&'static str],
    on_cards: bool,
    on_software: bool,
    /// The right over the profile's user that asking for others takes.
    right: &'static str,
}

const fn offer(
    name: &'static str,
    policy: &'static str,
    statuses: &'static [&'static str],
    right: &'static str,
) -> Offer {
    Offer { name, policy, statuses, on_cards: true, on_software: true, right }
}

/// In the order of output.
const OFFERS: [Offer; 7] = [
    offer("renew", "renew", &["Active"], "requestRenew"),
    Offer { on_software: false, ..offer("unblock", "unblock", &["Active"], "requestUnblock") },
    Offer { on_cards: false, ..offer("disable", "revoke", &["Active", "Suspended"], "requestRevoke") },
    offer("recover", "recover", &["Active", "Disabled"], "requestRecover"),
    Offer { on_software: false, ..offer("retire", "retire", &["Active", "Suspended", "Disabled"], "requestRevoke") },
    offer("recoveronbehalf", "recoverOnBehalf", &["Disabled"], "requestRecover"),
    offer("onlineupdate", "onlineUpdate", &["Active"], "requestRenew"),
];

fn number(names: &[&str], name: &Value) -> anyhow::Result<usize> {
    let found = names.iter().position(|known| name == known);
    Ok(found.with_context(|| format!("{name} is none of {names:?}"))? + 1)
}

fn status_number(request: &Value) -> u64 {
    match status(request) {
        "submitted" | "pending" => 16,
        "approved" | "awaitingChildren" | "awaitingDependency" | "scheduled" => 3,
        "executing" => 18,
        "completed" => 8,
        "failed" | "partiallyFailed" => 9,
        "denied" => 4,
        "canceled" | "closed" => 17,
        _ => 0,
    }
}

fn or_zeros(id: &Value) -> Value {
    if id.is_null() { json!(ZEROS) } else { id.clone() }
}

fn or(value: &Value, default: Value) -> Value {
    if value.is_null() { default } else { value.clone() }
}

/// UTC with milliseconds, zeros at the end cut.
fn date(value: &Value) -> anyhow::Result<String> {
    let text = time(value)?.format("%Y-%m-%dT%H:%M:%S%.3f").to_string();
    Ok(format!("{}Z", text.trim_end_matches('0').trim_end_matches('.')))
}

impl Bundle {
    /// What `GET requests/{id}` answers whoever may read it.
    pub(crate) fn mim_request(&self, request: &Value) -> anyhow::Result<Value> {
        let asked = &request["details"]["certificate"];
        let items = array(&asked["dataItems"]);
        let provided = |role: &'static str| items.iter().filter(move |item| item["provider"] == role);
        let subscriber =
            provided("subscriber").count() > 0 && provided("subscriber").all(|item| !item["value"].is_null());
        let manager = provided("certificateManager").all(|item| !item["value"].is_null());
        let flags = if subscriber { 16 } else { 0 } + if manager { 32 } else { 0 };
        let (agent, card) = (asked["agentRequired"] == true, asked["smartcard"] == true);
        let completed = match &request["state"]["at"] {
            Value::Null => "0001-01-01T00:00:00".to_owned(),
            at => date(at)?,
        };
        let item = |item: &Value| json!({"Name": item["name"], "Value": item["value"]});
        Ok(json!({
            "Uuid": request["id"],
            "RequestType": number(&TYPES, &asked["operation"])?,
            "Status": status_number(request),
            "Flags": u8::from(agent) + 2 * u8::from(card),
            "DataCollection": items.iter().map(item).collect::<Vec<_>>(),
            "DataCollectionFlags": flags,
            "OriginatorUserUuid": request["originator"],
            "TargetUserUuid": asked["target"],
            "Submitted": date(&request["created"])?,
            "Completed": completed,
            "NewProfileUuid": or_zeros(&asked["newProfile"]),
            "OldProfileUuid": or_zeros(&asked["oldProfile"]),
            "NewSmartcardUuid": or_zeros(&asked["newSmartcard"]),
            "OldSmartcardUuid": or_zeros(&asked["oldSmartcard"]),
            "Priority": or(&asked["priority"], json!(0)),
            "Comment": or(&asked["comment"], json!("")),
            "ProfileTemplateUuid": asked["template"],
            "SecurityDescriptor": asked["securityDescriptor"].as_str().unwrap_or_default().trim_end_matches('\0'),
            "IsSmartcard": card,
            "IsEnrollmentAgent": agent,
            "IsDataCollectionComplete": flags == 48,
        }))
    }

    /// What `GET requests` answers, newest first: those that `login` may read, in that status, for themselves.
    pub(crate) fn mim_requests(&self, login: &str, word: Option<&str>, own: bool) -> anyhow::Result<Vec<Value>> {
        let user = self.user_id(login)?;
        let principals = self.principals(user);
        let wanted =
            word.and_then(|word| STATUS_WORDS.iter().find(|(name, _)| *name == word)).map(|(_, number)| *number);
        let mut found = Vec::new();
        for request in self.of_kind("request").filter(|request| request["details"]["certificate"].is_object()) {
            let number = status_number(request);
            let visible = if own {
                request["details"]["certificate"]["target"] == user
            } else {
                readers(request, self).iter().any(|reader| principals.contains(reader))
            };
            if number != 0 && visible && wanted.is_none_or(|wanted| wanted == number) {
                found.push((time(&request["created"])?, self.mim_request(request)?));
            }
        }
        found.sort_by(|(one, _), (other, _)| other.cmp(one));
        Ok(found.into_iter().map(|(_, request)| request).collect())
    }

    /// What `GET profiles` answers `login`: their own software profiles, oldest first.
    pub(crate) fn mim_profiles(&self, login: &str, word: Option<&str>) -> anyhow::Result<Vec<Value>> {
        let user = self.user_id(login)?;
        let mut found = Vec::new();
        for profile in self.of_kind("profile") {
            let software = profile["smartcard"].is_null();
            if profile["assignedUser"] == user && software && word.is_none_or(|word| profile["status"] == word) {
                found.push((time(&profile["created"])?, self.mim_profile(profile, login)?));
            }
        }
        found.sort_by_key(|(created, _)| *created);
        Ok(found.into_iter().map(|(_, profile)| profile).collect())
    }

    /// A profile as `login` sees it.
    pub(crate) fn mim_profile(&self, profile: &Value, login: &str) -> anyhow::Result<Value> {
        Ok(json!({
            "Uuid": profile["id"],
            "Status": number(&PROFILE_STATUSES, &profile["status"])?,
            "Flags": or(&profile["flags"], json!(1)),
            "ParentProfileUuid": or_zeros(&profile["parent"]),
            "PrimaryProfileUuid": or_zeros(&profile["primary"]),
            "AssignedUserUuid": profile["assignedUser"],
            "ProfileTemplateUuid": profile["template"],
            "ProfileTemplateVersion": profile["templateVersion"],
            "Comment": or(&profile["comment"], json!("")),
            "ProfileOperations": self.operations(profile, login)?,
        }))
    }

    /// What `login` may ask for on a profile (E.5).
    fn operations(&self, profile: &Value, login: &str) -> anyhow::Result<Vec<&'static str>> {
        let user = self.user_id(login)?;
        let principals = self.principals(user);
        let template = self.by_id("profileTemplate", &profile["template"])?;
        let (card, owner) = (profile["smartcard"].is_string(), profile["assignedUser"] == user);
        let rights = self.rights_over(&principals, &profile["assignedUser"]);
        let open: BTreeSet<_> = self
            .of_kind("request")
            .filter(|request| request["details"]["certificate"]["oldProfile"] == profile["id"])
            .filter(|request| matches!(status(request), "pending" | "approved" | "executing"))
            .filter_map(|request| request["details"]["certificate"]["operation"].as_str())
            .map(str::to_lowercase)
            .collect();
        let mut offered = Vec::new();
        for offer in OFFERS {
            let policy = array(&template["policies"]).iter().find(|found| found["policy"] == offer.policy);
            let Some(policy) = policy.filter(|policy| policy["enabled"] == true) else { continue };
            let initiator = strings(&policy["initiators"]).any(|principal| principals.contains(principal));
            let may = if owner {
                offer.name != "recoveronbehalf" && (policy["selfService"] == true || initiator)
            } else {
                initiator && rights.contains(offer.right)
            };
            let kind = if card { offer.on_cards } else { offer.on_software };
            let fits = kind && offer.statuses.iter().any(|status| profile["status"] == *status);
            if fits && may && !open.contains(offer.name) {
                offered.push(offer.name);
            }
        }
        Ok(offered)
    }

    /// Whether `login` may read a profile: their own, or of somebody over whom they have a right (E.4).
    pub(crate) fn may_read_profile(&self, profile: &Value, login: &str) -> anyhow::Result<bool> {
        let user = self.user_id(login)?;
        let own = profile["assignedUser"] == user;
        Ok(own || !self.rights_over(&self.principals(user), &profile["assignedUser"]).is_empty())
    }

    fn rights_over<'a>(&'a self, principals: &BTreeSet<&str>, user: &'a Value) -> BTreeSet<&'a str> {
        let subjects = user.as_str().map(|user| self.principals(user)).unwrap_or_default();
        let holders = self.of_kind("user").chain(self.of_kind("group"));
        let held = holders.filter(|holder| holder["id"].as_str().is_some_and(|id| principals.contains(id)));
        let rights = held.flat_map(|holder| array(&holder["rights"]));
        let over = rights.filter(|right| right["subject"].as_str().is_some_and(|subject| subjects.contains(subject)));
        over.filter_map(|right| right["right"].as_str()).collect()
    }
}

/// Originator, target, approvers, agents, auditors, administrators (E.4, decision 1).
fn readers<'a>(request: &'a Value, bundle: &'a Bundle) -> BTreeSet<&'a str> {
    let asked = &request["details"]["certificate"];
    let mut found: BTreeSet<_> =
        [&request["originator"], &asked["target"]].into_iter().filter_map(Value::as_str).collect();
    found.extend(strings(&asked["agents"]));
    found.extend(strings(&asked["auditors"]));
    for task in array(&request["stages"]).iter().flat_map(|stage| array(&stage["tasks"])) {
        found.extend([&task["assignee"], &task["acquiredBy"]].into_iter().filter_map(Value::as_str));
        found.extend(array(&task["votes"]).iter().filter_map(|vote| vote["voter"].as_str()));
    }
    let administrators = bundle.of_kind("group").filter(|group| group["purpose"] == "administrators");
    found.extend(administrators.filter_map(|group| group["id"].as_str()));
    found
}
