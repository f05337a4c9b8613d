//! The storage port. Each numbered "must" has a case of the same number in
//! `countersign-storage-conformance`; an adapter is done when the suite passes.
//!
//! 1. A read must return what the last acknowledged write left, in domain types.
//! 2. What is not there must be `None` or an empty list, never an error.
//! 3. A read that takes several statements must see one snapshot.
//! 4. Ids must be compared byte for byte; logins and group names without regard to case.
//! 5. Times must come back to the microsecond.
//! 6. Text must come back unchanged, and be ordered by its bytes where order is promised.
//! 7. A write must land whole or not at all, and must be durable when it is acknowledged.
//! 8. A [`Change`] must be refused as [`CommitOutcome::Conflict`] when one of its aggregates
//!    is not at the revision on which the change was decided, or exists although it must not.
//! 9. Of many writers that read, decide and commit, none may lose another's update.
//! 10. An idempotency key that was committed must give back the earlier result and change nothing.
//! 11. One failing change must not harm another that is committed with it.
//! 12. Document, readers, access index and task index must be written in the commit that
//!     changes their request.
//! 13. A list must hold each visible request once, newest first (creation time, then id, both
//!     descending), leave out every other, and go on after its cursor whatever is written meanwhile.
//! 14. Numbers must never be given out twice, and lie above every imported or committed one.
//! 15. Events must get gapless sequence numbers and hashes that chain; a change of an aggregate
//!     without an event must be refused as an error.
//! 16. An import must land whole or not at all, name every fault, and change nothing when it
//!     brings what is already there.
//! 17. An export must be one snapshot, ordered by kind and id, and import into an empty
//!     database to the same export.
//! 18. A check must find every difference between the tables and what is derived from them,
//!     and a repair must leave none.
//! 19. Readiness must write and read a row, and name a missing migration.
//! 20. A disabled user's stand-in and a moved group member must take effect at the next read.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::access::ListClass;

use crate::bundle::{ImportError, ImportReport, Record, RecordSource};
use crate::clock::Timestamp;
use crate::directory::{Caller, Login, MimRight, PasswordHash, PrincipalName, User, UserStatus};
use crate::document::Document;
use crate::error::RepositoryError;
use crate::event::{Entropy, NewEvent, StoredEvent, StreamId};
use crate::ids::{PrincipalId, ProfileId, RequestId, RequestNumber, Revision, TemplateId, UserId};
use crate::profile::{Profile, ProfileStatus};
use crate::request::{ChildSummary, Request, RequestStatus};
use crate::template::{CertificateOperation, ProfileTemplate};

/// The result of a repository call.
pub type Result<T> = std::result::Result<T, RepositoryError>;

/// A user who may try to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who the user is once the password is verified.
    pub caller: Caller,
    /// Whether the user may log in.
    pub status: UserStatus,
    /// The stored password hash; without one the user cannot log in by password.
    pub password: Option<PasswordHash>,
}

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

/// A place in a list: everything after it is older, or as old with a smaller id.
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
    /// … in one of these classes of the access index …
    pub classes: &'static [ListClass],
    /// … and that are in one of these statuses; `None` is every status.
    pub statuses: Option<Vec<RequestStatus>>,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The elements, newest first.
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<RequestCursor>,
}

/// A request's new state, and what it was decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestChange {
    /// The revision that was read; `None` for a new request.
    pub expected: Option<Revision>,
    /// The new state. Its `revision` must be the expected one's next.
    pub request: Request,
    /// What happened; at least one event.
    pub events: Vec<NewEvent>,
}

/// A user's new state, and what it was decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserChange {
    /// The revision that was read; `None` for a new user.
    pub expected: Option<Revision>,
    /// The new state. Its `revision` must be the expected one's next.
    pub user: User,
    /// A new password hash; `None` leaves the old one.
    pub password: Option<PasswordHash>,
    /// What happened; at least one event.
    pub events: Vec<NewEvent>,
}

/// The promise that a call which is sent again has one effect (decision 13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Who called.
    pub caller: UserId,
    /// The operation's id.
    pub operation: String,
    /// The caller's key.
    pub key: String,
    /// The element of a bulk call; 0 otherwise.
    pub element: i32,
    /// SHA-256 of the parsed command.
    pub command: [u8; 32],
    /// What to answer when the call is sent again.
    pub result: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// Everything that one decision changes. It lands whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The requests that it touches.
    pub requests: Vec<RequestChange>,
    /// The users that it touches.
    pub users: Vec<UserChange>,
    /// The promise to keep, if the caller asked for one.
    pub idempotency: Option<Idempotency>,
}

impl Change {
    /// What every adapter must refuse before it writes: a change without an event, or with a
    /// revision that does not follow from the one that it was decided on.
    pub fn defect(&self) -> Option<&'static str> {
        let of_users = self.users.iter().map(|change| (change.events.len(), change.expected, change.user.revision));
        let of_requests =
            self.requests.iter().map(|change| (change.events.len(), change.expected, change.request.revision));
        of_users.chain(of_requests).find_map(|(events, expected, revision)| {
            if events == 0 {
                Some("a change came without its event")
            } else if revision != expected.map_or(Revision::FIRST, Revision::next) {
                Some("a change came with a revision that does not follow from the expected one")
            } else {
                None
            }
        })
    }
}

/// What became of a [`Change`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It landed.
    Committed,
    /// Something it was decided on has changed, or a name or number is taken: load and decide again.
    Conflict,
    /// The idempotency key was used before.
    Duplicate {
        /// SHA-256 of the command that used it.
        command: [u8; 32],
        /// The result of that command.
        result: Vec<u8>,
    },
}

/// A space of numbers (decision 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberSpace {
    /// Request numbers.
    Requests,
    /// User numbers.
    Users,
    /// Integer catalog ids.
    CatalogItems,
}

/// What an export contains besides everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportOptions {
    /// Whether password hashes are written.
    pub credentials: bool,
}

/// Where an export goes.
pub trait RecordSink: Send {
    /// Takes the next record. An error ends the export.
    fn take(&mut self, record: &Record) -> std::io::Result<()>;
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The records could not be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The sink refused a record.
    #[error("the export cannot be written: {0}")]
    Sink(#[from] std::io::Error),
}

/// Hears how far a long call has come.
pub trait Progress: Send + Sync {
    /// A stage of the work begins; `total` is in records, if it is known.
    fn begin(&self, stage: &'static str, total: Option<u64>);
    /// So many more records are done.
    fn advance(&self, records: u64);
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &'static str, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
}

/// Which derived data differs from the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Derived {
    /// A request document.
    Document,
    /// The readers in a document's row.
    Readers,
    /// A row of the access index.
    AccessIndex,
    /// A row of the task index.
    TaskIndex,
    /// The counts of a parent's children.
    ChildCounts,
}

impl fmt::Display for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Document => "document",
            Self::Readers => "readers",
            Self::AccessIndex => "access index",
            Self::TaskIndex => "task index",
            Self::ChildCounts => "child counts",
        })
    }
}

/// One difference between the tables and what is derived from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub derived: Derived,
    /// Of which request.
    pub request: RequestId,
    /// How, in words.
    pub detail: String,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// How many requests were compared.
    pub requests: u64,
    /// How many differences there are.
    pub differences: u64,
    /// The first thousand of them.
    pub first: Vec<Difference>,
    /// Whether what was found has been rebuilt.
    pub repaired: bool,
}

/// What an import needs besides its records.
pub struct ImportContext {
    /// When the import happens.
    pub now: Timestamp,
    /// Where salts come from.
    pub entropy: Box<dyn Entropy>,
    /// Hears how far it has come.
    pub progress: Arc<dyn Progress>,
}

/// The storage port. The module's text numbers what an adapter must do.
#[async_trait]
pub trait Repository: Send + Sync {
    /// Runs the migrations that are missing and names them, in order.
    async fn migrate(&self) -> Result<Vec<String>>;

    /// Succeeds when a row can be written and read and no migration is missing.
    async fn ready(&self) -> Result<()>;

    /// The user who logs in as `login`, with the groups around the user.
    async fn identity(&self, login: &str) -> Result<Option<Identity>>;

    /// The user by that id.
    async fn user(&self, id: UserId) -> Result<Option<User>>;

    /// The user who logs in as `login`.
    async fn user_by_login(&self, login: &Login) -> Result<Option<User>>;

    /// What to print for each of `ids` that exists.
    async fn principal_names(&self, ids: &[PrincipalId]) -> Result<Vec<(PrincipalId, PrincipalName)>>;

    /// The rights that `holders` have over `subject`, directly or through the subject's groups.
    async fn rights_over(&self, holders: &[PrincipalId], subject: UserId) -> Result<Vec<MimRight>>;

    /// The templates among `ids` that exist.
    async fn templates(&self, ids: &[TemplateId]) -> Result<Vec<ProfileTemplate>>;

    /// The profile by that id.
    async fn profile(&self, id: ProfileId) -> Result<Option<Profile>>;

    /// The software profiles of `user`, oldest first, in `status` or in every status.
    async fn profiles_of(&self, user: UserId, status: Option<ProfileStatus>) -> Result<Vec<Profile>>;

    /// For each of `profiles`, the operations for which a request on it is submitted and not over:
    /// MIM's Pending, Approved and Executing.
    async fn open_operations(&self, profiles: &[ProfileId]) -> Result<Vec<(ProfileId, CertificateOperation)>>;

    /// The request by that id.
    async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>>;

    /// The request by that number.
    async fn request_by_number(&self, number: RequestNumber) -> Result<Option<StoredRequest>>;

    /// The children of `parent`, in their order.
    async fn children(&self, parent: RequestId) -> Result<Vec<ChildSummary>>;

    /// At most `limit` requests of `list`, newest first, after the cursor.
    async fn requests(
        &self,
        list: &RequestList,
        after: Option<RequestCursor>,
        limit: usize,
    ) -> Result<Page<StoredRequest>>;

    /// The events of `stream`, in order, after the given sequence number.
    async fn events(&self, stream: StreamId, after: i64, limit: usize) -> Result<Vec<StoredEvent>>;

    /// Gives out `count` numbers; returns the first, the others follow it.
    async fn allocate_numbers(&self, space: NumberSpace, count: u32) -> Result<i64>;

    /// The one write: everything in `change`, or nothing.
    async fn commit(&self, change: Change) -> Result<CommitOutcome>;

    /// Reads `source` twice, then holds everything in it, or nothing.
    async fn import(
        &self,
        source: Box<dyn RecordSource>,
        context: ImportContext,
    ) -> std::result::Result<ImportReport, ImportError>;

    /// Writes every record to `sink`, ordered by kind and id, and gives the sink back.
    async fn export(
        &self,
        options: ExportOptions,
        sink: Box<dyn RecordSink>,
        progress: Arc<dyn Progress>,
    ) -> std::result::Result<Box<dyn RecordSink>, ExportError>;

    /// Compares what is derived with the tables; with `repair`, rebuilds what differs.
    async fn check(&self, repair: bool, progress: Arc<dyn Progress>) -> Result<CheckReport>;

    /// Brings everything to rest before the process ends, for whoever copies the database then.
    /// What was acknowledged is durable without it.
    async fn close(&self) -> Result<()> {
        Ok(())
    }
}
