//! The storage port. Each numbered "must" has a case of the same number in
//! `countersign-storage-conformance`; an adapter is done when the suite passes.
//!
//! 1. A read must return what the last acknowledged write left, in domain types. A list that names its reader
//!    must hold what that user's writes left, and may lag behind those of others.
//! 2. What is not there must be `None` or an empty list, never an error.
//! 3. A read that takes several statements must see one snapshot.
//! 4. Ids must be compared byte for byte; logins and group names without regard to case.
//! 5. Times must come back to the microsecond.
//! 6. Text must come back unchanged, and be ordered by its bytes where order is promised.
//! 7. A write must land whole or not at all, and must be durable when it is acknowledged.
//! 8. A [`Change`] must be refused as [`CommitOutcome::Conflict`] when one of its aggregates
//!    is not at the revision on which the change was decided, or exists although it must not; and refused
//!    in whatever way when it refers to a user, group, template or request that is not there.
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

mod change;
mod check;
mod list;
mod transfer;
mod work;

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use crate::audit::{AuditReport, Checkpoint, Span, Trust};
use crate::bundle::{ImportError, ImportReport, RecordSource};
use crate::catalog::{CatalogItem, EntityKey, EntityType};
use crate::clock::Timestamp;
use crate::directory::{
    Caller, DirectoryVersion, Group, Login, MimRight, PasswordHash, PrincipalName, User, UserStatus,
};
use crate::error::RepositoryError;
use crate::event::{StoredEvent, StreamId};
use crate::grant::Grant;
use crate::ids::{
    CatalogNumber, GrantId, GrantNumber, GroupId, PrincipalId, ProfileId, RequestId, RequestNumber, SmartcardId,
    TaskId, TemplateId, UserId, UserNumber, WebhookId,
};
use crate::profile::{Profile, ProfileStatus, Smartcard};
use crate::request::{ChildSummary, Outcome, RequestKey};
use crate::rule::{ApprovalRule, RequestRule};
use crate::template::{CertificateOperation, ProfileTemplate};
use crate::webhook::{Webhook, WebhookSecret};

pub use change::{
    AggregateChange, Change, CommitOutcome, Idempotency, NumberSpace, Revised, UserChange, WebhookChange,
};
pub use check::{CheckReport, Derived, Difference};
pub use list::{Inbox, InboxItem, Order, Page, RequestCursor, RequestList, Start, StoredRequest, TaskCursor};
pub use transfer::{ExportError, ExportOptions, ImportContext, Progress, RecordSink, Silent};
pub use work::{Delivery, Due, PlacedEvent};

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

/// How many children of a parent are how far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChildCounts {
    /// Not over.
    pub open: i64,
    /// Ended so, in the order of [`Outcome::ALL`].
    pub ended: [i64; Outcome::ALL.len()],
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

    /// The group of the administrators: now, or with `since` at any time since the directory had that version.
    async fn administrators(&self, since: Option<DirectoryVersion>) -> Result<Option<GroupId>>;

    /// Active users among `principals` and the members of the groups there, through groups too: at
    /// most `limit`, none of `excluding`. Whoever acts for a disabled user (the stand-in, else the manager,
    /// else the administrators) counts in that user's place, one step; but not for one of `excluding`, nor
    /// for a member of a group, whose tasks are not the member's own.
    async fn voters(&self, principals: &[PrincipalId], excluding: &[UserId], limit: usize) -> Result<Vec<UserId>>;

    /// Whether `user` is one of `principals` or a member of a group there, through groups too.
    async fn belongs(&self, user: UserId, principals: &[PrincipalId]) -> Result<bool>;

    /// What to print for each of `ids` that exists: now, or with `since` at any time since the directory had that version.
    async fn principal_names(
        &self,
        ids: &[PrincipalId],
        since: Option<DirectoryVersion>,
    ) -> Result<Vec<(PrincipalId, PrincipalName)>>;

    /// The rights that `holders` have over `subject`, directly or through the subject's groups.
    async fn rights_over(&self, holders: &[PrincipalId], subject: UserId) -> Result<Vec<MimRight>>;

    /// The templates among `ids` that exist: now, or with `since` at any time since the directory had that version.
    async fn templates(&self, ids: &[TemplateId], since: Option<DirectoryVersion>) -> Result<Vec<ProfileTemplate>>;

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

    /// The profile that lies on the card: the one in use, or else the newest.
    async fn profile_of_card(&self, card: SmartcardId) -> Result<Option<Profile>>;

    /// The profile by that id.
    async fn profile(&self, id: ProfileId) -> Result<Option<Profile>>;

    /// The software profiles of `user`, oldest first, in `status` or in every status.
    async fn profiles_of(&self, user: UserId, status: Option<ProfileStatus>) -> Result<Vec<Profile>>;

    /// For each of `profiles`, the operations for which a request on it, or on the card that it lies on, is
    /// submitted and not over: MIM's Pending, Approved and Executing.
    async fn open_operations(&self, profiles: &[ProfileId]) -> Result<Vec<(ProfileId, CertificateOperation)>>;

    /// The request by that id.
    async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>>;

    /// The request by that number.
    async fn request_by_number(&self, number: RequestNumber) -> Result<Option<StoredRequest>>;

    /// The request by either.
    async fn request_by(&self, key: RequestKey) -> Result<Option<StoredRequest>> {
        match key {
            RequestKey::Id(id) => self.request(id).await,
            RequestKey::Number(number) => self.request_by_number(number).await,
        }
    }

    /// What [`Repository::identity`] and [`Repository::request_by`] say, each as of a moment in this call: who reads one
    /// request needs both, and an adapter may have a way to ask once.
    async fn identity_and_request(
        &self,
        login: &str,
        now: Timestamp,
        key: RequestKey,
    ) -> Result<(Option<Identity>, Result<Option<StoredRequest>>)> {
        Ok((self.identity(login, now).await?, self.request_by(key).await))
    }

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

    /// At most `limit` things that wait for the worker at `now`: of each kind of [`Due`] in turn, so that none
    /// hides another, and of what has a time the oldest first.
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
