//! A bundle in which every member of every record is filled somewhere.

use countersign_core::approval::{
    ApprovalTask, Deadline, DeadlineAction, Staffing, Stage, TaskState, Vote, VoteOutcome,
};
use countersign_core::bundle::{Credential, Record, WebhookCredential};
use countersign_core::catalog::{EntityType, FulfilmentMethod};
use countersign_core::directory::{Group, MimRight, PasswordHash, Proxy, RightOver, User, UserStatus};
use countersign_core::event::{Channel, StreamKind};
use countersign_core::grant::{Grant, GrantStatus};
use countersign_core::ids::Revision;
use countersign_core::profile::{Profile, Smartcard, flags};
use countersign_core::request::{
    AccessOperation, CertificateRequest, DataItem, FormValue, ParentLink, Request, RequestDetails, RequestStatus,
    Target,
};
use countersign_core::rule::{ApprovalRule, Approver, Beneficiaries, EntityRef, RequestRule, StageRule};
use countersign_core::template::{
    Audience, CertificateOperation, DataItemDefinition, DataProvider, PolicyKind, ProfileTemplate, TemplateKind,
    WorkflowPolicy,
};
use countersign_core::webhook::{Webhook, WebhookPurpose};

use super::{
    Kind, access_request, administrators, approval_rule, catalog_item, certificate_request, grant, group,
    group_principal, id, in_status, principal, profile, request_id, request_rule, secret, smartcard, stage, task,
    task_id, template, time, user, user_id, webhook,
};

/// Records of every kind, with every member filled somewhere. Users 1 (who has left) to 5, groups
/// 1 (administrators) to 3, templates 1 and 2, requests 1 (certificate, approved after a vote), 2
/// (access, pending), 3 (a parent) with its children 4 and 5, and one more in each status; rules 1
/// to 4, grants 1 to 4, webhooks 1 and 2.
pub fn everything() -> Vec<Record> {
    let mut records: Vec<Record> = users().into_iter().map(Record::User).collect();
    records.extend(groups().into_iter().map(Record::Group));
    records.push(Record::Credential(credential()));
    records.extend([template(1), full_template()].map(Record::ProfileTemplate));
    records.extend([catalog_item(7), full_catalog_item()].map(Record::CatalogItem));
    records.extend([approval_rule(1), full_approval_rule()].map(Record::ApprovalRule));
    records.extend([request_rule(3), full_request_rule()].map(Record::RequestRule));
    records.extend(profiles().map(Record::Profile));
    records.extend(smartcards().map(Record::Smartcard));
    records.extend(requests().into_iter().map(Box::new).map(Record::Request));
    records.extend(grants().map(Record::Grant));
    records.extend([webhook(1), full_webhook()].map(Record::Webhook));
    let credential = WebhookCredential { webhook: webhook(2).id, secret: secret(2) };
    records.push(Record::WebhookSecret(credential));
    records
}

fn users() -> Vec<User> {
    let full = User {
        display_name: "Zoë “Z” O'Brien 😀".to_owned(),
        email: Some("zoe@example.org".to_owned()),
        manager: Some(user_id(2)),
        status: UserStatus::Disabled,
        stand_in: Some(principal(3)),
        proxies: vec![
            Proxy { user: user_id(4), start: time(5), end: Some(time(6)) },
            Proxy { user: user_id(2), start: time(-7), end: None },
        ],
        rights: vec![
            RightOver { right: MimRight::Audit, subject: principal(2) },
            RightOver { right: MimRight::RequestRecover, subject: group_principal(2) },
        ],
        revision: Revision(3),
        ..user(1)
    };
    std::iter::once(full).chain((2..=5).map(user)).collect()
}

fn groups() -> Vec<Group> {
    let rights = vec![RightOver { right: MimRight::EnrollmentAgent, subject: principal(5) }];
    vec![
        administrators(1, &[principal(2)]),
        Group { rights, ..group(2, &[principal(3), group_principal(3)]) },
        group(3, &[principal(4), principal(1)]),
    ]
}

fn credential() -> Credential {
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g".to_owned();
    Credential { user: user_id(2), hash: PasswordHash::try_from(hash).expect("a PHC text") }
}

fn full_template() -> ProfileTemplate {
    let item = |name: &str, provider| DataItemDefinition {
        name: name.to_owned(),
        description: "Why?".to_owned(),
        required: true,
        default_value: Some("none".to_owned()),
        provider,
    };
    let policy = WorkflowPolicy {
        policy: PolicyKind::Recover,
        enabled: true,
        self_service: false,
        approvals_needed: 2,
        agent_required: true,
        own_approval: true,
        collect_comments: true,
        collect_priority: true,
        default_priority: 9,
        initiators: vec![principal(3), group_principal(2)],
        approvers: vec![group_principal(2), principal(4)],
        agents: vec![principal(5)],
        auditors: vec![group_principal(3)],
        data_items: vec![item("Reason", DataProvider::Subscriber), item("Badge", DataProvider::CertificateManager)],
    };
    ProfileTemplate {
        description: "A card".to_owned(),
        template_kind: TemplateKind::VirtualSmartcard,
        version: 46,
        readers: Audience::Principals(vec![principal(3), group_principal(2)]),
        enrollers: Audience::Principals(vec![group_principal(3)]),
        policies: vec![policy],
        ..template(2)
    }
}

fn full_catalog_item() -> countersign_core::catalog::CatalogItem {
    countersign_core::catalog::CatalogItem {
        entity_type: EntityType::Entitlement,
        description: "50 % of _all_".to_owned(),
        application: Some("Ünïx".to_owned().try_into().expect("a key")),
        fulfilment: Some(FulfilmentMethod::Manual),
        requestable: false,
        ..catalog_item(8)
    }
}

fn full_approval_rule() -> ApprovalRule {
    let entity =
        |entity_type, key: &str| EntityRef { entity_type, entity_key: key.to_owned().try_into().expect("a key") };
    let deadline = |then, renewals| Some(Deadline { seconds: u32::MAX, then, renewals });
    let stage = |name: &str, approvers, deadline| StageRule {
        name: name.to_owned(),
        title: "50 % 'done'".to_owned(),
        quorum: 2,
        approvers,
        deadline,
    };
    ApprovalRule {
        name: "Rule “two”".to_owned(),
        ordinal: -3,
        enabled: false,
        operations: vec![AccessOperation::ProvisionEntitlement, AccessOperation::AssignRoles],
        entity_types: vec![EntityType::Role, EntityType::Entitlement],
        entities: vec![entity(EntityType::Role, "7"), entity(EntityType::Entitlement, "8")],
        stages: vec![
            stage("manager", vec![Approver::BeneficiaryManager, Approver::RequesterManager], None),
            stage(
                "people",
                vec![
                    Approver::Principal(group_principal(2)),
                    Approver::Administrators,
                    Approver::Principal(principal(3)),
                ],
                deadline(DeadlineAction::Renew, 3),
            ),
            stage("last", vec![Approver::Administrators], deadline(DeadlineAction::Expire, 0)),
        ],
        own_approval: true,
        revision: Revision(5),
        ..approval_rule(2)
    }
}

fn full_request_rule() -> RequestRule {
    RequestRule {
        name: "Helpdesk".to_owned(),
        enabled: false,
        requesters: Audience::Principals(vec![group_principal(3), principal(2)]),
        beneficiaries: Beneficiaries::Principals(vec![principal(5), group_principal(2)]),
        entity_types: vec![EntityType::ApplicationInstance, EntityType::Role],
        revision: Revision(2),
        ..request_rule(4)
    }
}

/// A role; an account; an entitlement in it that request 5 gave; a role that was taken away.
fn grants() -> [Grant; 4] {
    let account = Grant { entity_type: EntityType::ApplicationInstance, status: GrantStatus::Disabled, ..grant(2, 4) };
    let entitlement = Grant {
        entity_type: EntityType::Entitlement,
        account: Some(account.number),
        end: Some(time(9_000_000_000_007)),
        request: Some(request_id(5)),
        revision: Revision(3),
        ..grant(3, 4)
    };
    let ended = Grant { status: GrantStatus::Ended, end: Some(time(4_000_000)), ..grant(4, 3) };
    [grant(1, 3), account, entitlement, ended]
}

fn full_webhook() -> Webhook {
    Webhook {
        url: "http://127.0.0.1:9/path?x=%20&y='".to_owned(),
        purpose: WebhookPurpose::Fulfil,
        enabled: false,
        streams: vec![StreamKind::Request, StreamKind::Grant],
        revision: Revision(2),
        ..webhook(2)
    }
}

fn profiles() -> [Profile; 2] {
    let full = Profile {
        smartcard: Some(id(Kind::Smartcard, 1).into()),
        flags: flags::TEMPORARY,
        parent: Some(id(Kind::Profile, 1).into()),
        primary: Some(id(Kind::Profile, 99).into()),
        comment: "left in a train".to_owned(),
        ..profile(2, 2, 2)
    };
    [profile(1, 2, 1), full]
}

fn smartcards() -> [Smartcard; 2] {
    let full = Smartcard {
        parent: Some(id(Kind::Smartcard, 2).into()),
        primary: Some(id(Kind::Smartcard, 98).into()),
        permanent: Some(id(Kind::Smartcard, 99).into()),
        comment: "spare".to_owned(),
        middleware: "Other".to_owned(),
        ..smartcard(1, 2, 2)
    };
    [full, smartcard(2, 3, 2)]
}

fn requests() -> Vec<Request> {
    let parent =
        in_status(Request { has_children: true, ..access_request(3, 2, &[3, 4]) }, RequestStatus::AwaitingChildren);
    let child = |n: u64, ordinal, status| {
        let link = ParentLink { request: request_id(3), ordinal };
        in_status(Request { parent: Some(link), ..access_request(n, 2, &[n - 1]) }, status)
    };
    let mut requests = vec![
        full_certificate(),
        full_access(),
        parent,
        child(4, 1, RequestStatus::Completed),
        Request {
            depends_on: Some(request_id(4)),
            failure: Some("the directory does not answer".to_owned()),
            ..child(5, 2, RequestStatus::Executing)
        },
    ];
    let each = (10..).zip(RequestStatus::ALL).map(|(n, status)| in_status(certificate_request(n, 2, 3), *status));
    requests.extend(each);
    requests
}

fn full_certificate() -> Request {
    let mut decided = task(1, group_principal(2));
    decided.state = TaskState::Completed;
    decided.acquired_by = Some(user_id(3));
    decided.expires = Some(time(9_000_000_000_001));
    decided.votes = vec![Vote {
        voter: user_id(3),
        represented: Some(user_id(1)),
        outcome: VoteOutcome::Approve,
        at: time(61_000_007),
        content_revision: 2,
        comment: Some("seen her badge".to_owned()),
    }];
    let details = CertificateRequest {
        operation: CertificateOperation::Recover,
        template: super::template_id(2),
        smartcard: true,
        agent_required: true,
        target: user_id(5),
        priority: 255,
        comment: "lost".to_owned(),
        data_items: vec![
            DataItem { name: "Reason".to_owned(), value: Some("100 %".to_owned()), provider: DataProvider::Subscriber },
            DataItem { name: "Badge".to_owned(), value: None, provider: DataProvider::CertificateManager },
        ],
        old_profile: Some(id(Kind::Profile, 1).into()),
        new_profile: Some(id(Kind::Profile, 2).into()),
        old_smartcard: Some(id(Kind::Smartcard, 2).into()),
        new_smartcard: Some(id(Kind::Smartcard, 1).into()),
        agents: vec![principal(5), group_principal(3)],
        auditors: vec![group_principal(3)],
        security_descriptor: Some("O:S-1-5-21-1D:(A;;RC;;;WD)".to_owned()),
    };
    Request {
        details: RequestDetails::Certificate(details),
        channel: Channel::Mim,
        justification: Some("the card is gone".to_owned()),
        modified: Some(time(61_000_007)),
        stages: vec![stage(vec![decided])],
        revision: Revision(4),
        content_revision: 2,
        ..in_status(certificate_request(1, 2, 5), RequestStatus::Approved)
    }
}

/// One with a deadline; one that is claimed; one that waits, with a delegate, for the next, which
/// somebody who has left still holds.
fn full_tasks() -> Vec<ApprovalTask> {
    vec![
        ApprovalTask { expires: Some(time(8_000_000_000_001)), renewals: 2, ..task(2, principal(5)) },
        ApprovalTask { acquired_by: Some(user_id(4)), ..task(3, group_principal(3)) },
        ApprovalTask {
            state: TaskState::Suspended,
            suspended: Some(time(4_000_003)),
            delegate: Some(principal(3)),
            ..task(4, group_principal(2))
        },
        ApprovalTask { parent: Some(task_id(4)), ..task(5, principal(1)) },
    ]
}

fn full_access() -> Request {
    let mut request = in_status(access_request(2, 3, &[4, 2]), RequestStatus::Pending);
    let entitlement = Target {
        entity_type: EntityType::Entitlement,
        entity_key: "8".to_owned().try_into().expect("a key"),
        entity_name: "abc_meaning%".to_owned(),
        parent_account: Some("acc-1".to_owned()),
        start: Some(time(1)),
        end: Some(time(2)),
        form: vec![
            FormValue { name: "reason".to_owned(), value: "a,b:c".to_owned() },
            FormValue { name: "cost centre".to_owned(), value: String::new() },
        ],
    };
    if let RequestDetails::Access(access) = &mut request.details {
        access.operation = AccessOperation::Heterogeneous;
        access.targets.push(entitlement);
    }
    let planned = vec![principal(2), group_principal(1)];
    let deadline = Some(Deadline { seconds: 86_400, then: DeadlineAction::Escalate, renewals: 0 });
    let title = "Grant “50 %”".to_owned();
    let managers_of = vec![user_id(3)];
    let begun = stage(Vec::new());
    let next = Stage { index: None, quorum: 2, title, own_approval: true, deadline, planned, managers_of, ..begun };
    let begun = Stage { staffing: Staffing::AdministratorsAdded, ..stage(full_tasks()) };
    request.stages = vec![begun, next];
    request.channel = Channel::Oig;
    request
}
