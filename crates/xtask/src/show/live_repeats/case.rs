//! What a case of the show is.

use super::world::{Call, World};

/// The id of nothing.
pub(super) const UNKNOWN: &str = "00000000-dead-4bad-8bad-000000000000";

/// Something that a call can be about, ready for it.
pub(super) struct Made {
    /// The call.
    pub(super) call: Call,
    /// The same operation with another body, or about something else.
    pub(super) other: Call,
    /// The same operation as the rules refuse it, and with which status.
    pub(super) refused: (Call, u16),
    /// Whether the call finds everything so already.
    pub(super) idle: bool,
}

impl Made {
    pub(super) fn new(call: Call, other: Call, refused: Call, status: u16) -> Self {
        Self { call, other, refused: (refused, status), idle: false }
    }

    /// The same call, which has nothing to do.
    pub(super) fn idle(self) -> Self {
        Self { idle: true, ..self }
    }
}

/// A writing operation, in one of the situations in which it is called.
pub(super) struct Case {
    pub(super) operation: &'static str,
    pub(super) situation: &'static str,
    /// Brings the situation about, each time anew.
    pub(super) make: fn(&World<'_>) -> anyhow::Result<Made>,
}

/// A case as the tables have it: its operation, its situation, and what brings that about.
pub(super) type Named = (&'static str, &'static str, fn(&World<'_>) -> anyhow::Result<Made>);
