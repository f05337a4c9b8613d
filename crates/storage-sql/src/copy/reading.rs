//! The reading side: one snapshot of the source from beginning to end.

use std::sync::Arc;

use countersign_core::repository::Progress as Hearer;
use tokio::sync::mpsc::Sender;

use super::cells::{self, Cells};
use super::error::{self, CopyError};
use super::ledger::Progress;
use super::page::Pages;
use super::source::{self, Fingerprint};
use super::table::{self, Step, TABLES};
use super::tally::Tally;
use super::{COPYING, REREADING, feed};
use crate::error::Failure;
use crate::session::Session;

/// A page on its way.
pub(super) struct Batch {
    pub(super) step: Step,
    pub(super) rows: Vec<Cells>,
    /// How many rows the step had before.
    pub(super) before: u64,
    /// How far it has come with them.
    pub(super) now: Progress,
}

/// What the source was.
pub(super) struct Seen {
    pub(super) fingerprint: Fingerprint,
    /// The end of its feed.
    pub(super) end: i64,
    /// Each of [`TABLES`].
    pub(super) tallies: Vec<Tally>,
}

/// What the reading side works on.
pub(super) struct Reading {
    /// What the source was when the target was looked at.
    pub(super) fingerprint: Fingerprint,
    /// How far each step has come.
    pub(super) steps: Vec<Progress>,
    pub(super) most: usize,
    pub(super) hearer: Arc<dyn Hearer>,
}

impl Reading {
    /// Reads everything that was not copied yet, then once more what was copied in an earlier run: that was
    /// another snapshot.
    pub(super) fn run(&self, session: &mut dyn Session, batches: &Sender<Batch>) -> Result<Seen, CopyError> {
        let at_source = || CopyError::at("the source");
        source::be_patient(session).map_err(at_source())?;
        let fingerprint = Fingerprint::of(session).map_err(at_source())?;
        if fingerprint != self.fingerprint {
            return Err(CopyError::moved("it has new events"));
        }
        self.hearer.begin(COPYING, Some(count(session)?));
        let mut copied = vec![Tally::default(); TABLES.len()];
        let mut earlier = vec![false; TABLES.len()];
        for (step, progress) in table::steps().into_iter().zip(&self.steps) {
            let done = self.step(session, step, progress, batches)?;
            if !step.repeats() {
                let at = index(step);
                copied[at].join(&done);
                earlier[at] |= progress.tally.rows > 0;
            }
        }
        self.again(session, &copied, &earlier)?;
        let end = feed::end(session).map_err(at_source())?;
        Ok(Seen { fingerprint, end, tallies: copied })
    }

    /// Reads a step to its end; all that was copied of it.
    fn step(
        &self,
        session: &mut dyn Session,
        step: Step,
        progress: &Progress,
        batches: &Sender<Batch>,
    ) -> Result<Tally, CopyError> {
        let at_source = || CopyError::at::<Failure>(error::source(step));
        let mut pages = Pages::from(step, progress.place.as_deref(), self.most).map_err(at_source())?;
        let mut tally = progress.tally;
        if !step.repeats() {
            self.hearer.advance(tally.rows);
        }
        loop {
            let rows = pages.next(session).map_err(at_source())?;
            let Some(last) = rows.last() else { return Ok(tally) };
            let place = cells::place(step.table.key(), last).map_err(at_source())?;
            let before = tally.rows;
            rows.iter().for_each(|row| tally.add(pages.columns(), row));
            let batch = Batch { step, rows, before, now: Progress { place: Some(place), tally } };
            // Whoever writes has ended, and says why.
            batches.blocking_send(batch).map_err(|_| CopyError::Refused("the target takes no more".to_owned()))?;
        }
    }

    fn again(&self, session: &mut dyn Session, copied: &[Tally], earlier: &[bool]) -> Result<(), CopyError> {
        let tables = || TABLES.iter().zip(copied).zip(earlier).filter(|(_, earlier)| **earlier).map(|(table, _)| table);
        let total: u64 = tables().map(|(_, copied)| copied.rows).sum();
        if total == 0 {
            return Ok(());
        }
        self.hearer.begin(REREADING, Some(total));
        for (table, copied) in tables() {
            let heard = &mut |rows| self.hearer.advance(rows);
            let now = source::tally(session, table, self.most, heard)
                .map_err(CopyError::at(format!("the source's table {}", table.name)))?;
            if now != *copied {
                return Err(CopyError::moved(format!("table {}", table.name)));
            }
        }
        Ok(())
    }
}

fn index(step: Step) -> usize {
    TABLES.iter().position(|table| table.name == step.table.name).unwrap_or_default()
}

/// How many rows there are in all.
fn count(session: &mut dyn Session) -> Result<u64, CopyError> {
    let mut rows = 0;
    for table in TABLES {
        rows += source::count(session, table).map_err(CopyError::at(format!("the source's table {}", table.name)))?;
    }
    Ok(rows)
}
