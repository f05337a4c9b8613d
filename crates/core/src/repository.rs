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
//!     descending) or from the other end, leave out every other, and go on after its cursor whatever
//!     is written meanwhile.
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
//! 21. An inbox must hold each task once that the user may decide, in the order of a list, leave out
//!     every other, agree with its count, and go on after its cursor whatever is written meanwhile.
//! 22. A filter must keep exactly what it says, without regard to case, wildcards or digits.
//! 23. What is due must be found until it is done, and nothing before its time.
//! 24. A lease must have one holder at a time, and pass on when it runs out.
//! 25. The event feed must hold every event once, in the order of the commits.
//! 26. Through a report a manager must see what the report asked for or gets, but for carts.
//! 27. Grants, profiles, cards, rules, templates, catalog items, groups and webhooks must be
//!     written in the commit of the request that changes them, under the same check of revisions.
//! 28. An audit must read every stream and every aggregate in one snapshot, name each fault where
//!     it is, whatever stands in the rows, and change nothing.
//! 29. Checkpoints must follow one another without a gap, each covering every event after the one
//!     before it up to its position.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use crate::access::ListClass;
use crate::approval::TaskState;
use crate::audit::{AuditReport, Checkpoint, Span, Trust};
use crate::bundle::{ImportError, ImportReport, Record, RecordSource};
use crate::catalog::{CatalogItem, EntityKey, EntityType};
use crate::clock::Timestamp;
use crate::directory::{Caller, Group, Login, MimRight, PasswordHash, PrincipalName, User, UserStatus};
use crate::document::Document;
use crate::error::RepositoryError;
use crate::event::{Entropy, NewEvent, StoredEvent, StreamId};
use crate::filter::{RequestFilter, TaskFilter};
use crate::grant::Grant;
use crate::ids::{
    CatalogNumber, GrantId, GrantNumber, GroupId, PrincipalId, ProfileId, RequestId, RequestNumber, Revision,
    SmartcardId, TaskId, TemplateId, UserId, UserNumber, WebhookId,
};
use crate::profile::{Profile, ProfileStatus, Smartcard};
use crate::request::{ChildSummary, Outcome, Request, RequestStatus};
use crate::rule::{ApprovalRule, RequestRule};
use crate::template::{CertificateOperation, ProfileTemplate};
use crate::webhook::{Webhook, WebhookSecret};

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

/// How many children of a parent are how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChildCounts {
    /// Not over.
    pub open: i64,
    /// Ended so, in the order of [`Outcome::ALL`].
    pub ended: [i64; Outcome::ALL.len()],
}

/// Something that waits for the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// A request with a deadline, or a start date, that has come.
    Request(RequestId),
    /// A parent whose children are over, while it is not.
    Parent(RequestId),
    /// A request whose dependency is over, while it still waits.
    Dependent(RequestId),
    /// A grant whose end has come.
    Grant(GrantId),
    /// An open task of a user who has left.
    Handover(UserId, RequestId),
}

/// An event at its place among all events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedEvent {
    /// The place: later commits have larger ones. Gaps are fine.
    pub position: i64,
    /// The event.
    pub event: StoredEvent,
}

/// How far a webhook has been told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The webhook.
    pub webhook: WebhookId,
    /// The position of the last event that it has heard.
    pub position: i64,
    /// How often the next one was tried in vain.
    pub attempts: i32,
    /// When the next try is due.
    pub next_attempt: Timestamp,
    /// What went wrong the last time.
    pub error: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C = RequestCursor> {
    /// The elements, in the order that was asked for.
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<C>,
}

/// An aggregate's new state, and what it was decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregateChange<T> {
    /// The revision that was read; `None` for a new aggregate.
    pub expected: Option<Revision>,
    /// The new state. Its `revision` must be the expected one's next.
    pub state: T,
    /// What happened; at least one event.
    pub events: Vec<NewEvent>,
}

/// A user's change, with the password that may come with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserChange {
    /// The user's new state.
    pub user: AggregateChange<User>,
    /// A new password hash; `None` leaves the old one.
    pub password: Option<PasswordHash>,
}

/// A webhook's change, with the key that may come with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookChange {
    /// The webhook's new state.
    pub webhook: AggregateChange<Webhook>,
    /// A new key; `None` leaves the old one. A new webhook needs one.
    pub secret: Option<WebhookSecret>,
    /// After which position of the feed it is told anew; `None` leaves it where it is.
    pub position: Option<i64>,
}

/// An aggregate of which every commit counts up the revision.
pub trait Revised {
    /// How many commits it has seen.
    fn revision(&self) -> Revision;
}

macro_rules! revised {
    ($($aggregate:ty),+ $(,)?) => {$(
        impl Revised for $aggregate {
            fn revision(&self) -> Revision {
                self.revision
            }
        }
    )+};
}

revised!(
    ApprovalRule,
    CatalogItem,
    Grant,
    Group,
    Profile,
    ProfileTemplate,
    Request,
    RequestRule,
    Smartcard,
    User,
    Webhook,
);

impl<T: Revised> AggregateChange<T> {
    /// A new aggregate.
    pub fn new(state: T, events: Vec<NewEvent>) -> Self {
        Self { expected: None, state, events }
    }

    fn defect(&self) -> Option<&'static str> {
        if self.events.is_empty() {
            Some("a change came without its event")
        } else if self.state.revision() != self.expected.map_or(Revision::FIRST, Revision::next) {
            Some("a change came with a revision that does not follow from the expected one")
        } else {
            None
        }
    }
}

impl WebhookChange {
    fn defect(&self) -> Option<&'static str> {
        let keyless = self.webhook.expected.is_none() && self.secret.is_none();
        self.webhook.defect().or(keyless.then_some("a new webhook came without its key"))
    }
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
    /// The requests that it touches, each once.
    pub requests: Vec<AggregateChange<Request>>,
    /// The profiles that it touches.
    pub profiles: Vec<AggregateChange<Profile>>,
    /// The smart cards that it touches.
    pub smartcards: Vec<AggregateChange<Smartcard>>,
    /// The grants that it touches.
    pub grants: Vec<AggregateChange<Grant>>,
    /// The users that it touches.
    pub users: Vec<UserChange>,
    /// The groups that it touches.
    pub groups: Vec<AggregateChange<Group>>,
    /// The profile templates that it touches.
    pub templates: Vec<AggregateChange<ProfileTemplate>>,
    /// The catalog items that it touches.
    pub catalog_items: Vec<AggregateChange<CatalogItem>>,
    /// The approval rules that it touches.
    pub approval_rules: Vec<AggregateChange<ApprovalRule>>,
    /// The request rules that it touches.
    pub request_rules: Vec<AggregateChange<RequestRule>>,
    /// The webhooks that it touches.
    pub webhooks: Vec<WebhookChange>,
    /// The promise to keep, if the caller asked for one.
    pub idempotency: Option<Idempotency>,
}

impl Change {
    /// What every adapter must refuse before it writes: a change without an event, or with a
    /// revision that does not follow from the one that it was decided on.
    pub fn defect(&self) -> Option<&'static str> {
        fn of<T: Revised>(changes: &[AggregateChange<T>]) -> Option<&'static str> {
            changes.iter().find_map(AggregateChange::defect)
        }
        of(&self.requests)
            .or_else(|| of(&self.profiles))
            .or_else(|| of(&self.smartcards))
            .or_else(|| of(&self.grants))
            .or_else(|| self.users.iter().find_map(|change| change.user.defect()))
            .or_else(|| of(&self.groups))
            .or_else(|| of(&self.templates))
            .or_else(|| of(&self.catalog_items))
            .or_else(|| of(&self.approval_rules))
            .or_else(|| of(&self.request_rules))
            .or_else(|| self.webhooks.iter().find_map(WebhookChange::defect))
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
    /// Grant numbers: account ids.
    Grants,
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
    /// The counts of a parent's children, and whether it waits for them.
    ChildCounts,
    /// Those who may not vote on an open task.
    Barred,
    /// When the worker looks at a request again.
    WakeTime,
    /// Whether a user who has left still holds open tasks.
    Handover,
}

impl Derived {
    /// Of what it is derived, in a word.
    pub const fn owner(self) -> &'static str {
        match self {
            Self::Handover => "user",
            _ => "request",
        }
    }
}

impl fmt::Display for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Document => "document",
            Self::Readers => "readers",
            Self::AccessIndex => "access index",
            Self::TaskIndex => "task index",
            Self::ChildCounts => "child counts",
            Self::Barred => "barred voters",
            Self::WakeTime => "wake time",
            Self::Handover => "handover",
        })
    }
}

/// One difference between the tables and what is derived from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub derived: Derived,
    /// Of which request; for [`Derived::Handover`], of which user.
    pub id: Uuid,
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

    /// The user who logs in as `login`, with the groups around the user and those in whose place
    /// the user decides at `now`.
    async fn identity(&self, login: &str, now: Timestamp) -> Result<Option<Identity>>;

    /// The user by that id.
    async fn user(&self, id: UserId) -> Result<Option<User>>;

    /// The user who logs in as `login`.
    async fn user_by_login(&self, login: &Login) -> Result<Option<User>>;

    /// The users among `numbers` that exist.
    async fn users_by_number(&self, numbers: &[UserNumber]) -> Result<Vec<User>>;

    /// The group by that name, without regard to case.
    async fn group_by_name(&self, name: &str) -> Result<Option<Group>>;

    /// The group of the administrators.
    async fn administrators(&self) -> Result<Option<GroupId>>;

    /// Active users among `principals` and the members of the groups there, through groups too: at
    /// most `limit`, none of `excluding`. A disabled user's stand-in counts in that user's place.
    async fn voters(&self, principals: &[PrincipalId], excluding: &[UserId], limit: usize) -> Result<Vec<UserId>>;

    /// Whether `user` is one of `principals` or a member of a group there, through groups too.
    async fn belongs(&self, user: UserId, principals: &[PrincipalId]) -> Result<bool>;

    /// What to print for each of `ids` that exists.
    async fn principal_names(&self, ids: &[PrincipalId]) -> Result<Vec<(PrincipalId, PrincipalName)>>;

    /// The rights that `holders` have over `subject`, directly or through the subject's groups.
    async fn rights_over(&self, holders: &[PrincipalId], subject: UserId) -> Result<Vec<MimRight>>;

    /// The templates among `ids` that exist.
    async fn templates(&self, ids: &[TemplateId]) -> Result<Vec<ProfileTemplate>>;

    /// At most `limit` templates, ordered by id, after the given one.
    async fn template_page(&self, after: Option<TemplateId>, limit: usize) -> Result<Vec<ProfileTemplate>>;

    /// The catalog item by that type and key.
    async fn catalog_item(&self, entity_type: EntityType, key: &EntityKey) -> Result<Option<CatalogItem>>;

    /// At most `limit` catalog items, ordered by number, after the given one.
    async fn catalog_page(&self, after: Option<CatalogNumber>, limit: usize) -> Result<Vec<CatalogItem>>;

    /// Every approval rule, by ordinal, then id.
    async fn approval_rules(&self) -> Result<Vec<ApprovalRule>>;

    /// Every request rule, by id.
    async fn request_rules(&self) -> Result<Vec<RequestRule>>;

    /// What `user` has or had of `entity_type` (and `key`), oldest first.
    async fn grants_of(
        &self,
        user: UserId,
        entity_type: Option<EntityType>,
        key: Option<&EntityKey>,
    ) -> Result<Vec<Grant>>;

    /// The grant by that id.
    async fn grant(&self, id: GrantId) -> Result<Option<Grant>>;

    /// The grant by that number.
    async fn grant_by_number(&self, number: GrantNumber) -> Result<Option<Grant>>;

    /// The smart card by that id.
    async fn smartcard(&self, id: SmartcardId) -> Result<Option<Smartcard>>;

    /// The profile that lies on the card.
    async fn profile_of_card(&self, card: SmartcardId) -> Result<Option<Profile>>;

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

    /// How many children of `parent` are how far.
    async fn child_counts(&self, parent: RequestId) -> Result<ChildCounts>;

    /// The requests that wait for `request`.
    async fn dependents(&self, request: RequestId) -> Result<Vec<RequestId>>;

    /// The request that has the task.
    async fn request_of_task(&self, task: TaskId) -> Result<Option<StoredRequest>>;

    /// At most `limit` requests of `list`, in its order.
    async fn requests(
        &self,
        list: &RequestList,
        start: Start<RequestCursor>,
        limit: usize,
    ) -> Result<Page<StoredRequest>>;

    /// How many requests `list` holds.
    async fn count_requests(&self, list: &RequestList) -> Result<u64>;

    /// At most `limit` tasks of `inbox`, in its order.
    async fn inbox(&self, inbox: &Inbox, start: Start<TaskCursor>, limit: usize)
    -> Result<Page<InboxItem, TaskCursor>>;

    /// How many tasks `inbox` holds.
    async fn count_inbox(&self, inbox: &Inbox) -> Result<u64>;

    /// What `caller` did before with that key: SHA-256 of the command, and the result.
    async fn earlier(
        &self,
        caller: UserId,
        operation: &str,
        key: &str,
        element: i32,
    ) -> Result<Option<([u8; 32], Vec<u8>)>>;

    /// At most `limit` things that wait for the worker at `now`.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>>;

    /// Takes, or keeps, the lease by that name until `until`, unless another holder has it at `now`.
    async fn lease(&self, name: &str, holder: Uuid, now: Timestamp, until: Timestamp) -> Result<bool>;

    /// Forgets idempotency keys that are older than `before`; returns how many.
    async fn forget_keys(&self, before: Timestamp) -> Result<u64>;

    /// At most `limit` events of all streams after `position`, in the order of their commits.
    async fn event_feed(&self, position: i64, limit: usize) -> Result<Vec<PlacedEvent>>;

    /// Every webhook with how far it has been told.
    async fn webhooks(&self) -> Result<Vec<(Webhook, Delivery)>>;

    /// The key with which deliveries to `webhook` are signed.
    async fn webhook_secret(&self, webhook: WebhookId) -> Result<Option<WebhookSecret>>;

    /// Notes how far a webhook has been told, if it is still at the position `read`: `false` if
    /// somebody else has moved it meanwhile.
    async fn note_delivery(&self, delivery: &Delivery, read: i64) -> Result<bool>;

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

    /// Holds the tables, their events and the checkpoints against one another, and what is derived
    /// against the tables.
    async fn audit(&self, trust: Trust, progress: Arc<dyn Progress>) -> Result<AuditReport>;

    /// At most the first `limit` events after the last checkpoint.
    async fn uncovered(&self, limit: usize) -> Result<Span>;

    /// Keeps a checkpoint, unless another follows the one before it already.
    async fn keep_checkpoint(&self, checkpoint: Checkpoint) -> Result<bool>;

    /// The first checkpoint after that sequence number.
    async fn checkpoint(&self, after: i64) -> Result<Option<Checkpoint>>;

    /// Brings everything to rest before the process ends, for whoever copies the database then.
    /// What was acknowledged is durable without it.
    async fn close(&self) -> Result<()> {
        Ok(())
    }
}
