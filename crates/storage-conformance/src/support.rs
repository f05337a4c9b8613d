//! Steps that many cases share.

use std::io;
use std::sync::Arc;

use countersign_core::access::ListClass;
use countersign_core::bundle::{BundleText, Fault, ImportError, ImportReport, Placed, Record, RecordSource};
use countersign_core::directory::User;
use countersign_core::event::{Chain, StoredEvent, StreamId, StreamKind};
use countersign_core::ids::{PrincipalId, RequestId, Revision};
use countersign_core::repository::{
    AggregateChange, Change, CommitOutcome, ExportOptions, Identity, ImportContext, Order, Repository, RequestCursor,
    RequestList, Revised, Silent, Start, StoredRequest, UserChange,
};
use countersign_core::request::{Request, RequestDetails, RequestStatus};
use serde::Serialize;

use crate::sample::{self, Lines, Random, Records};

/// Imports `records` at the beginning of 2026.
///
/// # Errors
/// What the import says.
pub async fn try_import(repository: &dyn Repository, records: Vec<Record>) -> Result<ImportReport, ImportError> {
    let context = ImportContext { now: sample::time(0), entropy: Box::new(Random::new(1)), progress: Arc::new(Silent) };
    repository.import(Box::new(Records(records)), context).await
}

/// Imports `records`, which have no fault.
pub async fn import(repository: &dyn Repository, records: Vec<Record>) -> ImportReport {
    match try_import(repository, records).await {
        Ok(report) => report,
        Err(ImportError::Faults { first, .. }) => panic!("the sample has faults: {first:#?}"),
        Err(error) => panic!("the import failed: {error}"),
    }
}

/// The export of everything, credentials included, as text.
pub async fn export(repository: &dyn Repository) -> String {
    export_with(repository, ExportOptions { credentials: true }).await
}

/// Fails at the first line in which two exports differ.
pub fn assert_same(left: &str, right: &str) {
    for (left, right) in left.lines().zip(right.lines()) {
        assert_eq!(left, right, "two exports differ");
    }
    assert_eq!(left.lines().count(), right.lines().count(), "two exports are not of the same length");
    assert_eq!(left.len(), right.len());
}

/// The export as text.
pub async fn export_with(repository: &dyn Repository, options: ExportOptions) -> String {
    let lines = Lines::default();
    let sink = Box::new(lines.clone());
    repository.export(options, sink, Arc::new(Silent)).await.map_err(|error| error.to_string()).unwrap();
    lines.text()
}

/// Imports the users 1 to `count` and template 1: what requests of the sample refer to.
pub async fn people(repository: &dyn Repository, count: u64) {
    let mut records: Vec<_> = (1..=count).map(sample::user).map(Record::User).collect();
    records.push(Record::ProfileTemplate(sample::template(1)));
    import(repository, records).await;
}

/// A change that makes `request`.
pub fn new_request(request: Request) -> Change {
    let events = vec![sample::event(&request)];
    Change { requests: vec![AggregateChange::new(request, events)], ..Change::default() }
}

/// The change of `request` that `edit` makes.
pub fn changed(request: &Request, edit: impl FnOnce(&mut Request)) -> AggregateChange<Request> {
    let mut next = request.clone();
    next.revision = request.revision.next();
    edit(&mut next);
    AggregateChange { expected: Some(request.revision), events: vec![sample::event(&next)], state: next }
}

/// One request's change alone.
pub fn only(change: AggregateChange<Request>) -> Change {
    Change { requests: vec![change], ..Change::default() }
}

/// The change of an aggregate to `state`, which has its next revision.
pub fn next_state<T: Revised + Serialize>(state: T) -> AggregateChange<T> {
    let expected = (state.revision() != Revision::FIRST).then(|| Revision(state.revision().0 - 1));
    AggregateChange { expected, events: vec![sample::state_event(&state)], state }
}

/// A change of one user alone.
pub fn user_change(expected: Option<Revision>, user: User) -> Change {
    let events = vec![sample::state_event(&user)];
    let user = AggregateChange { expected, state: user, events };
    Change { users: vec![UserChange { user, password: None }], ..Change::default() }
}

/// Commits a change that must land.
pub async fn commit(repository: &dyn Repository, change: Change) {
    let outcome = repository.commit(change).await.unwrap();
    assert_eq!(outcome, CommitOutcome::Committed);
}

/// Makes `request`, and gives it back.
pub async fn create(repository: &dyn Repository, request: Request) -> Request {
    commit(repository, new_request(request.clone())).await;
    request
}

/// The request as it is now.
pub async fn read(repository: &dyn Repository, id: RequestId) -> Request {
    stored(repository, id).await.document.request().unwrap()
}

/// The request as it is stored now.
pub async fn stored(repository: &dyn Repository, id: RequestId) -> StoredRequest {
    repository.request(id).await.unwrap().expect("a request that was made")
}

/// Fails unless everything that is derived agrees with the tables.
pub async fn assert_sound(repository: &dyn Repository) {
    let report = repository.check(false, Arc::new(Silent)).await.unwrap();
    assert_eq!((report.differences, report.first), (0, Vec::new()));
}

/// Every status of every certificate request that `principals` may see.
pub fn mim_list(principals: &[PrincipalId]) -> RequestList {
    list(principals, ListClass::MIM_ALL, None)
}

/// A list without reports and filter.
pub fn list(
    principals: &[PrincipalId],
    classes: &'static [ListClass],
    statuses: Option<Vec<RequestStatus>>,
) -> RequestList {
    RequestList {
        principals: principals.to_vec(),
        through_reports: None,
        classes,
        statuses,
        filter: None,
        order: Order::NewestFirst,
        reader: None,
    }
}

/// Where a page after `cursor` begins.
pub fn start(cursor: Option<RequestCursor>) -> Start<RequestCursor> {
    cursor.map_or(Start::Offset(0), Start::After)
}

/// The user who logs in as `login`, at the beginning of 2026.
pub async fn identity(repository: &dyn Repository, login: &str) -> Option<Identity> {
    repository.identity(login, sample::time(0)).await.unwrap()
}

/// Walks a list to its end, in pages of `limit`.
pub async fn walk(repository: &dyn Repository, list: &RequestList, limit: usize) -> Vec<StoredRequest> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = repository.requests(list, start(after), limit).await.unwrap();
        assert!(page.items.len() <= limit, "a page of {} for a limit of {limit}", page.items.len());
        assert!(page.next.is_none() || page.items.len() == limit, "a short page says that more follows");
        all.extend(page.items);
        let Some(next) = page.next else { return all };
        let goes_on = |after| if list.order == Order::NewestFirst { next < after } else { next > after };
        assert!(after.is_none_or(goes_on), "the cursor does not go on");
        after = Some(next);
    }
}

/// The ids of a list that is walked to its end, in pages of `limit`.
pub async fn walk_ids(repository: &dyn Repository, list: &RequestList, limit: usize) -> Vec<RequestId> {
    walk(repository, list, limit).await.into_iter().map(|stored| stored.id).collect()
}

/// The cursor that stands at `request`.
pub const fn cursor(request: &Request) -> RequestCursor {
    RequestCursor { created: request.created, id: request.id }
}

/// All events of a request's stream.
pub async fn history(repository: &dyn Repository, id: RequestId) -> Vec<StoredEvent> {
    let stream = StreamId { stream: StreamKind::Request, id: id.as_uuid() };
    repository.events(stream, 0, 100_000).await.unwrap()
}

/// Fails unless `events` have gapless numbers from 1 and hashes that chain.
pub fn assert_chained(events: &[StoredEvent]) {
    let mut chain = Chain::EMPTY;
    for event in events {
        chain = chain.extend(event.id, event.bytes.as_bytes());
        assert_eq!(event.sequence, chain.length, "a gap in {:?}", event.stream_id());
        assert_eq!(event.hash, chain.head, "the chain breaks at {}", event.sequence);
    }
}

/// `request` with another comment, if it is a certificate request.
#[must_use]
pub fn with_comment(mut request: Request, comment: &str) -> Request {
    if let RequestDetails::Certificate(certificate) = &mut request.details {
        comment.clone_into(&mut certificate.comment);
    }
    request
}

/// `request` in its next revision and in `status`.
pub fn moved(request: &Request, status: RequestStatus) -> AggregateChange<Request> {
    changed(request, |next| *next = sample::in_status(next.clone(), status))
}

/// An export's text as a bundle.
struct Text(String);

impl RecordSource for Text {
    fn open(&mut self) -> io::Result<Box<dyn Iterator<Item = io::Result<Result<Placed, Fault>>> + '_>> {
        Ok(Box::new(BundleText::new(self.0.as_bytes())?))
    }
}

/// Imports the text of an export, some time after it was made.
pub async fn import_text(repository: &dyn Repository, text: &str) {
    try_import_text(repository, text).await.unwrap();
}

/// The same, for a text that may be refused.
pub async fn try_import_text(repository: &dyn Repository, text: &str) -> Result<ImportReport, ImportError> {
    let context = ImportContext {
        now: sample::time(1_000_000_000),
        entropy: Box::new(Random::new(99)),
        progress: Arc::new(Silent),
    };
    repository.import(Box::new(Text(text.to_owned())), context).await
}

/// Either end of a list first.
pub fn random_order(random: &mut Random) -> Order {
    if random.once_in(3) { Order::OldestFirst } else { Order::NewestFirst }
}
