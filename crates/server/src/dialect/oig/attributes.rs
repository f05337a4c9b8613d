//! The attributes of the two views, and what the clauses on them mean
//! (`spec/oig-requests.md` A.1 and E, decision 24).

use countersign_core::approval::TaskState;
use countersign_core::filter::{Filter, RequestClause, RequestFilter, TaskClause, TaskFilter, TextMatch, TimeMatch};

use super::q::{Clause, Expression, Operator, Test};
use super::{values, words};
use crate::dialect::Fault;

/// The attributes of one view. Names are known in any case.
pub(super) trait Attribute: Copy + 'static {
    /// What a clause on one becomes.
    type Clause;

    /// The view.
    const VIEW: &'static str;
    /// Every attribute by its name.
    const NAMES: &'static [(&'static str, Self)];
    /// The other names.
    const ALIASES: &'static [(&'static str, Self)];

    /// What it means that the attribute has a value.
    fn present(self) -> Filter<Self::Clause>;

    /// What a comparison means that is none of `ne`; or what is wrong with it.
    fn compare(self, operator: Operator, value: &str) -> Result<Filter<Self::Clause>, String>;

    /// The attribute by one of its names; or what is wrong with that.
    fn named(name: &str) -> Result<Self, String> {
        let mut known = Self::NAMES.iter().chain(Self::ALIASES);
        known.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, attribute)| *attribute).ok_or_else(|| {
            let names: Vec<_> = Self::NAMES.iter().map(|(name, _)| *name).collect();
            format!("{} has no attribute of this name; it has {}", Self::VIEW, names.join(", "))
        })
    }
}

/// An attribute of the view trackRequests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestAttribute {
    /// `id`: the request's number.
    Id,
    /// `reqStatus`.
    Status,
    /// `requester`: who asked, by number or login.
    Requester,
    /// `reqCreatedOn`.
    Created,
    /// `reqExpireOn`: when the request ended.
    Ended,
    /// `reqType`.
    Type,
    /// `reqJustification`.
    Justification,
    /// `reqBeneficiaryList`: for whom, by number or login.
    Beneficiary,
}

impl Attribute for RequestAttribute {
    type Clause = RequestClause;

    const VIEW: &'static str = "trackRequests";

    const NAMES: &'static [(&'static str, Self)] = &[
        ("id", Self::Id),
        ("reqStatus", Self::Status),
        ("requester", Self::Requester),
        ("reqCreatedOn", Self::Created),
        ("reqExpireOn", Self::Ended),
        ("reqType", Self::Type),
        ("reqJustification", Self::Justification),
        ("reqBeneficiaryList", Self::Beneficiary),
    ];

    /// The last one is 11g's own spelling (`spec/oig-requests.md` H-1).
    const ALIASES: &'static [(&'static str, Self)] = &[
        ("requestStatus", Self::Status),
        ("status", Self::Status),
        ("requesterId", Self::Requester),
        ("beneficiary", Self::Beneficiary),
        ("beneficiaryId", Self::Beneficiary),
        ("reqBenefiiciaryList", Self::Beneficiary),
    ];

    fn present(self) -> RequestFilter {
        match self {
            Self::Ended => Filter::Clause(RequestClause::Ended(TimeMatch::Present)),
            Self::Justification => Filter::Clause(RequestClause::Justification(TextMatch::Present)),
            // Every request has these.
            Self::Id | Self::Status | Self::Requester | Self::Created | Self::Type | Self::Beneficiary => {
                values::always()
            }
        }
    }

    fn compare(self, operator: Operator, value: &str) -> Result<RequestFilter, String> {
        match self {
            Self::Id => values::number(operator, value),
            Self::Status => Ok(one_of(words::statuses(operator, value)?, RequestClause::Status)),
            Self::Type => Ok(one_of(words::types(operator, value)?, RequestClause::Type)),
            Self::Requester => Ok(Filter::Clause(RequestClause::Requester(values::person(operator, value)?))),
            Self::Beneficiary => Ok(Filter::Clause(RequestClause::Beneficiary(values::person(operator, value)?))),
            Self::Justification => Ok(Filter::Clause(RequestClause::Justification(values::text(operator, value)?))),
            Self::Created => values::date(operator, value, RequestClause::Created),
            Self::Ended => values::date(operator, value, RequestClause::Ended),
        }
    }
}

/// An attribute of the view pendingApprovals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskAttribute {
    /// `id`: the number of the task's request.
    Id,
    /// `title`.
    Title,
    /// `creator`: who asked for the request, by login or number.
    Creator,
    /// `taskId`.
    Task,
    /// `state`: the task's.
    State,
    /// `status`: the request's.
    Status,
    /// `assignee`: a user by login, a group by name.
    Assignee,
    /// `created`: when the task was made.
    Created,
    /// `acquiredBy`: who claimed it, by login or number.
    AcquiredBy,
    /// `expires`: the task's deadline.
    Expires,
}

impl Attribute for TaskAttribute {
    type Clause = TaskClause;

    const VIEW: &'static str = "pendingApprovals";

    const NAMES: &'static [(&'static str, Self)] = &[
        ("id", Self::Id),
        ("title", Self::Title),
        ("creator", Self::Creator),
        ("taskId", Self::Task),
        ("state", Self::State),
        ("status", Self::Status),
        ("assignee", Self::Assignee),
        ("created", Self::Created),
        ("acquiredBy", Self::AcquiredBy),
        ("expires", Self::Expires),
    ];

    const ALIASES: &'static [(&'static str, Self)] = &[];

    fn present(self) -> TaskFilter {
        match self {
            Self::AcquiredBy => Filter::Clause(TaskClause::Acquired(true)),
            Self::Expires => Filter::Clause(TaskClause::Expires(TimeMatch::Present)),
            // Every task has these.
            Self::Id
            | Self::Title
            | Self::Creator
            | Self::Task
            | Self::State
            | Self::Status
            | Self::Assignee
            | Self::Created => values::always(),
        }
    }

    fn compare(self, operator: Operator, value: &str) -> Result<TaskFilter, String> {
        match self {
            Self::Id => RequestAttribute::Id.compare(operator, value).map(about_request),
            Self::Creator => RequestAttribute::Requester.compare(operator, value).map(about_request),
            Self::Status => RequestAttribute::Status.compare(operator, value).map(about_request),
            Self::Title => Ok(Filter::Clause(TaskClause::Title(values::text(operator, value)?))),
            Self::Assignee => Ok(Filter::Clause(TaskClause::AssigneeName(values::text(operator, value)?))),
            Self::AcquiredBy => Ok(Filter::Clause(TaskClause::AcquiredBy(values::person(operator, value)?))),
            Self::Task => values::task(operator, value),
            Self::Created => values::date(operator, value, TaskClause::Created),
            Self::Expires => values::date(operator, value, TaskClause::Expires),
            Self::State => Ok(match words::states(operator, value)? {
                None => values::always(),
                Some(states) => one_of(states, TaskClause::State),
            }),
        }
    }
}

/// What is asked for of the tasks: in which states (`None`: in any), and what else they must meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TaskCondition {
    /// The states.
    pub(super) states: Option<Vec<TaskState>>,
    /// The rest.
    pub(super) filter: Option<TaskFilter>,
}

impl TaskCondition {
    /// What a filter of pendingApprovals means. Without one the tasks are assigned ones; any clause
    /// switches that off.
    pub(super) fn of(expression: Option<&Expression>) -> Result<Self, Fault> {
        let Some(expression) = expression else {
            return Ok(Self { states: Some(vec![TaskState::Assigned]), filter: None });
        };
        let mut split: Vec<_> = alternatives::<TaskAttribute>(expression)?.into_iter().map(Self::together).collect();
        Ok(if split.len() == 1 { split.remove(0) } else { Self::either(split) })
    }

    /// Clauses that hold together. Those on the state stand apart, for the index of tasks begins with it.
    fn together(clauses: Vec<TaskFilter>) -> Self {
        let mut states: Option<Vec<TaskState>> = None;
        let mut rest = Vec::new();
        for clause in clauses {
            match clause {
                Filter::Clause(TaskClause::State(named)) => match &mut states {
                    Some(states) => states.retain(|state| named.contains(state)),
                    None => states = Some(named),
                },
                Filter::And(none) if none.is_empty() => {}
                clause => rest.push(clause),
            }
        }
        Self { states, filter: if rest.is_empty() { None } else { Some(all(rest)) } }
    }

    /// Alternatives: together they reach as far as the states that they name, if each names some.
    fn either(alternatives: Vec<Self>) -> Self {
        let named: Option<Vec<_>> = alternatives.iter().map(|alternative| alternative.states.clone()).collect();
        let states = named.map(|named| {
            let mut states = named.concat();
            states.sort_unstable();
            states.dedup();
            states
        });
        let by_state_alone = alternatives.iter().all(|alternative| alternative.filter.is_none());
        let unbounded = alternatives.contains(&Self { states: None, filter: None });
        let filter = || Filter::Or(alternatives.into_iter().map(Self::whole).collect());
        Self { states, filter: if by_state_alone || unbounded { None } else { Some(filter()) } }
    }

    /// The same with the states among the clauses.
    fn whole(self) -> TaskFilter {
        let states = self.states.map(|states| one_of(states, TaskClause::State));
        all(states.into_iter().chain(self.filter).collect())
    }
}

/// What a filter of trackRequests means.
pub(super) fn request_filter(expression: &Expression) -> Result<RequestFilter, Fault> {
    Ok(any(alternatives::<RequestAttribute>(expression)?))
}

fn alternatives<A: Attribute>(expression: &Expression) -> Result<Vec<Vec<Filter<A::Clause>>>, Fault> {
    let together = |clauses: &Vec<Clause>| clauses.iter().map(meaning::<A>).collect();
    expression.alternatives.iter().map(together).collect()
}

fn meaning<A: Attribute>(clause: &Clause) -> Result<Filter<A::Clause>, Fault> {
    let meant = A::named(&clause.attribute).and_then(|attribute| match &clause.test {
        Test::Present => Ok(attribute.present()),
        Test::Compare(Operator::NotEquals, value) => {
            Ok(Filter::Not(Box::new(attribute.compare(Operator::Equals, value)?)))
        }
        Test::Compare(operator, value) => attribute.compare(*operator, value),
    });
    meant.map_err(|reason| clause.place.refuse(reason))
}

fn any<C>(alternatives: Vec<Vec<Filter<C>>>) -> Filter<C> {
    let mut filters: Vec<_> = alternatives.into_iter().map(all).collect();
    if filters.len() == 1 { filters.remove(0) } else { Filter::Or(filters) }
}

fn all<C>(mut clauses: Vec<Filter<C>>) -> Filter<C> {
    if clauses.len() == 1 { clauses.remove(0) } else { Filter::And(clauses) }
}

/// The clause on a set; nothing is in the empty one.
fn one_of<T, C>(set: Vec<T>, clause: fn(Vec<T>) -> C) -> Filter<C> {
    if set.is_empty() { values::never() } else { Filter::Clause(clause(set)) }
}

/// The same about a task's request. What is given is one comparison, and never deep.
fn about_request(filter: RequestFilter) -> TaskFilter {
    let each = |filters: Vec<RequestFilter>| filters.into_iter().map(about_request).collect();
    match filter {
        Filter::Clause(clause) => Filter::Clause(TaskClause::Request(clause)),
        Filter::And(filters) => Filter::And(each(filters)),
        Filter::Or(filters) => Filter::Or(each(filters)),
        Filter::Not(filter) => Filter::Not(Box::new(about_request(*filter))),
    }
}

#[cfg(test)]
#[path = "attributes_tests.rs"]
mod tests;
