//! How far a request is: its state, with what belongs to each state and no other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::coded::coded_enum;

coded_enum! {
    /// How far a request is, without the particulars of [`RequestState`].
    pub enum RequestStatus {
        /// In the cart, not submitted.
        Draft = 1 "draft",
        /// Submitted, approval not yet begun.
        Submitted = 2 "submitted",
        /// Waits for approval.
        Pending = 3 "pending",
        /// Approved; waits for its executor.
        Approved = 4 "approved",
        /// Waits for its child requests.
        AwaitingChildren = 5 "awaitingChildren",
        /// Waits for another request.
        AwaitingDependency = 6 "awaitingDependency",
        /// Waits for its start date.
        Scheduled = 7 "scheduled",
        /// Being carried out.
        Executing = 8 "executing",
        /// Ended well.
        Completed = 9 "completed",
        /// Ended well for some of its children or targets.
        PartiallyFailed = 10 "partiallyFailed",
        /// Ended badly.
        Failed = 11 "failed",
        /// Refused by an approver.
        Denied = 12 "denied",
        /// Taken back.
        Canceled = 13 "canceled",
        /// Ended by an administrator.
        Closed = 14 "closed",
    }
}

impl RequestStatus {
    /// Whether nothing can change any more.
    pub const fn is_final(self) -> bool {
        self.code() >= Self::Completed.code()
    }
}

coded_enum! {
    /// How a request came to be approved (decision 19).
    pub enum ApprovedBy {
        /// By votes.
        Votes = 1 "votes",
        /// Because no vote was needed.
        Automatic = 2 "automatic",
    }
}

coded_enum! {
    /// Who carries a request out (decision 19).
    pub enum Fulfilment {
        /// A program.
        Automatic = 1 "automatic",
        /// A person, who marks it done.
        Manual = 2 "manual",
    }
}

coded_enum! {
    /// How a request ended.
    pub enum Outcome {
        /// Well.
        Completed = 9 "completed",
        /// Well for some of its children or targets.
        PartiallyFailed = 10 "partiallyFailed",
        /// Badly.
        Failed = 11 "failed",
        /// Refused by an approver.
        Denied = 12 "denied",
        /// Taken back.
        Canceled = 13 "canceled",
        /// Ended by an administrator.
        Closed = 14 "closed",
    }
}

/// How far a request is, with what belongs to each state and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "camelCase", deny_unknown_fields)]
pub enum RequestState {
    /// In the cart, not submitted.
    Draft,
    /// Submitted, approval not yet begun.
    Submitted,
    /// Waits for approval.
    Pending,
    /// Approved; waits for its executor.
    Approved {
        /// How it came to be approved.
        by: ApprovedBy,
    },
    /// Waits for its child requests.
    AwaitingChildren,
    /// Waits for another request.
    AwaitingDependency,
    /// Waits for its start date.
    Scheduled,
    /// Being carried out.
    Executing {
        /// By whom.
        fulfilment: Fulfilment,
    },
    /// Over.
    Ended {
        /// How.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
    /// Thrown out of the cart. It counts as canceled, and stays its owner's alone as the draft was.
    Discarded {
        /// When.
        at: Timestamp,
    },
}

/// The particular of a canceled request that never left the cart.
const DISCARDED: i16 = 1;

impl RequestState {
    /// The state without its particulars.
    pub const fn status(self) -> RequestStatus {
        match self {
            Self::Draft => RequestStatus::Draft,
            Self::Submitted => RequestStatus::Submitted,
            Self::Pending => RequestStatus::Pending,
            Self::Approved { .. } => RequestStatus::Approved,
            Self::AwaitingChildren => RequestStatus::AwaitingChildren,
            Self::AwaitingDependency => RequestStatus::AwaitingDependency,
            Self::Scheduled => RequestStatus::Scheduled,
            Self::Executing { .. } => RequestStatus::Executing,
            Self::Ended { outcome, .. } => match outcome {
                Outcome::Completed => RequestStatus::Completed,
                Outcome::PartiallyFailed => RequestStatus::PartiallyFailed,
                Outcome::Failed => RequestStatus::Failed,
                Outcome::Denied => RequestStatus::Denied,
                Outcome::Canceled => RequestStatus::Canceled,
                Outcome::Closed => RequestStatus::Closed,
            },
            Self::Discarded { .. } => RequestStatus::Canceled,
        }
    }

    /// Whether the request is in the cart, or never left it.
    pub const fn is_cart(self) -> bool {
        matches!(self, Self::Draft | Self::Discarded { .. })
    }

    /// The particular of the state as a storage code: how approved, how carried out, or that it never left
    /// the cart.
    pub const fn detail(self) -> Option<i16> {
        match self {
            Self::Approved { by } => Some(by.code()),
            Self::Executing { fulfilment } => Some(fulfilment.code()),
            Self::Discarded { .. } => Some(DISCARDED),
            _ => None,
        }
    }

    /// How the request ended.
    pub const fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Ended { outcome, .. } => Some(outcome),
            Self::Discarded { .. } => Some(Outcome::Canceled),
            _ => None,
        }
    }

    /// When the request ended.
    pub const fn ended(self) -> Option<Timestamp> {
        match self {
            Self::Ended { at, .. } | Self::Discarded { at } => Some(at),
            _ => None,
        }
    }

    /// The state that is stored as these three; `None` if they do not belong together.
    pub fn from_parts(status: RequestStatus, detail: Option<i16>, ended: Option<Timestamp>) -> Option<Self> {
        let state = match (status, detail, ended) {
            (RequestStatus::Approved, Some(code), None) => Self::Approved { by: ApprovedBy::from_code(code)? },
            (RequestStatus::Executing, Some(code), None) => {
                Self::Executing { fulfilment: Fulfilment::from_code(code)? }
            }
            (RequestStatus::Draft, None, None) => Self::Draft,
            (RequestStatus::Submitted, None, None) => Self::Submitted,
            (RequestStatus::Pending, None, None) => Self::Pending,
            (RequestStatus::AwaitingChildren, None, None) => Self::AwaitingChildren,
            (RequestStatus::AwaitingDependency, None, None) => Self::AwaitingDependency,
            (RequestStatus::Scheduled, None, None) => Self::Scheduled,
            (RequestStatus::Canceled, Some(DISCARDED), Some(at)) => Self::Discarded { at },
            (status, None, Some(at)) => Self::Ended { outcome: Outcome::from_code(status.code())?, at },
            _ => return None,
        };
        Some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states() -> Vec<RequestState> {
        let at = Timestamp::from_micros(1).unwrap();
        let mut states = vec![
            RequestState::Draft,
            RequestState::Submitted,
            RequestState::Pending,
            RequestState::AwaitingChildren,
            RequestState::AwaitingDependency,
            RequestState::Scheduled,
        ];
        states.extend(ApprovedBy::ALL.iter().map(|by| RequestState::Approved { by: *by }));
        states.extend(Fulfilment::ALL.iter().map(|fulfilment| RequestState::Executing { fulfilment: *fulfilment }));
        states.push(RequestState::Discarded { at });
        states.extend(Outcome::ALL.iter().map(|outcome| RequestState::Ended { outcome: *outcome, at }));
        states
    }

    #[test]
    fn every_state_is_stored_and_read_back() {
        for state in states() {
            assert_eq!(RequestState::from_parts(state.status(), state.detail(), state.ended()), Some(state));
            let text = serde_json::to_string(&state).unwrap();
            assert_eq!(serde_json::from_str::<RequestState>(&text).unwrap(), state, "{text}");
            assert_eq!(state.status().is_final(), state.ended().is_some());
        }
    }

    #[test]
    fn parts_that_do_not_belong_together_are_no_state() {
        let at = Timestamp::from_micros(1);
        for status in RequestStatus::ALL {
            for detail in [None, Some(1), Some(3)] {
                for ended in [None, at] {
                    let known = states()
                        .iter()
                        .any(|state| (state.status(), state.detail(), state.ended()) == (*status, detail, ended));
                    let read = RequestState::from_parts(*status, detail, ended);
                    assert_eq!(read.is_some(), known, "{status:?} {detail:?} {ended:?}");
                }
            }
        }
    }
}
