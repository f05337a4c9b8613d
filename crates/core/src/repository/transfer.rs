//! What exports and imports need.

use std::sync::Arc;

use crate::bundle::Record;
use crate::clock::Timestamp;
use crate::error::RepositoryError;
use crate::event::Entropy;

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

/// What an import needs besides its records.
pub struct ImportContext {
    /// When the import happens.
    pub now: Timestamp,
    /// Where salts come from.
    pub entropy: Box<dyn Entropy>,
    /// Hears how far it has come.
    pub progress: Arc<dyn Progress>,
}
