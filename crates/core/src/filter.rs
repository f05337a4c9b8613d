//! Filters of lists: what the clauses of a query mean, free of any dialect's words.
//!
//! Status, type and title clauses have become sets of core values before they come here
//! (decision 24): nothing is matched against a text that a dialect prints.

use crate::approval::TaskState;
use crate::catalog::EntityType;
use crate::clock::Timestamp;
use crate::ids::{PrincipalId, RequestNumber, TaskId, UserId, UserNumber};
use crate::request::{AccessOperation, ApprovedBy, Fulfilment, RequestStatus};
use crate::template::CertificateOperation;

/// A condition: clauses joined by and, or, not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter<C> {
    /// One clause.
    Clause(C),
    /// Every one holds; of none, true.
    And(Vec<Filter<C>>),
    /// At least one holds; of none, false.
    Or(Vec<Filter<C>>),
    /// It does not hold.
    Not(Box<Filter<C>>),
}

/// How a text is compared. Letters are compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextMatch {
    /// Is this.
    Equals(String),
    /// Holds this.
    Contains(String),
    /// Begins with this.
    Begins(String),
    /// Ends with this.
    Ends(String),
    /// Is there.
    Present,
}

/// How a point in time is compared. Dialects print seconds: a bound is the second's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeMatch {
    /// From the first until before the second.
    Within(Timestamp, Timestamp),
    /// Before this.
    Before(Timestamp),
    /// At this or after it.
    From(Timestamp),
    /// Is there.
    Present,
}

/// One of the states that a status word stands for: a status, with its particulars where they matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusMatch {
    /// The status.
    pub status: RequestStatus,
    /// Of access requests only, or of certificate requests only; `None` is both.
    pub certificate: Option<bool>,
    /// How an approved request came to be approved; `None` is either way.
    pub approved_by: Option<ApprovedBy>,
    /// Who carries an executing request out; `None` is anybody.
    pub fulfilment: Option<Fulfilment>,
}

/// What a type word stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeMatch {
    /// An access request of this operation.
    Access(AccessOperation),
    /// A certificate request of this operation.
    Certificate(CertificateOperation),
}

/// Which user a clause names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserMatch {
    /// The user by this id.
    Id(UserId),
    /// The user by this number.
    Number(UserNumber),
    /// A user whose login meets this.
    Login(TextMatch),
}

/// A clause about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestClause {
    /// Its number is this.
    Number(RequestNumber),
    /// Its number is less than this.
    NumberBelow(RequestNumber),
    /// Its number, as decimal digits, meets this.
    NumberText(TextMatch),
    /// It is in one of these states.
    Status(Vec<StatusMatch>),
    /// It is of one of these types.
    Type(Vec<TypeMatch>),
    /// One of these asked for it.
    Requester(Vec<UserMatch>),
    /// It is for one of these.
    Beneficiary(Vec<UserMatch>),
    /// When it was submitted.
    Created(TimeMatch),
    /// When it ended.
    Ended(TimeMatch),
    /// Why it was asked for.
    Justification(TextMatch),
    /// One of its targets is of this type.
    TargetType(EntityType),
}

/// A clause about an approval task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskClause {
    /// The task is this one.
    Task(TaskId),
    /// It is in one of these states.
    State(Vec<TaskState>),
    /// Its title meets this.
    Title(TextMatch),
    /// Its assignee is this principal.
    Assignee(PrincipalId),
    /// Its assignee's name meets this: the login of a user, the name of a group.
    AssigneeName(TextMatch),
    /// It was claimed by one of these.
    AcquiredBy(Vec<UserMatch>),
    /// Whether somebody has claimed it.
    Acquired(bool),
    /// When it was made.
    Created(TimeMatch),
    /// Its deadline.
    Expires(TimeMatch),
    /// Something about its request.
    Request(RequestClause),
}

/// A condition on requests.
pub type RequestFilter = Filter<RequestClause>;
/// A condition on tasks.
pub type TaskFilter = Filter<TaskClause>;
