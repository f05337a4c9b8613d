//! Export: every record of one snapshot, ordered by kind and id.

use std::sync::Arc;

use countersign_core::bundle::{Credential, FORMAT, Header, Record, WebhookCredential};
use countersign_core::repository::{ExportError, ExportOptions, Progress, RecordSink};

use crate::tabled::Tabled;
use crate::tables::Tables;

/// What an export leaves out: table, member (`*` is every one), reason.
pub const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("events", "position", "the order of arrival in one store; streams carry their own order"),
    ("events.last", "*", "the order of arrival in one store"),
    ("chains", "*", "follow from the events"),
    ("documents", "*", "derived from the request"),
    ("access", "*", "derived from the request"),
    ("tasks", "*", "derived from the request"),
    ("barred", "*", "derived from the request"),
    ("child_counts", "*", "derived from the children"),
    ("wakes", "*", "derived from the request"),
    ("handovers", "*", "derived from the user and the tasks"),
    ("idempotency", "*", "promises of one installation to its own callers, kept for seven days"),
    ("leases", "*", "which process of one installation does what work, for some seconds"),
    ("deliveries", "*", "how far one installation has told of its own events"),
    ("checkpoints", "*", "signed over the order of arrival in one store"),
    ("readiness", "*", "holds nothing but a counter of readiness checks"),
    ("credentials", "*", "exported only when asked for: a password hash is a secret"),
    ("webhook_secrets", "*", "exported only when asked for: a key is a secret"),
];

/// Writes everything to `sink`, and gives it back.
pub(crate) fn run(
    tables: &Tables,
    options: ExportOptions,
    sink: Box<dyn RecordSink>,
    progress: &Arc<dyn Progress>,
) -> std::result::Result<Box<dyn RecordSink>, ExportError> {
    let records = count(tables, options);
    progress.begin("exporting", Some(records));
    let mut export = Export { tables, sink, progress };
    export.write(&Record::Header(Header { format: FORMAT, records: Some(records) }))?;
    export.write(&Record::Numbers(tables.numbers.next()?))?;
    export.everything(options)?;
    Ok(export.sink)
}

/// How many records there are, the numbers among them, but for the header.
fn count(tables: &Tables, options: ExportOptions) -> u64 {
    let secrets = if options.credentials { tables.credentials.len() + tables.webhook_secrets.len() } else { 0 };
    let aggregates = tables.users.len()
        + tables.groups.len()
        + tables.templates.len()
        + tables.catalog_items.len()
        + tables.approval_rules.len()
        + tables.request_rules.len()
        + tables.profiles.len()
        + tables.smartcards.len()
        + tables.requests.len()
        + tables.grants.len()
        + tables.webhooks.len();
    (1 + secrets + aggregates + tables.events.len()) as u64
}

struct Export<'a> {
    tables: &'a Tables,
    sink: Box<dyn RecordSink>,
    progress: &'a Arc<dyn Progress>,
}

impl Export<'_> {
    fn everything(&mut self, options: ExportOptions) -> std::result::Result<(), ExportError> {
        self.aggregates(Record::User)?;
        if options.credentials {
            for (user, hash) in &self.tables.credentials {
                self.write(&Record::Credential(Credential { user: *user, hash: hash.clone() }))?;
            }
        }
        self.aggregates(Record::Group)?;
        self.aggregates(Record::ProfileTemplate)?;
        self.aggregates(Record::CatalogItem)?;
        self.aggregates(Record::ApprovalRule)?;
        self.aggregates(Record::RequestRule)?;
        self.aggregates(Record::Profile)?;
        self.aggregates(Record::Smartcard)?;
        self.aggregates(|request| Record::Request(Box::new(request)))?;
        self.aggregates(Record::Grant)?;
        self.aggregates(Record::Webhook)?;
        if options.credentials {
            for (webhook, secret) in &self.tables.webhook_secrets {
                let credential = WebhookCredential { webhook: *webhook, secret: secret.clone() };
                self.write(&Record::WebhookSecret(credential))?;
            }
        }
        for event in self.tables.events.by_stream() {
            self.write(&Record::Event(event.clone()))?;
        }
        Ok(())
    }

    fn aggregates<T: Tabled>(&mut self, record: impl Fn(T) -> Record) -> std::result::Result<(), ExportError> {
        for state in T::table(self.tables).all() {
            self.write(&record(Arc::unwrap_or_clone(state?)))?;
        }
        Ok(())
    }

    fn write(&mut self, record: &Record) -> std::result::Result<(), ExportError> {
        self.sink.take(record)?;
        self.progress.advance(1);
        Ok(())
    }
}
