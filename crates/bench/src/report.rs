//! What the benchmark says: rows, each beside what it is compared with, as a table and as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::machine::Machine;

/// One comparison.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Which database, or `both` where there is none.
    pub(crate) backend: &'static str,
    pub(crate) connections: u32,
    /// For lists: how much the caller sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sees: Option<&'static str>,
    /// Calls a second at a fixed rate; without it each connection calls as fast as it is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rate: Option<u32>,
    /// What `ours` and `against` count.
    pub(crate) unit: &'static str,
    pub(crate) ours: f64,
    pub(crate) against: f64,
    /// What it is compared with.
    pub(crate) compared_with: String,
    /// The median of the rounds; higher is better.
    pub(crate) ratio: f64,
    pub(crate) must: Option<f64>,
    pub(crate) aim: Option<f64>,
    /// The widest distance of two rounds' ratios, as a part of the median.
    pub(crate) spread: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Answers that were not the right one; one voids the row.
    pub(crate) errors: u64,
}

impl Row {
    /// Whether the row reaches what it must, without an error, and answers evenly.
    pub(crate) fn holds(&self) -> bool {
        self.errors == 0 && self.must.is_none_or(|must| self.ratio >= must) && self.is_even()
    }

    /// Whether no answer of a database in a hundred takes much longer than most, where 32 connections call at a time.
    fn is_even(&self) -> bool {
        self.backend == "both" || self.connections != 32 || self.p99_ms <= MOST_UNEVEN * self.p50_ms
    }
}

/// How many times as long as the median 99 of 100 answers may take.
const MOST_UNEVEN: f64 = 10.0;

/// The memory of the server, anonymous and shared.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Memory {
    pub(crate) idle_mb: f64,
    pub(crate) peak_mb: f64,
}

impl Memory {
    /// What design section 8 allows.
    const MOST: Self = Self { idle_mb: 40.0, peak_mb: 150.0 };
}

/// Everything that a run says.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    pub(crate) memory: Memory,
    pub(crate) settings: Value,
    pub(crate) machine: Machine,
}

impl Report {
    /// What does not reach what it must.
    pub(crate) fn missed(&self) -> Vec<String> {
        let rows = self.rows.iter().filter(|row| !row.holds());
        let mut missed: Vec<String> =
            rows.map(|row| format!("{} on {} at {}", row.name, row.backend, row.connections)).collect();
        let most = Memory::MOST;
        if self.memory.idle_mb > most.idle_mb || self.memory.peak_mb > most.peak_mb {
            missed
                .push(format!("memory, {:.0} MB idle and {:.0} MB at most", self.memory.idle_mb, self.memory.peak_mb));
        }
        missed
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let mut text = String::from(
            "| row | backend | connections | ours | against | what | ratio | must | aim | spread | p50 ms | p99 ms | errors |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let sees = row.sees.map(|sees| format!(", sees {sees}")).unwrap_or_default();
            let rate = row.rate.map(|rate| format!(", {rate}/s")).unwrap_or_default();
            let _ = writeln!(
                text,
                "| {}{sees}{rate} | {} | {} | {} {} | {} | {} | {}{:.2} | {} | {} | {:.0} % | {:.3} | {:.3} | {} |",
                row.name,
                row.backend,
                row.connections,
                figure(row.ours),
                row.unit,
                figure(row.against),
                row.compared_with,
                if row.holds() { "" } else { "**misses** " },
                row.ratio,
                bound(row.must),
                bound(row.aim),
                row.spread * 100.0,
                row.p50_ms,
                row.p99_ms,
                row.errors,
            );
        }
        let Memory { idle_mb, peak_mb } = self.memory;
        let _ = writeln!(text, "\nMemory: {idle_mb:.1} MB idle, {peak_mb:.1} MB at most.");
        let _ = writeln!(text, "Machine: {}.", self.machine.told());
        let _ = writeln!(text, "Databases: {}.", self.settings);
        text
    }
}

/// Large numbers without a fraction, small ones with one.
fn figure(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

fn bound(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        Row {
            name: "mim_get",
            backend: "sqlite",
            connections: 32,
            sees: None,
            rate: None,
            unit: "/s",
            ours: 30_000.0,
            against: 60_000.0,
            compared_with: "the static answer".to_owned(),
            ratio: 0.5,
            must: Some(0.35),
            aim: Some(0.6),
            spread: 0.1,
            p50_ms: 0.5,
            p99_ms: 2.0,
            errors: 0,
        }
    }

    #[test]
    fn a_row_holds_by_its_must_and_without_errors() {
        assert!(row().holds());
        assert!(!Row { ratio: 0.34, ..row() }.holds());
        assert!(!Row { errors: 1, ..row() }.holds());
        assert!(Row { must: None, ratio: 0.01, ..row() }.holds());
        let uneven = Row { p99_ms: 10.1 * row().p50_ms, ..row() };
        assert!(!uneven.holds());
        assert!(Row { connections: 128, ..uneven }.holds());
    }
}
