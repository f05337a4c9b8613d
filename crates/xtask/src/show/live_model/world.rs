//! The cast as records of a bundle, and the ids by which the server knows it.

use countersign_core::approval::{Deadline, DeadlineAction};
use countersign_core::bundle::Record;
use countersign_core::catalog::{CatalogItem, EntityKey, EntityType, FulfilmentMethod};
use countersign_core::clock::Timestamp;
use countersign_core::directory::{Group, GroupPurpose, Login, Proxy, User, UserStatus};
use countersign_core::ids::{PrincipalId, Revision, TemplateId, UserId};
use countersign_core::request::AccessOperation;
use countersign_core::rule::{ApprovalRule, Approver, Beneficiaries, EntityRef, RequestRule, RuleScope, StageRule};
use countersign_core::template::{
    Audience, DataItemDefinition, DataProvider, PolicyKind, ProfileTemplate, TemplateKind, WorkflowPolicy,
};
use uuid::Uuid;

use super::model::cast::{
    self, ADMINISTRATORS, ASKERS, AUDITOR, Asked, GROUPS, ITEMS, Item, Principal, Rule, Step, TEMPLATES, Template,
    Then, Thing, USERS, Way,
};

/// When every sequence begins.
const BEGIN: i64 = 1_767_225_600_000_000;

/// The question that the requester answers, and the approver's.
pub(super) const REASON: &str = "Reason";
pub(super) const BADGE: &str = "Badge";

/// So many seconds after a sequence began.
pub(super) fn time(seconds: i64) -> anyhow::Result<Timestamp> {
    let time = Timestamp::from_micros(BEGIN + seconds * 1_000_000);
    time.ok_or_else(|| anyhow::anyhow!("{seconds} s lie outside of the calendar"))
}

/// So many seconds a point in time lies after the beginning.
pub(super) const fn seconds(time: Timestamp) -> i64 {
    (time.as_micros() - BEGIN) / 1_000_000
}

fn id(kind: u128, place: usize) -> Uuid {
    Uuid::from_u128((kind << 64) | (place as u128 + 1))
}

/// The id of a user.
pub(super) fn user_id(person: cast::Person) -> UserId {
    id(1, person).into()
}

/// The id of a user or group. They sort as in the cast.
pub(super) fn principal_id(principal: Principal) -> PrincipalId {
    match principal {
        Principal::User(person) => user_id(person).into(),
        Principal::Group(group) => id(2, group).into(),
    }
}

/// The user by that id.
pub(super) fn person(user: UserId) -> Option<cast::Person> {
    (0..USERS.len()).find(|person| user_id(*person) == user)
}

/// The user or group by that id.
pub(super) fn principal(known: PrincipalId) -> Option<Principal> {
    let users = (0..USERS.len()).map(Principal::User);
    users.chain((0..GROUPS.len()).map(Principal::Group)).find(|principal| principal_id(*principal) == known)
}

/// The id of a template.
pub(super) fn template_id(template: usize) -> TemplateId {
    id(3, template).into()
}

/// What kind of thing an item is.
pub(super) const fn entity_type(thing: Thing) -> EntityType {
    match thing {
        Thing::Role => EntityType::Role,
        Thing::Account => EntityType::ApplicationInstance,
        Thing::Entitlement => EntityType::Entitlement,
    }
}

/// A key as its type.
pub(super) fn key(text: &str) -> anyhow::Result<EntityKey> {
    EntityKey::try_from(text.to_owned()).map_err(anyhow::Error::msg)
}

/// Everything that is in the database before the first sequence.
pub(super) fn records() -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::new();
    for person in 0..USERS.len() {
        records.push(Record::User(user(person)?));
    }
    records.extend((0..GROUPS.len()).map(group).map(Record::Group));
    records.extend((0..TEMPLATES.len()).map(|place| Record::ProfileTemplate(template(place, TEMPLATES[place]))));
    for (place, item) in ITEMS.iter().enumerate() {
        records.push(Record::CatalogItem(catalog_item(place, item)?));
    }
    records.extend(approval_rules()?.into_iter().map(Record::ApprovalRule));
    records.extend(request_rules().into_iter().map(Record::RequestRule));
    Ok(records)
}

fn user(person: cast::Person) -> anyhow::Result<User> {
    let known = USERS[person];
    let mut proxies = Vec::new();
    for proxy in known.proxies {
        let end = proxy.until.map(time).transpose()?;
        proxies.push(Proxy { user: user_id(proxy.person), start: time(proxy.from)?, end });
    }
    Ok(User {
        id: user_id(person),
        number: i64::try_from(person + 1)?.try_into()?,
        login: Login::try_from(known.login.to_owned()).map_err(anyhow::Error::msg)?,
        display_name: known.login.to_owned(),
        email: None,
        manager: known.manager.map(user_id),
        status: if known.active { UserStatus::Active } else { UserStatus::Disabled },
        stand_in: known.stand_in.map(|stand_in| user_id(stand_in).into()),
        proxies,
        rights: Vec::new(),
        revision: Revision::FIRST,
    })
}

fn group(place: usize) -> Group {
    let (name, members) = GROUPS[place];
    Group {
        id: id(2, place).into(),
        name: name.to_owned(),
        purpose: (place == ADMINISTRATORS).then_some(GroupPurpose::Administrators),
        members: principals(members),
        rights: Vec::new(),
        revision: Revision::FIRST,
    }
}

fn principals(list: &[Principal]) -> Vec<PrincipalId> {
    list.iter().map(|principal| principal_id(*principal)).collect()
}

fn template(place: usize, known: Template) -> ProfileTemplate {
    let question = |name: &str, required, provider| DataItemDefinition {
        name: name.to_owned(),
        description: String::new(),
        required,
        default_value: None,
        provider,
    };
    let policy = WorkflowPolicy {
        policy: PolicyKind::Enroll,
        enabled: true,
        self_service: true,
        approvals_needed: u16::try_from(known.approvals).unwrap_or(u16::MAX),
        agent_required: !known.agents.is_empty(),
        own_approval: known.own,
        collect_comments: false,
        collect_priority: false,
        default_priority: 0,
        initiators: Vec::new(),
        approvers: principals(known.approvers),
        agents: principals(known.agents),
        auditors: vec![user_id(AUDITOR).into()],
        data_items: vec![
            question(REASON, known.asks_why, DataProvider::Subscriber),
            question(BADGE, false, DataProvider::CertificateManager),
        ],
    };
    ProfileTemplate {
        id: template_id(place),
        name: format!("Template {place}"),
        description: String::new(),
        template_kind: if known.card { TemplateKind::Smartcard } else { TemplateKind::Software },
        version: 1,
        readers: Audience::Everyone,
        enrollers: Audience::Everyone,
        policies: vec![policy],
        revision: Revision::FIRST,
    }
}

fn catalog_item(place: usize, item: &Item) -> anyhow::Result<CatalogItem> {
    Ok(CatalogItem {
        id: id(4, place).into(),
        number: i64::try_from(place + 1)?.try_into()?,
        entity_type: entity_type(item.thing),
        entity_key: key(item.key)?,
        name: format!("Item {place}"),
        description: String::new(),
        application: item.application.map(|application| key(ITEMS[application].key)).transpose()?,
        fulfilment: Some(match item.way {
            Way::AtOnce => FulfilmentMethod::Immediate,
            Way::ByHand => FulfilmentMethod::Manual,
            Way::ByProgram => FulfilmentMethod::Webhook,
        }),
        requestable: item.offered,
        revision: Revision::FIRST,
    })
}

fn approval_rules() -> anyhow::Result<Vec<ApprovalRule>> {
    let mut rules = vec![
        approval_rule(1000, RuleScope::Whole, vec![AccessOperation::AssignRoles], cast::WHOLE_ROLES)?,
        approval_rule(1001, RuleScope::Whole, vec![AccessOperation::Heterogeneous], cast::WHOLE_MIXED)?,
    ];
    for (place, item) in ITEMS.iter().enumerate() {
        if let Some(known) = item.rule {
            let entity = EntityRef { entity_type: entity_type(item.thing), entity_key: key(item.key)? };
            let rule = approval_rule(place, RuleScope::Single, Vec::new(), known)?;
            rules.push(ApprovalRule { entities: vec![entity], ..rule });
        }
    }
    Ok(rules)
}

fn approval_rule(
    place: usize,
    scope: RuleScope,
    operations: Vec<AccessOperation>,
    known: Rule,
) -> anyhow::Result<ApprovalRule> {
    Ok(ApprovalRule {
        id: id(5, place).into(),
        name: format!("Rule {place}"),
        ordinal: i32::try_from(place)?,
        enabled: true,
        scope,
        operations,
        entity_types: Vec::new(),
        entities: Vec::new(),
        stages: known.steps.iter().map(stage_rule).collect(),
        own_approval: known.own,
        revision: Revision::FIRST,
    })
}

fn stage_rule(step: &Step) -> StageRule {
    let approver = |asked: &Asked| match asked {
        Asked::Named(Principal::Group(ADMINISTRATORS)) => Approver::Administrators,
        Asked::Named(principal) => Approver::Principal(principal_id(*principal)),
        Asked::TheirManagers => Approver::BeneficiaryManager,
        Asked::MyManager => Approver::RequesterManager,
    };
    let deadline = step.deadline.map(|(seconds, then)| {
        let (then, renewals) = match then {
            Then::Expire => (DeadlineAction::Expire, 0),
            Then::Escalate => (DeadlineAction::Escalate, 0),
            Then::Renew(times) => (DeadlineAction::Renew, times),
        };
        Deadline { seconds: u32::try_from(seconds).unwrap_or(u32::MAX), then, renewals }
    });
    StageRule {
        name: "step".to_owned(),
        title: "Approval".to_owned(),
        quorum: u16::try_from(step.quorum).unwrap_or(u16::MAX),
        approvers: step.asked.iter().map(approver).collect(),
        deadline,
    }
}

fn request_rules() -> Vec<RequestRule> {
    let askers = ASKERS.iter().map(|person| user_id(*person).into()).collect();
    let rule = |place, requesters, beneficiaries, entity_types| RequestRule {
        id: id(6, place).into(),
        name: format!("Request rule {place}"),
        enabled: true,
        requesters,
        beneficiaries,
        entity_types,
        revision: Revision::FIRST,
    };
    vec![
        rule(0, Audience::Principals(askers), Beneficiaries::Everyone, Vec::new()),
        rule(1, Audience::Everyone, Beneficiaries::Reports, vec![EntityType::Role]),
    ]
}
