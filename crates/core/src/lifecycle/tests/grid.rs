//! Every command from every state.

use super::cast::*;
use crate::approval::TaskState;
use crate::lifecycle::{Command, CommandKind, Edit, TaskRef};
use crate::request::{ApprovedBy, Fulfilment, Outcome, Request, RequestState, RequestStatus};

use CommandKind as C;
use RequestStatus as S;

/// From which states each command means something (`spec/oig-requests.md` A.8, C.5 and
/// `spec/mim-cm.md` D.2), written down apart from the table that is tested.
const MEANS_SOMETHING: [(CommandKind, &[RequestStatus]); 28] = [
    (C::Submit, &[S::Draft, S::Submitted]),
    (C::Edit, &[S::Draft, S::Pending]),
    (C::Approve, &[S::Pending]),
    (C::Reject, &[S::Pending]),
    (C::Claim, &[S::Pending]),
    (C::Release, &[S::Pending]),
    (C::Reassign, &[S::Pending]),
    (C::Delegate, &[S::Pending]),
    (C::Escalate, &[S::Pending]),
    (C::Suspend, &[S::Pending]),
    (C::Resume, &[S::Pending]),
    (C::Save, &[S::Pending]),
    (C::CreateSubtask, &[S::Pending]),
    (C::Skip, &[S::Pending]),
    (C::Withdraw, &[S::Draft, S::Pending]),
    (C::Cancel, &[S::Pending, S::Approved, S::Executing]),
    (
        C::Close,
        &[
            S::Submitted,
            S::Pending,
            S::Approved,
            S::AwaitingChildren,
            S::AwaitingDependency,
            S::Scheduled,
            S::Executing,
        ],
    ),
    (C::Abandon, &[S::Approved, S::Executing]),
    (C::Begin, &[S::Approved, S::Executing]),
    (C::Bind, &[S::Approved, S::Executing]),
    (C::Complete, &[S::Approved, S::Executing, S::Completed]),
    (C::Fail, &[S::Executing]),
    (C::Stumble, &[S::Executing]),
    (C::Retry, &[S::Executing]),
    (C::Wake, &[S::Pending, S::Scheduled]),
    (C::DependencyEnded, &[S::AwaitingDependency]),
    (C::ChildrenEnded, &[S::AwaitingChildren]),
    (C::Recount, &[S::Pending]),
];

/// A command of that kind, with somebody who may give it.
pub(super) fn sample(kind: CommandKind) -> (By, Command) {
    let task = TaskRef::First;
    let to = principals(&[STRANGER]);
    let (by, command) = match kind {
        C::Submit => (ORIGINATOR, Command::Submit { stages: vec![stage(1, &[ANN])] }),
        C::Edit => (ORIGINATOR, Command::Edit(Edit { justification: Some("because".to_owned()), ..Edit::default() })),
        C::Approve => (ANN, approve()),
        C::Reject => (ANN, reject()),
        C::Claim => (ANN, Command::Claim { task }),
        C::Release => (ANN, Command::Release { task }),
        C::Reassign => (ANN, Command::Reassign { task, to, comment: None }),
        C::Delegate => (ANN, Command::Delegate { task, to, comment: None }),
        C::Escalate => (ANN, Command::Escalate { task, comment: None }),
        C::Suspend => (ANN, Command::Suspend { task, comment: None }),
        C::Resume => (ANN, Command::Resume { task, comment: None }),
        C::Save => (ANN, Command::Save { task, comment: Some("hm".to_owned()), edit: Edit::default() }),
        C::CreateSubtask => (ANN, Command::CreateSubtask { task, to, comment: None }),
        C::Skip => (ADMIN, Command::Skip { task, comment: None }),
        C::Withdraw => (ORIGINATOR, Command::Withdraw { reason: None }),
        C::Cancel => (ORIGINATOR, Command::Cancel { reason: None }),
        C::Close => (ADMIN, Command::Close { reason: None }),
        C::Abandon => (TARGET, Command::Abandon { reason: None }),
        C::Begin => (TARGET, Command::Begin),
        C::Bind => (TARGET, Command::Bind { profile: Some(uuid::Uuid::from_u128(70).into()), smartcard: None }),
        C::Complete => (TARGET, Command::Complete),
        C::Fail => return (By::Fulfiller, Command::Fail { reason: "broken".to_owned() }),
        C::Stumble => return (By::Fulfiller, Command::Stumble { reason: "later".to_owned() }),
        C::Retry => (ADMIN, Command::Retry),
        C::Wake => return (By::Worker, Command::Wake),
        C::DependencyEnded => return (By::Worker, Command::DependencyEnded),
        C::ChildrenEnded => return (By::Worker, Command::ChildrenEnded { ended: [2, 0, 0, 0, 0, 0] }),
        C::Recount => return (By::Worker, Command::Recount),
    };
    (By::User(by), command)
}

fn state(status: RequestStatus) -> RequestState {
    let outcome = match status {
        S::Draft => return RequestState::Draft,
        S::Submitted => return RequestState::Submitted,
        S::Pending => return RequestState::Pending,
        S::Approved => return RequestState::Approved { by: ApprovedBy::Automatic },
        S::AwaitingChildren => return RequestState::AwaitingChildren,
        S::AwaitingDependency => return RequestState::AwaitingDependency,
        S::Scheduled => return RequestState::Scheduled,
        S::Executing => return RequestState::Executing { fulfilment: Fulfilment::Manual },
        S::Completed => Outcome::Completed,
        S::PartiallyFailed => Outcome::PartiallyFailed,
        S::Failed => Outcome::Failed,
        S::Denied => Outcome::Denied,
        S::Canceled => Outcome::Canceled,
        S::Closed => Outcome::Closed,
    };
    RequestState::Ended { outcome, at: at(0) }
}

/// A request in `status` that lacks nothing for a command of `kind` but, perhaps, the state.
pub(super) fn ready(status: RequestStatus, kind: CommandKind, like: Request) -> Story {
    let stages = if status == S::Submitted || status == S::Pending { vec![stage(1, &[APPROVERS])] } else { Vec::new() };
    let like = Request { stages, ..like };
    let mut story = if status == S::Pending { Story::submitted(like) } else { Story::of(like) };
    story.request.state = state(status);
    if kind == C::Retry {
        story.request.failure = Some("it was broken".to_owned());
    }
    for task in story.request.stages.iter_mut().flat_map(|stage| &mut stage.tasks) {
        match kind {
            C::Release => task.acquired_by = Some(user(ANN)),
            C::Resume => task.state = TaskState::Suspended,
            _ => {}
        }
    }
    story
}

const fn of_certificates(kind: CommandKind) -> bool {
    matches!(kind, C::Cancel | C::Abandon | C::Begin | C::Bind | C::Complete)
}

#[test]
fn a_command_does_what_it_does_or_names_the_state_that_forbids_it() {
    assert_eq!(MEANS_SOMETHING.map(|(kind, _)| kind), CommandKind::ALL);
    let mut cells = 0;
    for (kind, from) in MEANS_SOMETHING {
        for status in RequestStatus::ALL.iter().copied() {
            let like = if of_certificates(kind) { certificate() } else { access() };
            let mut story = ready(status, kind, like);
            let (by, command) = sample(kind);
            let result = story.does(by, command);
            if from.contains(&status) {
                assert!(result.is_ok(), "{kind:?} from {status:?}: {result:?}");
            } else {
                let found =
                    matches!(result, Err(crate::lifecycle::Refusal::State { status: told, .. }) if told == status);
                assert!(found, "{kind:?} from {status:?}: {result:?}");
                assert_eq!(story.status(), status);
            }
            cells += 1;
        }
    }
    assert_eq!(cells, 28 * 14);
}

#[test]
fn only_completing_what_is_completed_is_no_refusal_on_a_final_request() {
    for kind in CommandKind::ALL {
        let (by, command) = sample(*kind);
        let mut story = ready(S::Completed, *kind, certificate());
        let before = story.request.clone();
        let result = story.does(by, command);
        assert_eq!(result.is_ok(), *kind == C::Complete, "{kind:?}");
        assert_eq!(story.request, before);
    }
    let mut story = ready(S::Completed, C::Complete, certificate());
    assert!(is_not_allowed(&story.user(STRANGER, Command::Complete)), "not even that by anybody");
}
