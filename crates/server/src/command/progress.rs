//! How far long work has come: a bar on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use countersign_core::repository::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// How much time lies between two plain lines at least.
const PACE: Duration = Duration::from_secs(2);

/// Shows progress on standard error in the form that suits it.
pub(super) fn on_stderr() -> Arc<dyn Progress> {
    if io::stderr().is_terminal() { Arc::new(Bar::new()) } else { Arc::new(Lines::new(io::stderr())) }
}

struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    fn style(total: Option<u64>) -> ProgressStyle {
        let template = match total {
            Some(_) => "{msg} {wide_bar} {human_pos} of {human_len}, {eta} left",
            None => "{spinner} {msg} {human_pos}",
        };
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
    }
}

impl Progress for Bar {
    fn begin(&self, stage: &'static str, total: Option<u64>) {
        self.0.set_style(Self::style(total));
        self.0.set_message(stage);
        self.0.set_position(0);
        self.0.set_length(total.unwrap_or(0));
        self.0.reset_eta();
    }

    fn advance(&self, records: u64) {
        self.0.inc(records);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

struct Lines<W>(Mutex<Stage<W>>);

struct Stage<W> {
    out: W,
    name: &'static str,
    total: Option<u64>,
    done: u64,
    printed: Instant,
}

impl<W: Write> Lines<W> {
    fn new(out: W) -> Self {
        Self(Mutex::new(Stage { out, name: "", total: None, done: 0, printed: Instant::now() }))
    }
}

impl<W: Write> Stage<W> {
    fn line(&mut self) {
        let total = self.total.map(|total| format!(" of {total}")).unwrap_or_default();
        // Work goes on when nobody listens.
        let _ = writeln!(self.out, "{}: {}{total}", self.name, self.done);
        self.printed = Instant::now();
    }
}

impl<W: Write + Send> Progress for Lines<W> {
    fn begin(&self, name: &'static str, total: Option<u64>) {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (stage.name, stage.total, stage.done) = (name, total, 0);
    }

    fn advance(&self, records: u64) {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stage.done += records;
        if stage.printed.elapsed() >= PACE {
            stage.line();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_at_a_pace_and_say_how_far_it_is() {
        let lines = Lines::new(Vec::new());
        lines.begin("reading", Some(10));
        lines.advance(3);
        assert!(lines.0.lock().unwrap().out.is_empty());
        lines.0.lock().unwrap().printed = Instant::now().checked_sub(PACE).unwrap();
        lines.advance(4);
        lines.advance(1);
        assert_eq!(lines.0.lock().unwrap().out, b"reading: 7 of 10\n");
    }
}
