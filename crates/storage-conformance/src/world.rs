//! Random worlds, and random questions about them: awkward names, texts with letters beyond ASCII,
//! with `%`, `_`, quotes and digits, moments that many things share.

use std::collections::BTreeSet;

use countersign_core::approval::{ApprovalTask, Stage, TaskState, Vote, VoteOutcome};
use countersign_core::bundle::Record;
use countersign_core::catalog::EntityType;
use countersign_core::clock::Timestamp;
use countersign_core::directory::{Group, User};
use countersign_core::filter::{
    Filter, RequestClause, StatusMatch, TaskClause, TextMatch, TimeMatch, TypeMatch, UserMatch,
};
use countersign_core::ids::{PrincipalId, RequestNumber};
use countersign_core::repository::Repository;
use countersign_core::request::{
    AccessOperation, ApprovedBy, Fulfilment, Request, RequestDetails, RequestStatus, Target,
};
use countersign_core::template::CertificateOperation;

use crate::model::World;
use crate::sample::{self, Random};
use crate::support::import;

const LOGINS: [&str; 8] = ["Ärger", "ärger-2", "O'Brien", "50%_off", "a_b\"c", "Straße", "ΟΔΥΣΣΕΥΣ", "ab12"];
const GROUPS: [&str; 3] = ["SYSTEM ADMINISTRATORS", "Équipe 100%", "ops_TEAM 'q'"];
const TEXTS: [&str; 12] = [
    "",
    "100 % sure",
    "100_percent",
    "1000 percent",
    "O'Brien \"quoted\" \\ back",
    "ÜBER alles",
    "über Alles 12",
    "STRASSE, straße",
    "Ελλάδα ΚΌΣΜΕ",
    "Жук и 😀",
    "a\nb\tc",
    "İstanbul ǅ",
];

/// How many users there are.
pub const PEOPLE: u64 = LOGINS.len() as u64;

impl World {
    /// A world with so many requests. Users 2 to 4 report to user 1, user 5 to user 2; user 8 is an
    /// administrator, users 1 and 2 are in group 2, which is in group 3.
    pub fn random(random: &mut Random, requests: u64) -> Self {
        let users = (1..).zip(LOGINS).map(|(n, login)| user(n, login)).collect();
        let members = [sample::principal(8)];
        let two = [sample::principal(1), sample::principal(2)];
        let three = [sample::group_principal(2)];
        let mut groups = vec![sample::administrators(1, &members), sample::group(2, &two), sample::group(3, &three)];
        for (group, name) in groups.iter_mut().zip(GROUPS) {
            group.name = name.to_owned();
        }
        let administrators = groups.first().map(|group: &Group| group.id);
        let requests = (1..=requests).map(|n| request(n, random)).collect();
        Self { users, groups, administrators, requests }
    }

    /// Puts all of it into an empty database.
    pub async fn settle(&self, repository: &dyn Repository) {
        let mut records = vec![Record::ProfileTemplate(sample::template(1))];
        records.extend(self.users.iter().cloned().map(Record::User));
        records.extend(self.groups.iter().cloned().map(Record::Group));
        records.extend(self.requests.iter().cloned().map(Box::new).map(Record::Request));
        import(repository, records).await;
    }
}

fn user(n: u64, login: &str) -> User {
    let manager = match n {
        2..=4 => Some(sample::user_id(1)),
        5 => Some(sample::user_id(2)),
        _ => None,
    };
    User { login: sample::login(login), manager, ..sample::user(n) }
}

/// One of the users, by its place.
pub fn person(random: &mut Random) -> u64 {
    1 + random.below(PEOPLE)
}

/// One of the users or groups.
pub fn anyone(random: &mut Random) -> PrincipalId {
    if random.once_in(3) { sample::group_principal(1 + random.below(3)) } else { sample::principal(person(random)) }
}

fn moment(random: &mut Random) -> Timestamp {
    sample::time(i64::try_from(random.below(40)).expect("small") * 500_000)
}

/// A request with that number, whatever else is in it.
pub fn request(n: u64, random: &mut Random) -> Request {
    let originator = person(random);
    let mut request = if random.once_in(2) {
        let others: BTreeSet<_> = (0..=random.below(3)).map(|_| person(random)).collect();
        sample::access_request(n, originator, &others.into_iter().collect::<Vec<_>>())
    } else {
        sample::certificate_request(n, originator, person(random))
    };
    match &mut request.details {
        RequestDetails::Access(access) => {
            access.operation = *random.pick(AccessOperation::ALL);
            access.targets.extend(random.once_in(2).then(|| target(random)));
        }
        RequestDetails::Certificate(certificate) => {
            certificate.operation = *random.pick(CertificateOperation::ALL);
            certificate.auditors.extend(random.once_in(4).then(|| anyone(random)));
        }
    }
    request.created = moment(random);
    request.modified = Some(sample::time(30_000_000 + i64::try_from(random.below(9)).expect("small") * 500_000));
    request.justification = (!random.once_in(4)).then(|| (*random.pick(&TEXTS)).to_owned());
    let status = if random.once_in(2) { RequestStatus::Pending } else { *random.pick(RequestStatus::ALL) };
    if status != RequestStatus::Draft && !random.once_in(5) {
        let stages = 1 + random.below(2);
        request.stages = (1..=stages).map(|at| stage(10 * n + 5 * at, status, random)).collect();
    }
    let mut request = sample::in_status(request, status);
    if status == RequestStatus::Canceled && request.stages.is_empty() && random.once_in(2) {
        request = sample::discarded(request);
    }
    if let countersign_core::request::RequestState::Approved { by } = &mut request.state {
        *by = *random.pick(ApprovedBy::ALL);
    }
    if let countersign_core::request::RequestState::Executing { fulfilment } = &mut request.state {
        *fulfilment = *random.pick(Fulfilment::ALL);
    }
    request
}

fn target(random: &mut Random) -> Target {
    Target {
        entity_type: *random.pick(&[EntityType::Entitlement, EntityType::ApplicationInstance]),
        entity_key: "8".to_owned().try_into().expect("a key"),
        entity_name: "Eight".to_owned(),
        parent_account: None,
        start: None,
        end: None,
        form: Vec::new(),
    }
}

fn stage(first: u64, status: RequestStatus, random: &mut Random) -> Stage {
    let mut tasks: Vec<_> = (0..=random.below(3)).map(|n| task(first + n, status, random)).collect();
    for task in tasks.iter_mut().skip(1) {
        task.parent = random.once_in(4).then(|| sample::task_id(first));
    }
    Stage { own_approval: random.once_in(3), ..sample::stage(tasks) }
}

fn task(n: u64, status: RequestStatus, random: &mut Random) -> ApprovalTask {
    let states: Vec<_> =
        TaskState::ALL.iter().copied().filter(|state| status == RequestStatus::Pending || !state.is_open()).collect();
    let state =
        if status == RequestStatus::Pending && random.once_in(2) { TaskState::Assigned } else { *random.pick(&states) };
    let voters: BTreeSet<_> = (0..random.below(3)).map(|_| person(random)).collect();
    let vote = |voter: u64, random: &mut Random| Vote {
        voter: sample::user_id(voter),
        represented: random.once_in(3).then(|| sample::user_id(person(random))),
        outcome: VoteOutcome::Approve,
        at: sample::time(30_000_000),
        content_revision: 1,
        comment: None,
    };
    ApprovalTask {
        title: format!("{}.", random.pick(&TEXTS)),
        state,
        acquired_by: random.once_in(3).then(|| sample::user_id(person(random))),
        created: moment(random),
        expires: random.once_in(2).then(|| moment(random)),
        delegate: random.once_in(3).then(|| anyone(random)),
        votes: voters.into_iter().map(|voter| vote(voter, random)).collect(),
        ..sample::task(n, anyone(random))
    }
}

/// A part of one of the texts that there are, its letters in another case.
fn text(random: &mut Random) -> TextMatch {
    let all: Vec<_> = TEXTS.iter().chain(&LOGINS).chain(&GROUPS).chain(&["%", "_", "__", "'", "nowhere"]).collect();
    let whole: Vec<_> = random.pick(&all).chars().collect();
    let from = if random.once_in(2) { 0 } else { at(random, whole.len()) };
    let until = if random.once_in(2) { whole.len() } else { from + at(random, whole.len() - from) };
    let part: String = whole[from..until].iter().collect();
    let part = match random.below(3) {
        0 => part.to_uppercase(),
        1 => part.to_lowercase(),
        _ => part,
    };
    match random.below(9) {
        0..=1 => TextMatch::Equals(part),
        2..=3 => TextMatch::Begins(part),
        4..=5 => TextMatch::Ends(part),
        6..=7 => TextMatch::Contains(part),
        _ => TextMatch::Present,
    }
}

fn at(random: &mut Random, length: usize) -> usize {
    usize::try_from(random.below(length as u64 + 1)).expect("an index")
}

fn digits(random: &mut Random) -> TextMatch {
    let text = random.pick(&["1", "10", "100", "1001", "02", "2", "_", "1%", "0", "11"]).to_string();
    random.pick(&[TextMatch::Equals, TextMatch::Contains, TextMatch::Begins, TextMatch::Ends])(text)
}

fn time(random: &mut Random) -> TimeMatch {
    let (from, until) = (moment(random), moment(random));
    let later = sample::time(30_000_000 + i64::try_from(random.below(9)).expect("small") * 500_000);
    match random.below(6) {
        0..=1 => TimeMatch::Within(from.min(until), later),
        2 => TimeMatch::Within(from.min(until), from.max(until)),
        3 => TimeMatch::Before(if random.once_in(2) { until } else { later }),
        4 => TimeMatch::From(if random.once_in(2) { from } else { later }),
        _ => TimeMatch::Present,
    }
}

fn people(random: &mut Random) -> Vec<UserMatch> {
    let one = |random: &mut Random| match random.below(4) {
        0 => UserMatch::Id(sample::user_id(person(random))),
        1 => UserMatch::Number(i64::try_from(100 + person(random)).expect("small").try_into().expect("positive")),
        2 => UserMatch::Login(TextMatch::Equals(random.pick(&LOGINS).to_uppercase())),
        _ => UserMatch::Login(text(random)),
    };
    (0..random.below(4)).map(|_| one(random)).collect()
}

fn states(random: &mut Random) -> Vec<StatusMatch> {
    let one = |random: &mut Random| StatusMatch {
        status: *random.pick(&[RequestStatus::ALL, &[RequestStatus::Approved, RequestStatus::Executing]].concat()),
        certificate: random.once_in(3).then(|| random.once_in(2)),
        approved_by: random.once_in(4).then(|| *random.pick(ApprovedBy::ALL)),
        fulfilment: random.once_in(4).then(|| *random.pick(Fulfilment::ALL)),
    };
    (0..random.below(5)).map(|_| one(random)).collect()
}

fn types(random: &mut Random) -> Vec<TypeMatch> {
    let one = |random: &mut Random| match random.below(2) {
        0 => TypeMatch::Access(*random.pick(AccessOperation::ALL)),
        _ => TypeMatch::Certificate(*random.pick(CertificateOperation::ALL)),
    };
    (0..random.below(9)).map(|_| one(random)).collect()
}

fn number(random: &mut Random) -> RequestNumber {
    i64::try_from(1000 + random.below(200)).expect("small").try_into().expect("positive")
}

/// A random clause about requests.
pub fn request_clause(random: &mut Random) -> RequestClause {
    match random.below(13) {
        0 => RequestClause::Number(number(random)),
        12 => RequestClause::NumberBelow(number(random)),
        1 => RequestClause::NumberText(digits(random)),
        2..=3 => RequestClause::Status(states(random)),
        4 => RequestClause::Type(types(random)),
        5 => RequestClause::Requester(people(random)),
        6 => RequestClause::Beneficiary(people(random)),
        7 => RequestClause::Created(time(random)),
        8 => RequestClause::Ended(time(random)),
        9..=10 => RequestClause::Justification(text(random)),
        _ => RequestClause::TargetType(*random.pick(EntityType::ALL)),
    }
}

/// A random clause about tasks.
pub fn task_clause(random: &mut Random) -> TaskClause {
    match random.below(11) {
        0 => TaskClause::Task(sample::task_id(10 * (1 + random.below(200)) + 5)),
        1 => TaskClause::State((0..random.below(4)).map(|_| *random.pick(TaskState::ALL)).collect()),
        2 => TaskClause::Title(text(random)),
        3 => TaskClause::Assignee(anyone(random)),
        4 => TaskClause::AssigneeName(text(random)),
        5 => TaskClause::AcquiredBy(people(random)),
        6 => TaskClause::Acquired(random.once_in(2)),
        7 => TaskClause::Created(time(random)),
        8 => TaskClause::Expires(time(random)),
        _ => TaskClause::Request(request_clause(random)),
    }
}

/// A random filter of such clauses, at most so deep.
pub fn filter<C>(random: &mut Random, depth: u32, clause: &dyn Fn(&mut Random) -> C) -> Filter<C> {
    let part = |random: &mut Random| filter(random, depth - 1, clause);
    match if depth == 0 { 0 } else { random.below(7) } {
        0..=1 => Filter::Clause(clause(random)),
        2..=3 => Filter::And((0..random.below(4)).map(|_| part(random)).collect()),
        4..=5 => Filter::Or((0..random.below(4)).map(|_| part(random)).collect()),
        _ => Filter::Not(Box::new(part(random))),
    }
}
