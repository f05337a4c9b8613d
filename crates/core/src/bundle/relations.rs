//! What records claim to be alone in having, and what they refer to.

use uuid::Uuid;

use super::{Key, Record};
use crate::approval::Stage;
use crate::catalog::EntityType;
use crate::directory::User;
use crate::event::{StreamId, StreamKind};
use crate::grant::{Grant, GrantStatus};
use crate::ids::{PrincipalId, UserId};
use crate::request::{Request, RequestDetails};
use crate::rule::{ApprovalRule, Approver, Beneficiaries, RequestRule};
use crate::template::{Audience, ProfileTemplate};

/// A member, the key that it claims, and whose the key then is.
type Claim = (&'static str, Key, Uuid);
/// A member and the key that it refers to.
type Reference = (&'static str, Key);

/// The keys by which others may refer to a record that cannot be read.
pub(super) fn keys_of_unread(kind: &str, id: Uuid) -> Vec<Key> {
    match kind {
        "user" => vec![Key::Principal(id), Key::User(id)],
        "group" => vec![Key::Principal(id), Key::Group(id)],
        "profileTemplate" => vec![Key::Template(id)],
        "catalogItem" => vec![Key::CatalogItem(id)],
        "profile" => vec![Key::Profile(id)],
        "smartcard" => vec![Key::Smartcard(id)],
        "request" => vec![Key::Request(id), Key::Parent(id)],
        "approvalRule" => vec![Key::ApprovalRule(id)],
        "requestRule" => vec![Key::RequestRule(id)],
        "grant" => vec![Key::Grant(id)],
        "webhook" => vec![Key::Webhook(id)],
        _ => Vec::new(),
    }
}

/// The key that shows that a user's id belongs to a group already, or a group's to a user.
pub(super) fn rival(record: &Record) -> Option<Key> {
    match record {
        Record::User(user) => Some(Key::Group(user.id.as_uuid())),
        Record::Group(group) => Some(Key::User(group.id.as_uuid())),
        _ => None,
    }
}

/// The key of the aggregate that a stream belongs to; the server's has none.
pub(super) fn owner_of(stream: StreamId) -> Option<Key> {
    let id = stream.id;
    match stream.stream {
        StreamKind::Request => Some(Key::Request(id)),
        StreamKind::Template => Some(Key::Template(id)),
        StreamKind::CatalogItem => Some(Key::CatalogItem(id)),
        StreamKind::User => Some(Key::User(id)),
        StreamKind::Group => Some(Key::Principal(id)),
        StreamKind::Profile => Some(Key::Profile(id)),
        StreamKind::Smartcard => Some(Key::Smartcard(id)),
        StreamKind::Policy => Some(Key::ApprovalRule(id)),
        StreamKind::RequestRule => Some(Key::RequestRule(id)),
        StreamKind::Grant => Some(Key::Grant(id)),
        StreamKind::Webhook => Some(Key::Webhook(id)),
        StreamKind::Server => None,
    }
}

/// The keys that a record must be alone to hold: member, key, owner.
pub(super) fn claims(record: &Record) -> Vec<Claim> {
    match record {
        Record::Header(_) | Record::Numbers(_) | Record::Event(_) => Vec::new(),
        Record::User(user) => {
            let id = user.id.as_uuid();
            vec![
                ("id", Key::Principal(id), id),
                ("id", Key::User(id), id),
                ("number", Key::UserNumber(user.number), id),
                ("login", Key::Login(user.login.folded()), id),
            ]
        }
        Record::Credential(credential) => vec![alone("user", credential.user.as_uuid(), Key::Credential)],
        Record::Group(group) => {
            let id = group.id.as_uuid();
            let mut keys = vec![
                ("id", Key::Principal(id), id),
                ("id", Key::Group(id), id),
                ("name", Key::GroupName(group.name.to_lowercase()), id),
            ];
            if group.purpose.is_some() {
                keys.push(("purpose", Key::Administrators, id));
            }
            keys
        }
        Record::ProfileTemplate(template) => vec![alone("id", template.id.as_uuid(), Key::Template)],
        Record::CatalogItem(item) => {
            let id = item.id.as_uuid();
            vec![
                ("id", Key::CatalogItem(id), id),
                ("number", Key::CatalogNumber(item.number), id),
                ("entityKey", Key::Entity(item.entity_type, item.entity_key.clone()), id),
            ]
        }
        Record::Profile(profile) => vec![alone("id", profile.id.as_uuid(), Key::Profile)],
        Record::Smartcard(card) => vec![alone("id", card.id.as_uuid(), Key::Smartcard)],
        Record::Request(request) => request_claims(request),
        Record::Grant(grant) => grant_claims(grant),
        Record::ApprovalRule(rule) => vec![alone("id", rule.id.as_uuid(), Key::ApprovalRule)],
        Record::RequestRule(rule) => vec![alone("id", rule.id.as_uuid(), Key::RequestRule)],
        Record::Webhook(webhook) => vec![alone("id", webhook.id.as_uuid(), Key::Webhook)],
        Record::WebhookSecret(credential) => vec![alone("webhook", credential.webhook.as_uuid(), Key::WebhookSecret)],
    }
}

fn alone(member: &'static str, id: Uuid, key: fn(Uuid) -> Key) -> Claim {
    (member, key(id), id)
}

fn grant_claims(grant: &Grant) -> Vec<Claim> {
    let id = grant.id.as_uuid();
    let mut keys = vec![("id", Key::Grant(id), id), ("number", Key::GrantNumber(grant.number), id)];
    let once = matches!(grant.entity_type, EntityType::Role | EntityType::Entitlement);
    if once && grant.status == GrantStatus::Active {
        let held = Key::Held(grant.user.as_uuid(), grant.entity_type, grant.entity_key.clone(), grant.account);
        keys.push(("entityKey", held, id));
    }
    keys
}

fn request_claims(request: &Request) -> Vec<Claim> {
    let id = request.id.as_uuid();
    let mut keys = vec![("id", Key::Request(id), id), ("number", Key::RequestNumber(request.number), id)];
    if request.has_children {
        keys.push(("hasChildren", Key::Parent(id), id));
    }
    if let Some(parent) = request.parent {
        keys.push(("parent.ordinal", Key::Child(parent.request.as_uuid(), parent.ordinal), id));
    }
    keys.extend(request.tasks().map(|task| ("stages.tasks.id", Key::Task(task.id.as_uuid()), id)));
    keys
}

/// What a record refers to: member and key. Profiles and cards may be missing (decision 15), and so
/// may the request that gave a grant: grants outlive it.
pub(super) fn references(record: &Record) -> Vec<Reference> {
    match record {
        Record::Header(_) | Record::Numbers(_) | Record::CatalogItem(_) | Record::Webhook(_) | Record::Event(_) => {
            Vec::new()
        }
        Record::Credential(credential) => vec![user("user", credential.user)],
        Record::WebhookSecret(credential) => vec![("webhook", Key::Webhook(credential.webhook.as_uuid()))],
        Record::User(person) => user_references(person),
        Record::Group(group) => {
            let mut keys = principals("members", &group.members);
            keys.extend(group.rights.iter().flat_map(|right| principals("rights.subject", &[right.subject])));
            keys
        }
        Record::ProfileTemplate(template) => template_references(template),
        Record::ApprovalRule(rule) => approval_rule_references(rule),
        Record::RequestRule(rule) => request_rule_references(rule),
        Record::Profile(profile) => {
            vec![user("assignedUser", profile.assigned_user), ("template", Key::Template(profile.template.as_uuid()))]
        }
        Record::Smartcard(card) => {
            vec![user("assignedUser", card.assigned_user), ("template", Key::Template(card.template.as_uuid()))]
        }
        Record::Request(request) => request_references(request),
        Record::Grant(grant) => {
            let account = grant.account.map(|account| ("account", Key::GrantNumber(account)));
            std::iter::once(user("user", grant.user)).chain(account).collect()
        }
    }
}

fn user(member: &'static str, id: UserId) -> Reference {
    (member, Key::User(id.as_uuid()))
}

fn user_references(person: &User) -> Vec<Reference> {
    let mut keys: Vec<_> = person.manager.iter().map(|manager| user("manager", *manager)).collect();
    keys.extend(principals("standIn", person.stand_in.as_slice()));
    keys.extend(person.proxies.iter().map(|proxy| user("proxies.user", proxy.user)));
    keys.extend(person.rights.iter().flat_map(|right| principals("rights.subject", &[right.subject])));
    keys
}

fn approval_rule_references(rule: &ApprovalRule) -> Vec<Reference> {
    let approvers = rule.stages.iter().flat_map(|stage| &stage.approvers);
    let named = approvers.filter_map(|approver| match approver {
        Approver::Principal(principal) => Some(*principal),
        Approver::BeneficiaryManager | Approver::RequesterManager | Approver::Administrators => None,
    });
    named.flat_map(|principal| principals("stages.approvers", &[principal])).collect()
}

fn request_rule_references(rule: &RequestRule) -> Vec<Reference> {
    let mut keys = Vec::new();
    if let Audience::Principals(list) = &rule.requesters {
        keys.extend(principals("requesters", list));
    }
    if let Beneficiaries::Principals(list) = &rule.beneficiaries {
        keys.extend(principals("beneficiaries", list));
    }
    keys
}

fn principals(member: &'static str, ids: &[PrincipalId]) -> Vec<Reference> {
    ids.iter().map(|id| (member, Key::Principal(id.as_uuid()))).collect()
}

fn template_references(template: &ProfileTemplate) -> Vec<Reference> {
    let mut keys = Vec::new();
    for (member, audience) in [("readers", &template.readers), ("enrollers", &template.enrollers)] {
        if let Audience::Principals(list) = audience {
            keys.extend(principals(member, list));
        }
    }
    for policy in &template.policies {
        keys.extend(policy.lists().into_iter().flat_map(|(member, list)| principals(member, list)));
    }
    keys
}

fn request_references(request: &Request) -> Vec<Reference> {
    let mut keys = vec![("originator", Key::User(request.originator.as_uuid()))];
    if let Some(parent) = request.parent {
        keys.push(("parent.request", Key::Parent(parent.request.as_uuid())));
    }
    keys.extend(request.depends_on.map(|other| ("dependsOn", Key::Request(other.as_uuid()))));
    match &request.details {
        RequestDetails::Certificate(certificate) => {
            keys.push(("details.certificate.target", Key::User(certificate.target.as_uuid())));
            keys.push(("details.certificate.template", Key::Template(certificate.template.as_uuid())));
            keys.extend(principals("details.certificate.agents", &certificate.agents));
            keys.extend(principals("details.certificate.auditors", &certificate.auditors));
        }
        RequestDetails::Access(access) => {
            let users = access.beneficiaries.iter();
            keys.extend(users.map(|id| ("details.access.beneficiaries", Key::User(id.as_uuid()))));
        }
    }
    request.stages.iter().for_each(|stage| keys.extend(stage_references(stage)));
    keys
}

fn stage_references(stage: &Stage) -> Vec<Reference> {
    let mut keys = principals("stages.planned", &stage.planned);
    keys.extend(stage.managers_of.iter().map(|id| user("stages.managersOf", *id)));
    for task in &stage.tasks {
        keys.extend(principals("stages.tasks.assignee", &[task.assignee]));
        keys.extend(principals("stages.tasks.delegate", task.delegate.as_slice()));
        keys.extend(task.parent.map(|parent| ("stages.tasks.parent", Key::Task(parent.as_uuid()))));
        keys.extend(task.acquired_by.map(|id| user("stages.tasks.acquiredBy", id)));
        for vote in &task.votes {
            keys.push(user("stages.tasks.votes.voter", vote.voter));
            keys.extend(vote.represented.map(|id| user("stages.tasks.votes.represented", id)));
        }
    }
    keys
}
