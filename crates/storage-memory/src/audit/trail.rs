//! The checkpoints, one after the other, and the streams against them.

use countersign_core::audit::{Checkpoint, Place, Span, Trail, Trust};
use countersign_core::event::Hash;

use super::Audit;
use crate::checkpoint;

impl Audit<'_> {
    pub(super) fn trail(&mut self, trust: Trust) {
        let mut trail = Trail::new(trust);
        loop {
            let stored = checkpoint::after(self.tables, trail.sequence()).cloned();
            let Some(checkpoint) = trail.next(stored, &mut self.report) else { break };
            let before = trail.position();
            let contiguous = checkpoint.sequence == trail.sequence() + 1;
            if trail.take(&checkpoint, &mut self.report) {
                self.leaves(&checkpoint);
            }
            if let Some(before) = before.filter(|_| contiguous) {
                self.feed(&checkpoint, before);
            }
        }
        let covered = trail.position().unwrap_or(0);
        self.report.uncovered = self.tables.events.after(covered).count() as u64;
    }

    /// Each stream must have the event that the checkpoint saw last.
    fn leaves(&mut self, checkpoint: &Checkpoint) {
        for leaf in &checkpoint.leaves {
            let found = self.tables.events.at(leaf.stream_id(), leaf.length).map(|event| event.hash);
            let found = found.as_ref().map(|hash| &hash.0[..]);
            Trail::hold(checkpoint.sequence, leaf, found, &mut self.report);
        }
    }

    /// The events since the checkpoint before must stand in their order.
    fn feed(&mut self, checkpoint: &Checkpoint, before: i64) {
        let mut span = Span::after(Some((checkpoint.sequence - 1, Hash::ZERO, before)));
        let events = self.tables.events.after(before);
        for (position, event) in events.take_while(|(position, _)| *position <= checkpoint.position) {
            span.take(position, event.stream_id(), event.sequence, event.hash);
        }
        if span.feed() != checkpoint.feed {
            let detail = format!(
                "the events at the positions {} to {} are not those that it covers, or stand in another order",
                before + 1,
                checkpoint.position
            );
            self.report.note(Place::Checkpoint(checkpoint.sequence), detail);
        }
    }
}
