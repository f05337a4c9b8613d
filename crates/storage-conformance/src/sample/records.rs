//! Where imports come from and exports go to, in memory.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::bundle::{Fault, Placed, Record, RecordSource};
use countersign_core::repository::RecordSink;

/// Records as a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records(pub Vec<Record>);

impl RecordSource for Records {
    fn open(&mut self) -> io::Result<Box<dyn Iterator<Item = io::Result<Result<Placed, Fault>>> + '_>> {
        let placed = (1..).zip(&self.0).map(|(place, record)| Ok(Ok(Placed { place, record: record.clone() })));
        Ok(Box::new(placed))
    }
}

impl FromIterator<Record> for Records {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> Self {
        Self(records.into_iter().collect())
    }
}

/// An export as JSON Lines. Clones share their text.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// The text so far.
    ///
    /// # Panics
    /// If it is not UTF-8, which JSON is.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        String::from_utf8(bytes).expect("JSON is UTF-8")
    }
}

impl RecordSink for Lines {
    fn take(&mut self, record: &Record) -> io::Result<()> {
        let mut text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_writer(&mut *text, record)?;
        text.push(b'\n');
        Ok(())
    }
}
