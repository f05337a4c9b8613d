//! The clock of the server: the machine's, or for tests a file's.

use std::path::PathBuf;
use std::sync::Arc;

use countersign_core::clock::{Clock, SystemClock, Timestamp};

use crate::settings::WorkflowSettings;

/// The clock that the settings ask for.
pub(crate) fn clock(settings: &WorkflowSettings) -> Arc<dyn Clock> {
    match &settings.test_clock {
        None => Arc::new(SystemClock),
        Some(path) => Arc::new(FileClock(path.clone())),
    }
}

/// The time that a file holds: it stands still until the file is written again.
struct FileClock(PathBuf);

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        let text = std::fs::read_to_string(&self.0);
        let time = text.ok().and_then(|text| Timestamp::parse(text.trim()));
        time.unwrap_or_else(|| {
            tracing::error!(file = %self.0.display(), "workflow.test_clock holds no time; the machine's clock is used");
            SystemClock.now()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_the_files_until_it_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("now");
        let clock = clock(&WorkflowSettings { test_clock: Some(path.clone()), ..WorkflowSettings::default() });
        for text in ["2019-06-15T00:00:00Z", "2019-06-16T12:00:00.5Z\n"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Some(clock.now()), Timestamp::parse(text.trim()));
        }
    }
}
