//! Export: every record of one snapshot, ordered by kind and id.

use std::sync::Arc;

use countersign_core::bundle::{FORMAT, Header, Record};
use countersign_core::ids::RequestId;
use countersign_core::repository::{ExportError, ExportOptions, Progress, RecordSink};
use uuid::Uuid;

use crate::aggregate::Aggregate;
use crate::error::Failure;
use crate::pages::Ids;
use crate::session::Session;
use crate::sql::{Statement, sql};
use crate::{event, number, request, user, webhook};

/// How many ids or events are read at once.
const PAGE: i64 = 1000;

/// Tables and columns that an export leaves out, each with its reason.
pub const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("principal", "*", "says which of users and groups an id is; follows from the records"),
    ("app_user", "login_folded", "follows from the login"),
    ("app_user", "handover", "derived from the user and the tasks"),
    ("app_group", "name_folded", "follows from the name"),
    ("request", "chain_length", "follows from the events"),
    ("request", "chain_head", "follows from the events"),
    ("request", "wakes_at", "derived from the request"),
    ("request_document", "*", "derived from the request"),
    ("request_access", "*", "derived from the request"),
    ("task_access", "*", "derived from the request"),
    ("task_barred", "*", "derived from the request"),
    ("child_count", "*", "derived from the children"),
    ("event", "position", "the order of arrival in one database; streams carry their own order"),
    ("event_stream", "*", "follows from the events"),
    ("number_space", "space", "the members of the numbers record have names"),
    ("idempotency", "*", "promises of one installation to its own callers, kept for seven days"),
    ("lease", "*", "which process of one installation does what work, for some seconds"),
    ("last_write", "*", "places in the feed of one database"),
    ("webhook_delivery", "*", "how far one installation has told of its own events"),
    ("checkpoint", "*", "signed over the order of arrival in one database; `audit export-checkpoints` writes them"),
    ("checkpoint_leaf", "*", "belongs to the checkpoints"),
    ("directory_version", "*", "counts the changes of one database"),
    ("readiness", "*", "holds nothing but a counter of readiness checks"),
    ("credential", "*", "exported only when asked for: a password hash is a secret"),
    ("webhook_secret", "*", "exported only when asked for: a key is a secret"),
    ("__diesel_schema_migrations", "*", "the state of one database's schema"),
];

/// Writes everything to `sink`, and gives it back.
pub(crate) fn run(
    connection: &mut dyn Session,
    options: ExportOptions,
    mut sink: Box<dyn RecordSink>,
    progress: &Arc<dyn Progress>,
) -> Result<Box<dyn RecordSink>, ExportError> {
    let mut refused = None;
    let mut export = Export { connection, sink: &mut *sink, progress, refused: &mut refused };
    let done = export.everything(options);
    match refused {
        Some(error) => Err(ExportError::Sink(error)),
        None => Ok(done.map(|()| sink).map_err(countersign_core::error::RepositoryError::from)?),
    }
}

struct Export<'a> {
    connection: &'a mut dyn Session,
    sink: &'a mut dyn RecordSink,
    progress: &'a Arc<dyn Progress>,
    refused: &'a mut Option<std::io::Error>,
}

impl Export<'_> {
    fn everything(&mut self, options: ExportOptions) -> Result<(), Failure> {
        let records = self.count(options)?;
        self.progress.begin("exporting", Some(records));
        self.write(&Record::Header(Header { format: FORMAT, records: Some(records) }))?;
        let numbers = number::next(self.connection)?;
        self.write(&Record::Numbers(numbers))?;
        self.aggregates("SELECT id FROM app_user WHERE id >= ? ORDER BY id LIMIT ?", Record::User)?;
        if options.credentials {
            self.each(
                "SELECT user_id FROM credential WHERE user_id >= ? ORDER BY user_id LIMIT ?",
                |connection, id| Ok(user::load_credential(connection, id.into())?.map(Record::Credential)),
            )?;
        }
        self.aggregates("SELECT id FROM app_group WHERE id >= ? ORDER BY id LIMIT ?", Record::Group)?;
        self.aggregates("SELECT id FROM profile_template WHERE id >= ? ORDER BY id LIMIT ?", Record::ProfileTemplate)?;
        self.aggregates("SELECT id FROM catalog_item WHERE id >= ? ORDER BY id LIMIT ?", Record::CatalogItem)?;
        self.aggregates("SELECT id FROM approval_rule WHERE id >= ? ORDER BY id LIMIT ?", Record::ApprovalRule)?;
        self.aggregates("SELECT id FROM request_rule WHERE id >= ? ORDER BY id LIMIT ?", Record::RequestRule)?;
        self.aggregates("SELECT id FROM profile WHERE id >= ? ORDER BY id LIMIT ?", Record::Profile)?;
        self.aggregates("SELECT id FROM smartcard WHERE id >= ? ORDER BY id LIMIT ?", Record::Smartcard)?;
        self.requests()?;
        self.aggregates("SELECT id FROM grant_held WHERE id >= ? ORDER BY id LIMIT ?", Record::Grant)?;
        self.aggregates("SELECT id FROM webhook WHERE id >= ? ORDER BY id LIMIT ?", Record::Webhook)?;
        if options.credentials {
            self.each(
                "SELECT webhook_id FROM webhook_secret WHERE webhook_id >= ? ORDER BY webhook_id LIMIT ?",
                |connection, id| Ok(webhook::load_secret(connection, id.into())?.map(Record::WebhookSecret)),
            )?;
        }
        self.events()
    }

    /// How many records there are, the numbers among them, but for the header.
    fn count(&mut self, options: ExportOptions) -> Result<u64, Failure> {
        let row = sql!(
            "SELECT 1 + (SELECT count(*) FROM app_user) + ? * (SELECT count(*) FROM credential) \
             + (SELECT count(*) FROM app_group) + (SELECT count(*) FROM profile_template) \
             + (SELECT count(*) FROM catalog_item) + (SELECT count(*) FROM profile) + (SELECT count(*) FROM smartcard) \
             + (SELECT count(*) FROM request) + (SELECT count(*) FROM event) \
             + (SELECT count(*) FROM approval_rule) + (SELECT count(*) FROM request_rule) \
             + (SELECT count(*) FROM grant_held) + (SELECT count(*) FROM webhook) \
             + ? * (SELECT count(*) FROM webhook_secret)",
            options.credentials,
            options.credentials
        )
        .row(self.connection)?;
        Ok(row.map(|mut row| row.number()).transpose()?.unwrap_or(0))
    }

    /// Writes every aggregate of one kind. `page` selects so many ids at most after one.
    fn aggregates<T: Aggregate>(&mut self, page: &'static str, record: impl Fn(T) -> Record) -> Result<(), Failure> {
        self.each(page, |connection, id| Ok(T::load(connection, id)?.map(&record)))
    }

    /// Writes the record of each id of one kind.
    fn each(
        &mut self,
        page: &'static str,
        load: impl Fn(&mut dyn Session, Uuid) -> Result<Option<Record>, Failure>,
    ) -> Result<(), Failure> {
        self.pages(page, |export, page| {
            for id in page {
                if let Some(record) = load(export.connection, id)? {
                    export.write(&record)?;
                }
            }
            Ok(())
        })
    }

    fn requests(&mut self) -> Result<(), Failure> {
        self.pages("SELECT id FROM request WHERE id >= ? ORDER BY id LIMIT ?", |export, page| {
            let page: Vec<RequestId> = page.into_iter().map(RequestId::from).collect();
            let mut requests = request::load_requests(export.connection, &page)?;
            for id in page {
                if let Some(request) = requests.remove(&id).transpose()? {
                    export.write(&Record::Request(Box::new(request)))?;
                }
            }
            Ok(())
        })
    }

    /// Gives the ids of one kind to `take`, page by page.
    fn pages(
        &mut self,
        page: &'static str,
        take: impl Fn(&mut Self, Vec<Uuid>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut ids = Ids::default();
        loop {
            let rows = Statement::new(page, vec![ids.bound(), PAGE.into()]).rows(self.connection)?;
            let page = ids.next(rows)?;
            if page.is_empty() {
                return Ok(());
            }
            self.progress.advance(page.len() as u64);
            take(self, page)?;
        }
    }

    fn events(&mut self) -> Result<(), Failure> {
        let mut last = None;
        loop {
            let page = event::page(self.connection, last, PAGE)?;
            let Some(end) = page.last() else { return Ok(()) };
            last = Some((end.stream_id(), end.sequence));
            self.progress.advance(page.len() as u64);
            for event in page {
                self.write(&Record::Event(event))?;
            }
        }
    }

    fn write(&mut self, record: &Record) -> Result<(), Failure> {
        self.sink.take(record).map_err(|error| {
            let reason = error.to_string();
            *self.refused = Some(error);
            countersign_core::error::RepositoryError::Internal(reason).into()
        })
    }
}
