//! What the indexes can do for a filter: the states that it leaves, and the keys by which
//! everything that meets it can be found.

use std::collections::BTreeSet;

use countersign_core::approval::TaskState;
use countersign_core::filter::{Filter, RequestClause, RequestFilter, TaskClause, TaskFilter, UserMatch};
use countersign_core::ids::{RequestNumber, TaskId};
use countersign_core::request::RequestStatus;

/// The states in which something can meet a filter.
struct Pin<S> {
    states: BTreeSet<S>,
    /// Whether everything in these states meets it.
    exact: bool,
}

impl<S: Copy + Ord> Pin<S> {
    fn any(all: &[S]) -> Self {
        Self { states: all.iter().copied().collect(), exact: false }
    }

    fn of<C>(filter: &Filter<C>, all: &[S], clause: &dyn Fn(&C) -> Option<Self>) -> Self {
        match filter {
            Filter::Clause(one) => clause(one).unwrap_or_else(|| Self::any(all)),
            Filter::And(parts) => {
                let everything = Self { exact: true, ..Self::any(all) };
                parts.iter().map(|part| Self::of(part, all, clause)).fold(everything, |left, right| Self {
                    states: &left.states & &right.states,
                    exact: left.exact && right.exact,
                })
            }
            Filter::Or(parts) => {
                let nothing = Self { states: BTreeSet::new(), exact: true };
                parts.iter().map(|part| Self::of(part, all, clause)).fold(nothing, |left, right| Self {
                    states: &left.states | &right.states,
                    exact: left.exact && right.exact,
                })
            }
            Filter::Not(part) => match Self::of(part, all, clause) {
                Self { states, exact: true } => Self { states: &Self::any(all).states - &states, exact: true },
                _ => Self::any(all),
            },
        }
    }
}

/// A filter of which the states have been taken out.
pub(crate) struct Narrowed<S, C> {
    /// Only these states are left; `None` is every one.
    pub(crate) states: Option<Vec<S>>,
    /// What must be checked besides.
    pub(crate) rest: Option<Filter<C>>,
}

fn narrow<S: Copy + Ord, C: Clone>(
    wanted: Option<&[S]>,
    filter: Option<&Filter<C>>,
    all: &[S],
    clause: &dyn Fn(&C) -> Option<Pin<S>>,
) -> Narrowed<S, C> {
    let Some(filter) = filter else { return Narrowed { states: wanted.map(<[S]>::to_vec), rest: None } };
    let pin = Pin::of(filter, all, clause);
    let states = all.iter().copied().filter(|state| pin.states.contains(state));
    let states = states.filter(|state| wanted.is_none_or(|wanted| wanted.contains(state))).collect();
    let rest = match filter {
        _ if pin.exact => None,
        Filter::And(parts) => {
            let left = parts.iter().filter(|part| !Pin::of(part, all, clause).exact);
            Some(Filter::And(left.cloned().collect()))
        }
        other => Some(other.clone()),
    };
    Narrowed { states: Some(states), rest }
}

/// Takes the statuses out of a filter of requests.
pub(crate) fn by_status(
    wanted: Option<&[RequestStatus]>,
    filter: Option<&RequestFilter>,
) -> Narrowed<RequestStatus, RequestClause> {
    narrow(wanted, filter, RequestStatus::ALL, &|clause| match clause {
        RequestClause::Status(states) => Some(Pin {
            states: states.iter().map(|state| state.status).collect(),
            exact: states
                .iter()
                .all(|state| state.certificate.is_none() && state.approved_by.is_none() && state.fulfilment.is_none()),
        }),
        _ => None,
    })
}

/// Takes the states out of a filter of tasks.
pub(crate) fn by_state(wanted: Option<&[TaskState]>, filter: Option<&TaskFilter>) -> Narrowed<TaskState, TaskClause> {
    narrow(wanted, filter, TaskState::ALL, &|clause| match clause {
        TaskClause::State(states) => Some(Pin { states: states.iter().copied().collect(), exact: true }),
        _ => None,
    })
}

/// By what requests can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestKey<'a> {
    Number(RequestNumber),
    Requester(&'a UserMatch),
    Beneficiary(&'a UserMatch),
}

/// By what tasks can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskKey {
    Task(TaskId),
    Number(RequestNumber),
}

/// Keys of which at least one leads to whatever meets the filter; `None` if there are no such keys.
/// Of several sets the one of the least weight is taken.
fn keys<'a, C, K>(
    filter: &'a Filter<C>,
    clause: &dyn Fn(&'a C) -> Option<Vec<K>>,
    weight: &dyn Fn(&K) -> usize,
) -> Option<Vec<K>> {
    match filter {
        Filter::Clause(one) => clause(one),
        Filter::And(parts) => {
            let sets = parts.iter().filter_map(|part| keys(part, clause, weight));
            sets.min_by_key(|set| set.iter().map(weight).sum::<usize>())
        }
        Filter::Or(parts) => {
            let sets: Option<Vec<_>> = parts.iter().map(|part| keys(part, clause, weight)).collect();
            sets.map(|sets| sets.into_iter().flatten().collect())
        }
        Filter::Not(_) => None,
    }
}

/// The keys of a filter of requests.
pub(crate) fn request_keys(filter: &RequestFilter) -> Option<Vec<RequestKey<'_>>> {
    keys(
        filter,
        &|clause| match clause {
            RequestClause::Number(number) => Some(vec![RequestKey::Number(*number)]),
            RequestClause::Requester(users) => Some(users.iter().map(RequestKey::Requester).collect()),
            RequestClause::Beneficiary(users) => Some(users.iter().map(RequestKey::Beneficiary).collect()),
            _ => None,
        },
        &|key| match key {
            RequestKey::Number(_) => 1,
            RequestKey::Requester(_) | RequestKey::Beneficiary(_) => 1000,
        },
    )
}

/// The keys of a filter of tasks.
pub(crate) fn task_keys(filter: &TaskFilter) -> Option<Vec<TaskKey>> {
    keys(
        filter,
        &|clause| match clause {
            TaskClause::Task(task) => Some(vec![TaskKey::Task(*task)]),
            TaskClause::Request(RequestClause::Number(number)) => Some(vec![TaskKey::Number(*number)]),
            _ => None,
        },
        &|_| 1,
    )
}
