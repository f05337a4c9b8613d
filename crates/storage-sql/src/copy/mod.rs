//! Copying one database into another of the same or of the other kind: every row of every table, in the order of
//! its key, so that nothing has to be derived again and nothing is left out that an export leaves out.
//!
//! One side reads a snapshot of the source page by page; the other writes each page in a transaction, together with
//! how far it has come (`ledger.rs`). A copy that was broken off goes on there. What counts in the end is read back:
//! the rows of each table and their checksum on the target against those of one snapshot of the source.

mod cells;
mod error;
mod feed;
mod ledger;
mod page;
mod reading;
mod rows;
mod source;
mod table;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use countersign_core::clock::{Clock, SystemClock, Timestamp};
use countersign_core::repository::Progress as Hearer;
use tokio::sync::mpsc::{Receiver, channel};

use crate::engine::{Engine, SqlRepository};
use crate::error::Failure;
use crate::session::Session;
use ledger::{Found, Progress};
use reading::{Batch, Reading, Seen};
use source::Fingerprint;

pub use error::CopyError;
pub(crate) use ledger::is_unfinished;
pub use table::{Column, Kind, NOT_COPIED, TABLES, Table};
pub use tally::{Checksum, Tally};

const COPYING: &str = "copying rows";
const REREADING: &str = "reading again what was copied before";
const VERIFYING: &str = "verifying rows";

/// For how long a lease is waited for whose holder may be gone.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it is looked at meanwhile.
const PAUSE: Duration = Duration::from_millis(500);

/// What was copied.
#[derive(Clone, Debug)]
pub struct Copied {
    /// Each table with its rows and their checksum, which are the same in the source and in the target.
    pub tables: Vec<(&'static str, Tally)>,
    /// How many rows were there from a run before this one.
    pub earlier: u64,
}

/// Copies every row of `source` to `target`, which is empty or holds what an unfinished copy of the same source
/// left there, and verifies it. The target is of no use to servers until [`finish`].
///
/// # Errors
/// What is not fit for it, what differs, or what a database says.
pub async fn copy<S: Engine, T: Engine>(
    source: &SqlRepository<S>,
    target: &SqlRepository<T>,
    most: usize,
    hearer: Arc<dyn Hearer>,
) -> Result<Copied, CopyError> {
    let (source, target) = (source.engine(), target.engine());
    source.ready().await.map_err(CopyError::at("the source"))?;
    idle(source, "source").await?;
    let fingerprint = source.few(Fingerprint::of).await.map_err(CopyError::at("the source"))?;
    let steps = prepare(target, &fingerprint).await?;
    let rows_of = |(step, progress): (&table::Step, &Progress)| if step.repeats() { 0 } else { progress.tally.rows };
    let earlier = table::steps().iter().zip(&steps).map(rows_of).sum();
    let reading = Reading { fingerprint, steps, most, hearer: hearer.clone() };
    let seen = rows(source, target, reading).await?;
    settle(target, seen.end).await?;
    verify(target, &seen, most, hearer).await?;
    let now = source.few(Fingerprint::of).await.map_err(CopyError::at("the source"))?;
    if now != seen.fingerprint {
        return Err(CopyError::moved("it has new events"));
    }
    let tables = TABLES.iter().zip(seen.tallies).map(|(table, tally)| (table.name, tally)).collect();
    Ok(Copied { tables, earlier })
}

/// Makes a database of the target that servers start on.
///
/// # Errors
/// What the database says.
pub async fn finish<T: Engine>(target: &SqlRepository<T>) -> Result<(), CopyError> {
    target.engine().bulk(ledger::finish).await.map_err(CopyError::at("the target"))
}

/// Makes sure that no server works on a database. One that has just ended leaves a lease that runs out; one that
/// works holds it ever longer.
async fn idle(engine: &impl Engine, which: &str) -> Result<(), CopyError> {
    let mut first = None;
    loop {
        let until = engine.few(source::busy_until).await.map_err(CopyError::at(format!("the {which}")))?;
        let Some(left) = until.and_then(|until| left(until, SystemClock.now())) else { return Ok(()) };
        if first.get_or_insert(until) != &until || left > PATIENCE {
            return Err(CopyError::Refused(format!(
                "a server works on the {which}, or did until a moment ago: stop every server, and try again in {} s",
                left.as_secs() + 1
            )));
        }
        tokio::time::sleep(left.min(PAUSE)).await;
    }
}

/// How long it is until then, if it is to come.
fn left(until: Timestamp, now: Timestamp) -> Option<Duration> {
    let micros = until.as_micros().checked_sub(now.as_micros()).filter(|micros| *micros > 0)?;
    Some(Duration::from_micros(micros.unsigned_abs()))
}

/// Looks at the target, and makes it ready for rows: how far each step has come.
async fn prepare<T: Engine>(target: &T, fingerprint: &Fingerprint) -> Result<Vec<Progress>, CopyError> {
    let place = || CopyError::at("the target");
    if let Found::Taken(reason) = target.few(ledger::look).await.map_err(place())? {
        return Err(refuse(&reason));
    }
    target.migrate().await.map_err(place())?;
    idle(target, "target").await?;
    let source = fingerprint.clone();
    let found = target.write(move |session| begin(session, &source)).await.map_err(place())?;
    match found {
        Found::Empty => Ok(table::steps().iter().map(|_| Progress::default()).collect()),
        Found::Taken(reason) => Err(refuse(&reason)),
        Found::Unfinished(of, _) if !of.is_same_source(fingerprint) => {
            Err(refuse("it holds an unfinished copy of another database"))
        }
        Found::Unfinished(of, _) if of != *fingerprint => Err(CopyError::moved("it has new events")),
        Found::Unfinished(_, None) => Err(refuse("another version of this program has begun the copy")),
        Found::Unfinished(_, Some(steps)) => Ok(steps),
    }
}

fn refuse(reason: &str) -> CopyError {
    CopyError::Refused(format!("the target is not empty, and nothing was done: {reason}"))
}

/// A copy that has not begun with its rows begins with the source as it is now.
fn begin(session: &mut dyn Session, source: &Fingerprint) -> Result<Found, Failure> {
    let mut found = ledger::look(session)?;
    if found.has_no_rows() {
        ledger::forget(session)?;
        found = ledger::look(session)?;
    }
    if matches!(found, Found::Empty) {
        ledger::begin(session, source)?;
    }
    Ok(found)
}

/// Reads and writes at the same time, a page ahead.
async fn rows<S: Engine, T: Engine>(source: &S, target: &T, reading: Reading) -> Result<Seen, CopyError> {
    let (sender, batches) = channel(1);
    let hearer = reading.hearer.clone();
    let read = source.long(move |session| Ok(reading.run(session, &sender)));
    let (seen, written) = tokio::join!(read, write(target, batches, hearer));
    written?;
    seen.map_err(CopyError::at("the source"))?
}

async fn write<T: Engine>(target: &T, mut batches: Receiver<Batch>, hearer: Arc<dyn Hearer>) -> Result<(), CopyError> {
    while let Some(batch) = batches.recv().await {
        let (step, rows) = (batch.step, batch.rows.len() as u64);
        let landed = target.write(move |session| land(session, batch)).await;
        match landed.map_err(CopyError::at(error::target(step)))? {
            Landing::Landed => {}
            Landing::Raced => return Err(CopyError::Refused("another copy works on the target".to_owned())),
            Landing::Served => {
                let reason = "a server has begun to work on the target: stop it, and begin anew with an empty target";
                return Err(CopyError::Refused(reason.to_owned()));
            }
        }
        if !step.repeats() {
            hearer.advance(rows);
        }
    }
    Ok(())
}

/// What became of a batch.
enum Landing {
    Landed,
    /// Somebody else has moved the step on.
    Raced,
    /// A server that was started before the copy has taken a lease.
    Served,
}

/// Writes a batch and how far it leads. Nothing is written before everything was looked at.
fn land(session: &mut dyn Session, batch: Batch) -> Result<Landing, Failure> {
    if source::busy_until(session)?.is_some_and(|until| left(until, SystemClock.now()).is_some()) {
        return Ok(Landing::Served);
    }
    if !ledger::advance(session, batch.step, batch.before, &batch.now)? {
        return Ok(Landing::Raced);
    }
    rows::write(session, batch.step, batch.rows)?;
    Ok(Landing::Landed)
}

/// What is no row; and statistics, by which the plans of everything that follows are chosen.
async fn settle<T: Engine>(target: &T, end: i64) -> Result<(), CopyError> {
    target.bulk(move |session| feed::set_end(session, end)).await.map_err(CopyError::at("the target"))
}

/// Reads the target and holds it against the source.
async fn verify<T: Engine>(target: &T, seen: &Seen, most: usize, hearer: Arc<dyn Hearer>) -> Result<(), CopyError> {
    hearer.begin(VERIFYING, Some(seen.tallies.iter().map(|tally| tally.rows).sum()));
    let read = target.long(move |session| Ok(read_back(session, most, &hearer)));
    let (end, tallies) = read.await.map_err(CopyError::at("the target"))??;
    for ((table, wanted), found) in TABLES.iter().zip(&seen.tallies).zip(tallies) {
        if found.rows != wanted.rows {
            let reason = format!("has {} rows; the source has {}", found.rows, wanted.rows);
            return Err(CopyError::Differs { table: table.name, reason });
        }
        if found.checksum != wanted.checksum {
            let reason = format!("has the checksum {}; the source has {}", found.checksum, wanted.checksum);
            return Err(CopyError::Differs { table: table.name, reason });
        }
    }
    if end != seen.end {
        let reason = format!("ends at position {end}; the source ends at {}", seen.end);
        return Err(CopyError::Differs { table: "event", reason });
    }
    Ok(())
}

fn read_back(session: &mut dyn Session, most: usize, hearer: &Arc<dyn Hearer>) -> Result<(i64, Vec<Tally>), CopyError> {
    let place = || CopyError::at("the target");
    source::be_patient(session).map_err(place())?;
    let mut tallies = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let heard = &mut |rows| hearer.advance(rows);
        let tally = source::tally(session, table, most, heard);
        tallies.push(tally.map_err(CopyError::at(format!("the target's table {}", table.name)))?);
    }
    Ok((feed::end(session).map_err(place())?, tallies))
}
