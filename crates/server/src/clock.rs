//! The clock of the server: the machine's, or for tests a file's.

use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::clock::{Clock, SystemClock, Timestamp};

use crate::settings::WorkflowSettings;

/// The clock that the settings ask for. Fails when that is a file which holds no time.
pub(crate) fn clock(settings: &WorkflowSettings) -> Result<Arc<dyn Clock>> {
    Ok(match &settings.test_clock {
        None => Arc::new(SystemClock),
        Some(path) => Arc::new(FileClock { last: Mutex::new(read(path)?), path: path.clone() }),
    })
}

/// The time that a file holds: it stands still until another time is written there.
struct FileClock {
    path: PathBuf,
    last: Mutex<Timestamp>,
}

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match read(&self.path) {
            Ok(time) => *last = time,
            // It may be about to be written.
            Err(error) => tracing::error!("{error}; it is still {last}", last = *last),
        }
        *last
    }
}

fn read(path: &Path) -> Result<Timestamp> {
    let fault = |kind, reason| Error::new(kind, format!("workflow.test_clock {}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| fault(error.kind(), error.to_string()))?;
    let text = text.trim();
    Timestamp::parse(text).ok_or_else(|| fault(ErrorKind::InvalidData, format!("{text:?} is no RFC 3339 time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &Path) -> Result<Arc<dyn Clock>> {
        clock(&WorkflowSettings { test_clock: Some(path.to_owned()), ..WorkflowSettings::default() })
    }

    #[test]
    fn the_time_is_the_files_until_another_is_written_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("now");
        std::fs::write(&path, "2019-06-14T00:00:00Z").unwrap();
        let clock = of(&path).unwrap();
        for (text, time) in [
            ("2019-06-15T00:00:00Z", "2019-06-15T00:00:00Z"),
            ("2019-06-16T12:00:00.5Z\n", "2019-06-16T12:00:00.5Z"),
            ("", "2019-06-16T12:00:00.5Z"),
        ] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(Some(clock.now()), Timestamp::parse(time));
        }
    }

    #[test]
    fn a_file_without_a_time_is_no_clock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("now");
        assert!(of(&path).err().unwrap().to_string().contains("workflow.test_clock"));
        std::fs::write(&path, "soon").unwrap();
        assert!(of(&path).err().unwrap().to_string().contains("\"soon\" is no RFC 3339 time"));
    }
}
