//! The order of all events. Each gets the next position as it lands, so a gap is an event that was removed, or moved.

use countersign_core::audit::Place;

use super::Audit;

impl Audit<'_> {
    pub(super) fn order(&mut self) {
        let given = self.tables.events.last();
        let mut next = 1;
        for (position, _) in self.tables.events.after(i64::MIN) {
            if position < 1 || position > given {
                self.report.note(Place::Order, format!("position {position} was never given out"));
                continue;
            }
            self.gap(next, position - 1);
            next = position + 1;
        }
        self.gap(next, given);
    }

    fn gap(&mut self, first: i64, last: i64) {
        if first == last {
            self.report.note(Place::Order, format!("no event stands at position {first}"));
        } else if first < last {
            self.report.note(Place::Order, format!("no events stand at the positions {first} to {last}"));
        }
    }
}
