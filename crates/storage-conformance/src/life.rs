//! Requests that are lived through, event by event.

use countersign_core::approval::{TaskState, Vote, VoteOutcome};
use countersign_core::clock::Timestamp;
use countersign_core::event::{Channel, NewEvent};
use countersign_core::ids::Revision;
use countersign_core::lifecycle::{RequestEvent, apply};
use countersign_core::repository::{AggregateChange, Repository};
use countersign_core::request::{ApprovedBy, Fulfilment, Outcome, Request, RequestState};

use crate::sample::{self, Random};
use crate::support::{commit, only};

/// The change that `events` make, at one moment.
pub(crate) fn happen(before: Option<&Request>, events: &[RequestEvent], at: Timestamp) -> AggregateChange<Request> {
    let mut state = match (before, events.first()) {
        (Some(before), _) => before.clone(),
        (None, Some(RequestEvent::Created(made))) => (**made).clone(),
        _ => panic!("a request begins with its making"),
    };
    events.iter().for_each(|event| apply(&mut state, event, at));
    state.revision = before.map_or(Revision::FIRST, |before| before.revision.next());
    let salts = &mut Random::new(state.revision.0.unsigned_abs());
    let seal = |event: &RequestEvent| {
        NewEvent::seal(event.kind(), at, Some(state.originator), Channel::Oig, event.data_at(state.revision), salts)
    };
    let events = events.iter().map(seal).collect();
    AggregateChange { expected: before.map(|before| before.revision), state, events }
}

/// A request with its whole life: made, claimed, approved with a remark, carried out; eight events.
///
/// # Panics
/// Where a step does not land.
pub async fn live(repository: &dyn Repository, n: u64) -> Request {
    let task = sample::task(10 * n, sample::group_principal(2));
    let vote = Vote {
        voter: sample::user_id(4),
        represented: None,
        outcome: VoteOutcome::Approve,
        at: sample::time(90_000_001),
        content_revision: 1,
        comment: Some("seen 'her' “badge”".to_owned()),
    };
    let mut made = sample::certificate_request(n, 2, 3);
    made.state = RequestState::Submitted;
    made.justification = Some("the old one is lost".to_owned());
    made.stages = vec![sample::stage(Vec::new())];
    made.stages[0].planned = vec![sample::group_principal(2)];
    let staffing = made.stages[0].staffing;
    let id = task.id;
    let steps = [
        vec![
            RequestEvent::Created(Box::new(made.clone())),
            RequestEvent::StageBegun { stage: 0, tasks: vec![task], staffing },
        ],
        vec![RequestEvent::Claimed { task: id, by: sample::user_id(4) }],
        vec![
            RequestEvent::Voted { task: id, vote, state: TaskState::Completed },
            RequestEvent::Approved { by: ApprovedBy::Votes },
        ],
        vec![RequestEvent::Begun { fulfilment: Fulfilment::Automatic }],
        vec![
            RequestEvent::Stumbled { reason: "nobody answers".to_owned() },
            RequestEvent::Ended { outcome: Outcome::Completed, at: sample::time(95_000_000), reason: None },
        ],
    ];
    let times = [made.created, sample::time(89_000_000), sample::time(90_000_001), sample::time(94_000_000)];
    let mut last: Option<Request> = None;
    for (step, at) in steps.iter().zip(times.into_iter().chain([sample::time(95_000_000)])) {
        let change = happen(last.as_ref(), step, at);
        last = Some(change.state.clone());
        commit(repository, only(change)).await;
    }
    last.unwrap()
}
