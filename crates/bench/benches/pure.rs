//! The pure parts: what a decision, a filter, a printed request and an event's bytes cost, without a database or a
//! network.

use std::collections::BTreeMap;
use std::hint::black_box;

use countersign_core::approval::ApprovalTask;
use countersign_core::catalog::FulfilmentMethod;
use countersign_core::directory::{Caller, DirectoryVersion, PrincipalName};
use countersign_core::event::{Channel, EventKind, Hash, NewEvent, link, state_data};
use countersign_core::lifecycle::{Actor, Command, Context, Decision, Ids, Next, People, TaskRef, Voters, decide};
use countersign_core::request::{Request, RequestStatus};
use countersign_core::service::RequestView;
use countersign_server::pure;
use countersign_storage_conformance::sample::{self, Random};
use criterion::{Criterion, criterion_group, criterion_main};
use uuid::Uuid;

/// A filter with an attribute of each kind.
const FILTER: &str =
    "reqStatus co wait and requester eq u000017 or reqCreatedOn ge 2026-01-01T00:00:00Z and id ge 1000";

/// The same id each time: nothing is stored.
struct OneId;

impl Ids for OneId {
    fn next(&self) -> Uuid {
        sample::task_id(99).as_uuid()
    }
}

fn pending(mut request: Request) -> Request {
    let tasks: Vec<ApprovalTask> = (1..=3).map(|n| sample::task(n, sample::principal(n + 3))).collect();
    request.stages = vec![sample::stage(tasks)];
    sample::in_status(request, RequestStatus::Pending)
}

fn caller(n: u64) -> Caller {
    let user = sample::user(n);
    Caller {
        user: user.id,
        number: user.number,
        login: user.login,
        principals: vec![sample::principal(n)],
        represents: Vec::new(),
        directory: DirectoryVersion::default(),
    }
}

fn view(request: Request) -> RequestView {
    let name = |n: u64| {
        let user = sample::user(n);
        let (number, login, display_name) = (user.number, user.login, user.display_name);
        (sample::principal(n), PrincipalName::User { number, login, display_name, manager: None, stand_in: None })
    };
    let names: BTreeMap<_, _> = (1..=6).map(name).collect();
    RequestView { request, children: Vec::new(), names, administrators: None, template_name: Some("Badge".to_owned()) }
}

fn decisions(criterion: &mut Criterion) {
    let request = pending(sample::certificate_request(1, 2, 3));
    let caller = caller(4);
    let voters = Voters { named: 3, with_administrators: 3 };
    let people = People { voters: BTreeMap::from([(0, voters)]), ..People::default() };
    let context = Context {
        now: sample::time(60_000_000),
        actor: Actor::Person(&caller),
        people: &people,
        next: Next { fulfilment: FulfilmentMethod::Immediate, dependency: None },
        ids: &OneId,
    };
    let decision = Decision { task: TaskRef::First, comment: None, seen: Some(1), answers: Vec::new() };
    let command = Command::Approve(decision);
    assert!(decide(&request, &command, &context).is_ok_and(|decided| !decided.events.is_empty()), "an approval");
    criterion.bench_function("decide", |bencher| {
        bencher.iter(|| decide(black_box(&request), black_box(&command), &context));
    });
}

fn filters(criterion: &mut Criterion) {
    assert!(pure::oig_filter(FILTER), "the filter can be read");
    criterion.bench_function("q filter", |bencher| bencher.iter(|| pure::oig_filter(black_box(FILTER))));
}

fn views(criterion: &mut Criterion) {
    let certificate = view(pending(sample::certificate_request(1, 2, 3)));
    let access = view(pending(sample::access_request(1, 2, &[3])));
    let mut group = criterion.benchmark_group("json");
    group.bench_function("mim", |bencher| bencher.iter(|| pure::mim_request(black_box(&certificate))));
    group.bench_function("oig", |bencher| bencher.iter(|| pure::oig_request(black_box(&access))));
    group.bench_function("oig 11g", |bencher| bencher.iter(|| pure::oig_request_11g(black_box(&access))));
    group.bench_function("native", |bencher| bencher.iter(|| pure::native_request(black_box(&access))));
    group.finish();
}

fn events(criterion: &mut Criterion) {
    let request = pending(sample::certificate_request(1, 2, 3));
    let seal = |request: &Request| {
        let salts = &mut Random::new(7);
        let actor = Some(request.originator);
        NewEvent::seal(EventKind::Changed, request.created, actor, Channel::Native, state_data(request), salts)
    };
    criterion.bench_function("canonical event bytes", |bencher| bencher.iter(|| seal(black_box(&request))));
    let event = seal(&request);
    criterion.bench_function("event hash", |bencher| {
        bencher.iter(|| link(request.id.as_uuid(), 1, &Hash::ZERO, black_box(&event.bytes)));
    });
}

criterion_group!(benches, decisions, filters, views, events);
criterion_main!(benches);
