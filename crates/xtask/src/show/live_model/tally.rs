//! How often which command met which state, and how that went.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::model::words::{Kind, Reason, Status};

/// The state of what is being asked for.
const SUBMITTED: &str = "submitted";

/// The columns of a cell: done, then refused for each reason.
const COLUMNS: usize = 1 + Reason::ALL.len();

/// Counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Sequences.
    pub(super) sequences: u64,
    /// The fewest commands of a sequence.
    pub(super) shortest: Option<u64>,
    /// Commands.
    pub(super) commands: u64,
    /// Requests that were made, children among them.
    pub(super) requests: u64,
    /// Things that the worker did.
    pub(super) due: u64,
    /// Inboxes that were read whole and compared.
    pub(super) inboxes: u64,
    /// Pending requests that somebody who may decide them saw.
    pub(super) seen: u64,
    /// Pending requests that nobody may decide, so that they are marked for an administrator.
    pub(super) marked: u64,
    /// Parents that ended with their children.
    pub(super) parents: u64,
    cells: BTreeMap<(&'static str, Kind), [u64; COLUMNS]>,
}

impl Tally {
    /// Counts a command on a request in `status` (none: on its way in).
    pub(super) fn count(&mut self, status: Option<Status>, kind: Kind, refused: Option<Reason>) {
        let cell = self.cells.entry((status.map_or(SUBMITTED, Status::word), kind)).or_default();
        let column = refused.and_then(|reason| Reason::ALL.iter().position(|known| *known == reason));
        cell[column.map_or(0, |column| column + 1)] += 1;
        self.commands += 1;
    }

    /// Adds what was counted elsewhere.
    pub(super) fn add(&mut self, other: &Self) {
        self.sequences += other.sequences;
        self.shortest = [self.shortest, other.shortest].into_iter().flatten().min();
        self.commands += other.commands;
        self.requests += other.requests;
        self.due += other.due;
        self.inboxes += other.inboxes;
        self.seen += other.seen;
        self.marked += other.marked;
        self.parents += other.parents;
        for (cell, counts) in &other.cells {
            let own = self.cells.entry(*cell).or_default();
            own.iter_mut().zip(counts).for_each(|(own, more)| *own += more);
        }
    }

    /// The pairs of a state and a command that were never met.
    pub(super) fn missing(&self) -> Vec<String> {
        let all = Status::ALL.iter().flat_map(|status| Kind::ALL.iter().map(move |kind| (*status, *kind)));
        let missing = all.filter(|(status, kind)| !self.cells.contains_key(&(status.word(), *kind)));
        missing.map(|(status, kind)| format!("{} in {}", kind.word(), status.word())).collect()
    }

    /// The pairs that mean something and were never done.
    pub(super) fn undone(&self) -> Vec<String> {
        let all = Status::ALL.iter().flat_map(|status| Kind::ALL.iter().map(move |kind| (*status, *kind)));
        let undone = all.filter(|(status, kind)| {
            status.knows(*kind) && self.cells.get(&(status.word(), *kind)).is_none_or(|counts| counts[0] == 0)
        });
        undone.map(|(status, kind)| format!("{} in {}", kind.word(), status.word())).collect()
    }

    /// The counts: per state and command, done and refused for each reason.
    pub(super) fn figures(&self) -> Value {
        let mut states = Map::new();
        for ((status, kind), counts) in &self.cells {
            let state = states.entry((*status).to_owned()).or_insert_with(|| json!({}));
            state[kind.word()] = json!(counts);
        }
        let columns: Vec<&str> = ["done"].into_iter().chain(Reason::ALL.iter().map(|reason| reason.word())).collect();
        json!({
            "sequences": self.sequences, "shortest": self.shortest, "commands": self.commands,
            "requests": self.requests, "due": self.due, "inboxes_compared": self.inboxes,
            "pending_seen": self.seen, "pending_marked": self.marked, "parents_ended": self.parents,
            "cells_hit": self.cells.len(), "columns": columns, "cells": states,
        })
    }
}
