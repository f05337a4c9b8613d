//! Lists of requests and inboxes: what they hold, in which order, and where their pages begin.

use crate::access::ListClass;
use crate::approval::TaskState;
use crate::clock::Timestamp;
use crate::document::Document;
use crate::filter::{RequestFilter, TaskFilter};
use crate::ids::{PrincipalId, RequestId, Revision, TaskId, UserId};
use crate::request::RequestStatus;

/// A request as a list or a read returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRequest {
    /// The request.
    pub id: RequestId,
    /// The revision that the document shows.
    pub revision: Revision,
    /// The aggregate and its readers.
    pub document: Document,
}

/// A place in a list: with the newest first, everything after it is older, or as old with a smaller id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestCursor {
    /// The creation time of the last request that was returned.
    pub created: Timestamp,
    /// Its id.
    pub id: RequestId,
}

/// Which requests a list holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestList {
    /// Those that one of these principals may see …
    pub principals: Vec<PrincipalId>,
    /// … or that one of this user's reports asked for or gets, but for carts …
    pub through_reports: Option<UserId>,
    /// … in one of these classes of the access index …
    pub classes: &'static [ListClass],
    /// … and that are in one of these statuses; `None` is every status …
    pub statuses: Option<Vec<RequestStatus>>,
    /// … and that meet this; `None` is every one.
    pub filter: Option<RequestFilter>,
    /// Which end comes first.
    pub order: Order,
    /// Who reads it, if it may lag behind the writes of others: it holds what this user has written, and of the
    /// rest what had landed some time ago. `None` is a list of what is there now, on which decisions are based.
    pub reader: Option<UserId>,
}

/// Which approval tasks an inbox holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbox {
    /// Who looks. Tasks on which this user may not vote are left out: those of the user's own
    /// requests, unless the stage allows it, and those on which the user has voted. The same holds
    /// for a task that comes through one of `represents`, and for that user.
    pub user: UserId,
    /// The principals whose tasks these are …
    pub principals: Vec<PrincipalId>,
    /// … and the users in whose place the user decides …
    pub represents: Vec<UserId>,
    /// … in one of these states; `None` is every state …
    pub states: Option<Vec<TaskState>>,
    /// … and that meet this; `None` is every one.
    pub filter: Option<TaskFilter>,
    /// Which end comes first.
    pub order: Order,
}

/// A task as an inbox returns it: with its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxItem {
    /// The task; its particulars are in the request's document.
    pub task: TaskId,
    /// Its request.
    pub request: StoredRequest,
}

/// A place in an inbox: with the newest first, everything after it is older, or as old with a smaller id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskCursor {
    /// When the last task that was returned was made.
    pub created: Timestamp,
    /// Its id.
    pub id: TaskId,
}

/// Which end of a list comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest, and of what is equally new the largest id.
    #[default]
    NewestFirst,
    /// The other end.
    OldestFirst,
}

/// Where a page of a list begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start<C> {
    /// At the beginning, but for so many elements.
    Offset(u64),
    /// After this one, whatever was written meanwhile.
    After(C),
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C = RequestCursor> {
    /// The elements, in the order that was asked for.
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<C>,
}
