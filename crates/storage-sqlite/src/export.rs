//! Export: every record of one snapshot, ordered by kind and id.

use std::sync::Arc;

use countersign_core::bundle::{FORMAT, Header, Record};
use countersign_core::repository::{ExportError, ExportOptions, Progress, RecordSink};
use diesel::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::connection;
use crate::error::Failure;
use crate::sql::{Statement, sql};
use crate::{catalog, directory, event, number, profile, request, template};

/// How many ids or events are read at once.
const PAGE: i64 = 1000;

/// Tables and columns that an export leaves out, each with its reason.
pub const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("principal", "*", "says which of users and groups an id is; follows from the records"),
    ("app_user", "login_folded", "follows from the login"),
    ("app_group", "name_folded", "follows from the name"),
    ("request", "chain_length", "follows from the events"),
    ("request", "chain_head", "follows from the events"),
    ("request_document", "*", "derived from the request"),
    ("request_access", "*", "derived from the request"),
    ("task_access", "*", "derived from the request"),
    ("child_count", "*", "derived from the children"),
    ("event", "position", "the order of arrival in one database; streams carry their own order"),
    ("event_stream", "*", "follows from the events"),
    ("number_space", "space", "the members of the numbers record have names"),
    ("idempotency", "*", "promises of one installation to its own callers, kept for seven days"),
    ("readiness", "*", "holds nothing but a counter of readiness checks"),
    ("credential", "*", "exported only when asked for: a password hash is a secret"),
    ("__diesel_schema_migrations", "*", "the state of one database's schema"),
];

/// Writes everything to `sink`.
pub(crate) fn run(
    connection: &mut SqliteConnection,
    options: ExportOptions,
    sink: &mut dyn RecordSink,
    progress: &Arc<dyn Progress>,
) -> Result<(), ExportError> {
    let mut refused = None;
    let done = connection::snapshot(connection, |connection| {
        let mut export = Export { connection, sink, progress, refused: &mut refused };
        export.everything(options)
    });
    match refused {
        Some(error) => Err(ExportError::Sink(error)),
        None => Ok(done?),
    }
}

struct Export<'a> {
    connection: &'a mut SqliteConnection,
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
        self.each(
            |after| sql!("SELECT id FROM app_user WHERE id > ? ORDER BY id LIMIT ?", after, PAGE),
            |connection, id| Ok(directory::load_user(connection, id.into())?.map(Record::User)),
        )?;
        if options.credentials {
            self.each(
                |after| sql!("SELECT user_id FROM credential WHERE user_id > ? ORDER BY user_id LIMIT ?", after, PAGE),
                |connection, id| Ok(directory::load_credential(connection, id.into())?.map(Record::Credential)),
            )?;
        }
        self.each(
            |after| sql!("SELECT id FROM app_group WHERE id > ? ORDER BY id LIMIT ?", after, PAGE),
            |connection, id| Ok(directory::load_group(connection, id.into())?.map(Record::Group)),
        )?;
        self.each(
            |after| sql!("SELECT id FROM profile_template WHERE id > ? ORDER BY id LIMIT ?", after, PAGE),
            |connection, id| Ok(template::load_template(connection, id.into())?.map(Record::ProfileTemplate)),
        )?;
        self.each(
            |after| sql!("SELECT id FROM catalog_item WHERE id > ? ORDER BY id LIMIT ?", after, PAGE),
            |connection, id| Ok(catalog::load_item(connection, id.into())?.map(Record::CatalogItem)),
        )?;
        self.each(
            |after| sql!("SELECT id FROM profile WHERE id > ? ORDER BY id LIMIT ?", after, PAGE),
            |connection, id| Ok(profile::load_profile(connection, id.into())?.map(Record::Profile)),
        )?;
        self.each(
            |after| sql!("SELECT id FROM smartcard WHERE id > ? ORDER BY id LIMIT ?", after, PAGE),
            |connection, id| Ok(profile::load_smartcard(connection, id.into())?.map(Record::Smartcard)),
        )?;
        self.each(
            |after| sql!("SELECT id FROM request WHERE id > ? ORDER BY id LIMIT ?", after, PAGE),
            |connection, id| {
                let request = request::load_request(connection, id.into())?;
                Ok(request.map(|request| Record::Request(Box::new(request))))
            },
        )?;
        self.events()
    }

    /// How many records there are, the numbers among them, but for the header.
    fn count(&mut self, options: ExportOptions) -> Result<u64, Failure> {
        let row = sql!(
            "SELECT 1 + (SELECT count(*) FROM app_user) + ? * (SELECT count(*) FROM credential) \
             + (SELECT count(*) FROM app_group) + (SELECT count(*) FROM profile_template) \
             + (SELECT count(*) FROM catalog_item) + (SELECT count(*) FROM profile) + (SELECT count(*) FROM smartcard) \
             + (SELECT count(*) FROM request) + (SELECT count(*) FROM event)",
            options.credentials
        )
        .row(self.connection)?;
        Ok(row.map(|mut row| row.number()).transpose()?.unwrap_or(0))
    }

    /// Writes the record of each id of one kind.
    fn each(
        &mut self,
        page: impl Fn(Vec<u8>) -> Statement,
        load: impl Fn(&mut SqliteConnection, Uuid) -> Result<Option<Record>, Failure>,
    ) -> Result<(), Failure> {
        // An empty blob sorts before every id.
        let mut last = Vec::new();
        loop {
            let rows = page(last.clone()).rows(self.connection)?;
            let Some(count) = rows.len().checked_sub(1) else { return Ok(()) };
            for mut row in rows {
                let id: Uuid = row.id()?;
                last = id.as_bytes().to_vec();
                if let Some(record) = load(self.connection, id)? {
                    self.write(&record)?;
                }
            }
            self.progress.advance(count as u64 + 1);
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
