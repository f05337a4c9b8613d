//! The checkpoints, one after the other, and the streams against them.

use countersign_core::audit::{Checkpoint, Place, Span, Trail, Trust};
use countersign_core::event::Hash;

use super::{Audit, PAGE, reason};
use crate::checkpoint;
use crate::error::Failure;
use crate::parts::{Lookup, look_up};
use crate::sql::sql;

impl Audit<'_> {
    pub(super) fn trail(&mut self, trust: Trust) -> Result<(), Failure> {
        let mut trail = Trail::new(trust);
        while let Some(checkpoint) = self.next_checkpoint(&mut trail)? {
            let before = trail.position();
            let contiguous = checkpoint.sequence == trail.sequence() + 1;
            let whole = trail.take(&checkpoint, &mut self.report);
            if whole {
                self.leaves(&checkpoint)?;
            }
            if let Some(before) = before.filter(|_| contiguous) {
                self.feed(&checkpoint, before)?;
            }
        }
        let covered = trail.position().unwrap_or(0);
        let row = sql!("SELECT count(*) FROM event WHERE position > ?", covered).row(self.connection)?;
        self.report.uncovered = row.map(|mut row| row.number()).transpose()?.unwrap_or(0);
        Ok(())
    }

    /// The next checkpoint that can be read.
    fn next_checkpoint(&mut self, trail: &mut Trail) -> Result<Option<Checkpoint>, Failure> {
        loop {
            let last = trail.sequence();
            match reason(checkpoint::after(self.connection, last))? {
                Ok(stored) => return Ok(trail.next(stored, &mut self.report)),
                Err(reason) => {
                    let row = sql!("SELECT min(sequence) FROM checkpoint WHERE sequence > ?", last);
                    let row = row.row(self.connection)?;
                    let unreadable = row.map(|mut row| row.maybe_int()).transpose()?.flatten();
                    trail.pass(unreadable.unwrap_or(last + 1), &reason, &mut self.report);
                }
            }
        }
    }

    /// Each stream must have the event that the checkpoint saw last.
    fn leaves(&mut self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        const EVENTS: Lookup<'_> = ("event", &["stream_kind", "stream_id", "sequence"], &["hash"]);
        for leaves in checkpoint.leaves.chunks(PAGE as usize) {
            let keys = leaves.iter().map(|leaf| vec![leaf.stream.code().into(), leaf.id.into(), leaf.length.into()]);
            let found = look_up(self.connection, EVENTS, &keys.collect::<Vec<_>>())?;
            for (leaf, found) in leaves.iter().zip(found) {
                let found = found.map(|mut row| row.blob()).transpose()?;
                Trail::hold(checkpoint.sequence, leaf, found.as_deref(), &mut self.report);
            }
        }
        Ok(())
    }

    /// The events since the checkpoint before must stand in their order.
    fn feed(&mut self, checkpoint: &Checkpoint, before: i64) -> Result<(), Failure> {
        let mut span = Span::after(Some((checkpoint.sequence - 1, Hash::ZERO, before)));
        loop {
            let rows = sql!(
                "SELECT position, stream_kind, stream_id, sequence, hash FROM event \
                 WHERE position > ? AND position <= ? ORDER BY position LIMIT ?",
                span.position(),
                checkpoint.position,
                PAGE
            )
            .rows(self.connection)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                match reason(checkpoint::placed(row))? {
                    Ok((position, stream, sequence, hash)) => span.take(position, stream, sequence, hash),
                    Err(reason) => {
                        let detail = format!("covers an event that cannot be read: {reason}");
                        self.report.note(Place::Checkpoint(checkpoint.sequence), detail);
                        return Ok(());
                    }
                }
            }
        }
        if span.feed() != checkpoint.feed {
            let detail = format!(
                "the events at the positions {} to {} are not those that it covers, or stand in another order",
                before + 1,
                checkpoint.position
            );
            self.report.note(Place::Checkpoint(checkpoint.sequence), detail);
        }
        Ok(())
    }
}
