//! What a change refers to must be there, or come with it.

use countersign_core::approval::{Vote, VoteOutcome};
use countersign_core::catalog::EntityType;
use countersign_core::directory::{Group, MimRight, Proxy, RightOver, User};
use countersign_core::grant::Grant;
use countersign_core::repository::Change;
use countersign_core::request::{CertificateRequest, ParentLink, Request, RequestDetails, RequestStatus};
use countersign_core::rule::{Approver, Beneficiaries, RequestRule};
use countersign_core::template::{Audience, ProfileTemplate};

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{assert_same, assert_sound, commit, export, new_request, next_state, people, user_change};

/// Nobody and nothing has this number.
const NOTHING: u64 = 404;

fn over_nobody() -> Vec<RightOver> {
    vec![RightOver { right: MimRight::Audit, subject: sample::principal(NOTHING) }]
}

/// User 3, who names somebody who is not there, each time in another place.
fn users() -> Vec<Change> {
    let (nobody, user) = (sample::user_id(NOTHING), sample::user(3));
    let proxies = vec![Proxy { user: nobody, start: sample::time(0), end: None }];
    let users = [
        User { manager: Some(nobody), ..user.clone() },
        User { stand_in: Some(nobody.into()), ..user.clone() },
        User { proxies, ..user.clone() },
        User { rights: over_nobody(), ..user },
    ];
    users.map(|user| user_change(None, user)).to_vec()
}

/// Things other than users and requests that name something that is not there.
fn others() -> Vec<Change> {
    let nobody = sample::principal(NOTHING);
    let none = Change::default;
    let group = sample::group(1, &[nobody]);
    let holder = Group { rights: over_nobody(), ..sample::group(1, &[]) };
    let hidden = ProfileTemplate { readers: Audience::Principals(vec![nobody]), ..sample::template(2) };
    let mut unapproved = sample::template(2);
    unapproved.policies[0].approvers.push(nobody);
    let mut rule = sample::approval_rule(1);
    rule.stages[0].approvers.push(Approver::Principal(nobody));
    let asked = RequestRule { requesters: Audience::Principals(vec![nobody]), ..sample::request_rule(1) };
    let gets = RequestRule { beneficiaries: Beneficiaries::Principals(vec![nobody]), ..sample::request_rule(1) };
    let account = Some(i64::try_from(NOTHING).unwrap().try_into().unwrap());
    let lies = Grant { entity_type: EntityType::Entitlement, account, ..sample::grant(1, 1) };
    let profile = |owner, template| next_state(sample::profile(1, owner, template));
    let card = |owner, template| next_state(sample::smartcard(1, owner, template));
    vec![
        Change { groups: vec![next_state(group)], ..none() },
        Change { groups: vec![next_state(holder)], ..none() },
        Change { templates: vec![next_state(hidden)], ..none() },
        Change { templates: vec![next_state(unapproved)], ..none() },
        Change { approval_rules: vec![next_state(rule)], ..none() },
        Change { request_rules: vec![next_state(asked)], ..none() },
        Change { request_rules: vec![next_state(gets)], ..none() },
        Change { profiles: vec![profile(NOTHING, 1)], ..none() },
        Change { profiles: vec![profile(1, NOTHING)], ..none() },
        Change { smartcards: vec![card(NOTHING, 1)], ..none() },
        Change { smartcards: vec![card(1, NOTHING)], ..none() },
        Change { grants: vec![next_state(sample::grant(1, NOTHING))], ..none() },
        Change { grants: vec![next_state(lies)], ..none() },
    ]
}

fn with_certificate(edit: impl FnOnce(&mut CertificateRequest)) -> Request {
    let mut request = sample::certificate_request(2, 1, 2);
    if let RequestDetails::Certificate(certificate) = &mut request.details {
        edit(certificate);
    }
    request
}

/// Request 2, which names something that is not there, each time in another place.
fn requests() -> Vec<Request> {
    let (nobody, request) = (sample::principal(NOTHING), sample::certificate_request(2, 1, 2));
    let parent = Some(ParentLink { request: sample::request_id(NOTHING), ordinal: 1 });
    let waits = Request { depends_on: Some(sample::request_id(NOTHING)), ..request.clone() };
    let mut requests = vec![
        sample::certificate_request(2, NOTHING, 2),
        sample::certificate_request(2, 1, NOTHING),
        sample::access_request(2, 1, &[1, NOTHING]),
        with_certificate(|certificate| certificate.template = sample::template_id(NOTHING)),
        with_certificate(|certificate| certificate.agents = vec![nobody]),
        with_certificate(|certificate| certificate.auditors = vec![nobody]),
        Request { parent, ..request.clone() },
        sample::in_status(waits, RequestStatus::AwaitingDependency),
    ];
    let voted = |voter, represented: Option<u64>| Vote {
        voter: sample::user_id(voter),
        represented: represented.map(sample::user_id),
        outcome: VoteOutcome::Approve,
        at: sample::time(9),
        content_revision: 1,
        comment: None,
    };
    let asked = sample::task(1, sample::principal(2));
    let mut tasks = [(); 5].map(|()| asked.clone());
    tasks[0].assignee = nobody;
    tasks[1].delegate = Some(nobody);
    tasks[2].acquired_by = Some(sample::user_id(NOTHING));
    tasks[3].votes = vec![voted(NOTHING, None)];
    tasks[4].votes = vec![voted(2, Some(NOTHING))];
    let mut stages = tasks.map(|task| sample::stage(vec![task])).to_vec();
    let mut planned = sample::stage(Vec::new());
    planned.planned = vec![nobody];
    let mut managed = sample::stage(Vec::new());
    managed.managers_of = vec![sample::user_id(NOTHING)];
    stages.extend([planned, managed]);
    let pending = |stage| Request { stages: vec![stage], ..request.clone() };
    requests.extend(stages.into_iter().map(|stage| sample::in_status(pending(stage), RequestStatus::Pending)));
    requests
}

/// A change that refers to nothing is refused as an error, for nothing that could be read again would mend it, and
/// lands nothing; with what it refers to it lands.
pub async fn must_07_what_refers_to_nothing_does_not_land(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 2).await;
    let before = export(&*repository).await;
    let sound = new_request(sample::certificate_request(1, 1, 2)).requests;
    let requests = requests().into_iter().map(new_request);
    for change in users().into_iter().chain(others()).chain(requests) {
        let together = Change { requests: [sound.clone(), change.requests.clone()].concat(), ..change };
        let outcome = repository.commit(together.clone()).await;
        assert!(outcome.is_err(), "{outcome:?}: {together:?}");
        assert_same(&export(&*repository).await, &before);
    }
    let mut users = users().remove(0).users;
    users.extend(user_change(None, sample::user(NOTHING)).users);
    commit(&*repository, Change { users, ..Change::default() }).await;
    assert_sound(&*repository).await;
}
