//! Random lives of requests: whatever is asked of them, by whomever, in whatever order, they keep
//! the rules that every story is held to (see `invariants`).

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::cast::*;
use super::grid::sample;
use crate::approval::{Deadline, DeadlineAction, Stage};
use crate::catalog::FulfilmentMethod;
use crate::lifecycle::table::{TRANSITIONS, allows};
use crate::lifecycle::{Command, CommandKind, Decision, Edit, RequestEvent, TargetEdit, TaskRef, apply};
use crate::request::{CertificateRequest, Outcome, Request, RequestDetails, RequestState, RequestStatus};

use CommandKind as C;

/// Dice for one step: which command, by whom, on what.
#[derive(Clone, Debug)]
struct Step {
    kind: u16,
    actor: usize,
    /// Whether none of the likely ones tries when the actor is refused.
    alone: bool,
    place: usize,
    to: Vec<usize>,
    seconds: i64,
    world: u16,
}

fn step() -> impl Strategy<Value = Step> {
    let dice = (any::<u16>(), 0..12_usize, prop::bool::weighted(0.2), 0..64_usize, vec(0..13_usize, 1..4), 0..40_i64);
    (dice, any::<u16>()).prop_map(|((kind, actor, alone, place, to, seconds), world)| Step {
        kind,
        actor,
        alone,
        place,
        to,
        seconds,
        world,
    })
}

fn everyone_and_every_group() -> Vec<u128> {
    EVERYBODY.iter().copied().chain(GROUPS.iter().map(|(group, _)| *group)).collect()
}

fn some_stage() -> impl Strategy<Value = Stage> {
    let planned = vec(prop::sample::select(vec![ANN, BEN, CAT, MANAGER, PROXY, APPROVERS, ADMINISTRATORS]), 1..4);
    let deadline = prop::option::of((prop::sample::select(DeadlineAction::ALL), 0..3_u16));
    (1..4_u16, planned, prop::bool::weighted(0.2), deadline).prop_map(|(quorum, planned, own_approval, deadline)| {
        Stage {
            own_approval,
            deadline: deadline.map(|(then, renewals)| Deadline { seconds: 100, then, renewals }),
            ..stage(quorum, &planned)
        }
    })
}

fn some_request() -> impl Strategy<Value = Request> {
    let agents = CertificateRequest { agent_required: true, ..certificate_details() };
    let like = prop::sample::select(vec![access(), access(), bulk(), certificate(), certificate_of(agents), card()]);
    let rest = (
        prop::sample::select(vec![ORIGINATOR, ANN, PROXY, ADMIN]),
        vec(some_stage(), 0..3),
        any::<bool>(),
        prop::bool::weighted(0.3),
        prop::option::weighted(0.3, 0..200_i64),
    );
    (like, rest).prop_map(|(like, (originator, stages, draft, dependent, start))| {
        let mut request = Request { originator: user(originator), stages, ..like };
        if draft {
            request.state = RequestState::Draft;
        }
        if let RequestDetails::Access(access) = &mut request.details {
            access.targets[0].start = start.map(at);
            request.depends_on = dependent.then(|| uuid::Uuid::from_u128(902).into());
        }
        request
    })
}

/// What other commands need before them, asked for more often than those that end a request.
const FORWARD: [CommandKind; 8] =
    [C::Submit, C::Approve, C::Skip, C::Claim, C::Suspend, C::Begin, C::Stumble, C::DependencyEnded];

/// The kind of command of a step. Mostly one that means something in the request's state.
fn kind(story: &Story, step: &Step) -> CommandKind {
    let meant = |kinds: &[CommandKind]| -> Vec<CommandKind> {
        kinds.iter().copied().filter(|kind| allows(story.status(), *kind)).collect()
    };
    let kinds = match step.kind % 10 {
        0 => C::ALL.to_vec(),
        1..5 => meant(&FORWARD),
        _ => meant(C::ALL),
    };
    let kinds = if kinds.is_empty() { C::ALL.to_vec() } else { kinds };
    kinds[usize::from(step.kind / 10) % kinds.len()]
}

fn command(story: &Story, step: &Step) -> Command {
    let kind = kind(story, step);
    let ids = task_ids(&story.request);
    let task = if step.place.is_multiple_of(3) || ids.is_empty() {
        TaskRef::First
    } else {
        TaskRef::Id(ids[step.place % ids.len()])
    };
    let all = everyone_and_every_group();
    let to = || step.to.iter().map(|at| principal(all[*at])).collect::<Vec<_>>();
    let comment = || step.place.is_multiple_of(2).then(|| "a remark".to_owned());
    let reason = || "it is so".to_owned();
    match kind {
        C::Submit => Command::Submit { stages: story.request.stages.clone() },
        C::Edit => Command::Edit(edit(story, step)),
        C::Approve => Command::Approve(vote(story, step, task)),
        C::Reject => Command::Reject(vote(story, step, task)),
        C::Claim => Command::Claim { task },
        C::Release => Command::Release { task },
        C::Reassign => Command::Reassign { task, to: to(), comment: comment() },
        C::Delegate => Command::Delegate { task, to: to()[..1].to_vec(), comment: comment() },
        C::Escalate => Command::Escalate { task, comment: comment() },
        C::Suspend => Command::Suspend { task, comment: comment() },
        C::Resume => Command::Resume { task, comment: comment() },
        C::Save => Command::Save { task, comment: comment(), edit: edit(story, step) },
        C::CreateSubtask => Command::CreateSubtask { task, to: to(), comment: comment() },
        C::Skip => Command::Skip { task, comment: comment() },
        C::Withdraw => Command::Withdraw { reason: comment() },
        C::Cancel => Command::Cancel { reason: comment() },
        C::Close => Command::Close { reason: comment() },
        C::Abandon => Command::Abandon { reason: comment() },
        C::Begin => Command::Begin,
        C::Bind => Command::Bind {
            profile: step.place.is_multiple_of(2).then(|| uuid::Uuid::from_u128(70).into()),
            smartcard: step.place.is_multiple_of(3).then(|| uuid::Uuid::from_u128(80).into()),
        },
        C::Complete => Command::Complete,
        C::Fail => Command::Fail { reason: reason() },
        C::Stumble => Command::Stumble { reason: reason() },
        C::Retry => Command::Retry,
        C::Wake => Command::Wake,
        C::DependencyEnded => Command::DependencyEnded,
        C::ChildrenEnded => {
            let mut ended = [0; Outcome::ALL.len()];
            step.to.iter().for_each(|one| ended[one % Outcome::ALL.len()] += 1);
            Command::ChildrenEnded { ended }
        }
        C::Recount => Command::Recount,
    }
}

fn vote(story: &Story, step: &Step, task: TaskRef) -> Decision {
    let seen = (!step.place.is_multiple_of(5)).then_some(story.request.content_revision);
    let answers = if step.place == 1 { vec![answer("badge", &step.seconds.to_string())] } else { Vec::new() };
    Decision { task, comment: None, seen, answers }
}

fn edit(story: &Story, step: &Step) -> Edit {
    let justification = step.place.is_multiple_of(2).then(|| format!("because of {}", step.seconds));
    match &story.request.details {
        RequestDetails::Certificate(_) => {
            let answers = vec![answer("reason", &step.seconds.to_string()), answer("badge", &step.seconds.to_string())];
            Edit { justification, targets: Vec::new(), answers }
        }
        RequestDetails::Access(access) => {
            let target = &access.targets[0];
            let target = TargetEdit {
                entity_type: target.entity_type,
                entity_key: target.entity_key.clone(),
                start: None,
                end: Some(at(300 + step.seconds / 20)),
                form: Vec::new(),
            };
            Edit { justification, targets: vec![target], answers: Vec::new() }
        }
    }
}

/// A step that happened: from which state, by which command, to which state.
type Taken = (RequestStatus, CommandKind, RequestStatus);

/// Plays the steps, until two after the end; those that happened.
fn live(story: &mut Story, steps: &[Step]) -> Vec<Taken> {
    let mut taken = Vec::new();
    let mut after_the_end = 0;
    for step in steps {
        after_the_end += usize::from(story.status().is_final());
        if after_the_end > 2 {
            break;
        }
        taken.extend(play(story, step));
    }
    taken
}

/// Plays one step; the command that happened, with the states before and after it.
fn play(story: &mut Story, step: &Step) -> Option<Taken> {
    let outcomes = [None, Some(Outcome::Completed), Some(Outcome::Denied)];
    story.world.seconds += step.seconds;
    story.world.fulfilment = FulfilmentMethod::ALL[usize::from(step.world % 3)];
    story.world.dependency = outcomes[usize::from(step.world / 3 % 3)];
    story.world.left =
        EVERYBODY.iter().copied().filter(|id| (u128::from(step.world) + id).is_multiple_of(13)).collect();
    let command = command(story, step);
    let anybody: Vec<By> = EVERYBODY.iter().map(|id| By::User(*id)).chain([By::Worker, By::Fulfiller]).collect();
    let mut tries = vec![anybody[step.actor]];
    if !step.alone {
        tries.push(sample(command.kind()).0);
        tries.extend([ADMIN, ANN, BEN, MANAGER].map(By::User));
    }
    let from = story.status();
    let happened = tries.into_iter().any(|by| story.does(by, command.clone()).is_ok());
    happened.then(|| (from, command.kind(), story.status()))
}

/// Deals a life: the request, whether there are administrators, what is asked of it.
fn life(steps: usize) -> impl Strategy<Value = (Request, bool, Vec<Step>)> {
    (some_request(), prop::bool::weighted(0.9), vec(step(), 1..steps))
}

fn begin(request: Request, has_administrators: bool) -> Story {
    Story::within(World { has_administrators, ..World::new() }, request)
}

fn replayed(story: &Story) -> Request {
    let mut request = access();
    for (event, at) in &story.events {
        apply(&mut request, event, *at);
    }
    request.revision = story.request.revision;
    request
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_commands_breaks_a_rule((request, administrators, steps) in life(60)) {
        let mut story = begin(request, administrators);
        live(&mut story, &steps);
        prop_assert_eq!(replayed(&story), story.request);
        let ended = story.events.iter().filter(|(event, _)| matches!(event, RequestEvent::Ended { .. })).count();
        prop_assert!(ended <= 1);
    }
}

/// The table promises no more than what happens: every step from one state to another that stands in
/// it is taken. That none is taken that does not stand in it, every story checks.
#[test]
fn every_transition_of_the_table_happens() {
    let promised: BTreeSet<_> = TRANSITIONS
        .iter()
        .flat_map(|row| row.from.iter().flat_map(|from| row.to.iter().map(|to| (*from, row.command, *to))))
        .collect();
    let mut runner = TestRunner::deterministic();
    let mut taken = BTreeSet::new();
    for _ in 0..20_000 {
        let (request, administrators, steps) = life(25).new_tree(&mut runner).unwrap().current();
        taken.extend(live(&mut begin(request, administrators), &steps));
        if taken == promised {
            return;
        }
    }
    let missing: Vec<_> = promised.difference(&taken).collect();
    panic!("never seen: {missing:?}");
}
