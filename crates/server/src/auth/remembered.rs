//! Verdicts that are remembered for a short time, so that a call costs no hash.

use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use secrecy::{ExposeSecret, SecretString};

/// How many verdicts are remembered at most.
const CAPACITY: usize = 4096;

/// What a verdict is remembered by: a keyed hash of the login, the password and the stored hash
/// that it was verified against. A changed password thus has no verdict, and nothing that is
/// remembered tells a password to somebody who reads the process's memory.
pub(super) type Mark = [u8; 32];

/// Verdicts with the time until which they count.
pub(super) struct Remembered {
    key: Option<[u8; 32]>,
    lifetime: Duration,
    verdicts: Cache<Mark, (bool, Instant)>,
}

impl Remembered {
    /// Remembers for `lifetime`; without a key, or for no time, remembers nothing.
    pub(super) fn new(key: Option<[u8; 32]>, lifetime: Duration) -> Self {
        Self { key: key.filter(|_| !lifetime.is_zero()), lifetime, verdicts: Cache::new(CAPACITY) }
    }

    /// What a verdict on these is remembered by; `None` when nothing is remembered.
    pub(super) fn mark(&self, login: &str, password: &SecretString, hash: &str) -> Option<Mark> {
        let mut hasher = blake3::Hasher::new_keyed(&self.key?);
        for part in [login, password.expose_secret(), hash] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Some(*hasher.finalize().as_bytes())
    }

    /// The verdict, while it counts.
    pub(super) fn verdict(&self, mark: Option<&Mark>) -> Option<bool> {
        let (verdict, until) = self.verdicts.get(mark?)?;
        (Instant::now() < until).then_some(verdict)
    }

    /// Notes a verdict.
    pub(super) fn note(&self, mark: Option<Mark>, verdict: bool) {
        if let Some(mark) = mark {
            self.verdicts.insert(mark, (verdict, Instant::now() + self.lifetime));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remembered(seconds: u64) -> Remembered {
        Remembered::new(Some([7; 32]), Duration::from_secs(seconds))
    }

    #[test]
    fn a_verdict_counts_for_exactly_what_it_was_given_on() {
        let remembered = remembered(60);
        let mark = remembered.mark("ann", &"one".into(), "$hash");
        assert_eq!(remembered.verdict(mark.as_ref()), None);
        remembered.note(mark, true);
        assert_eq!(remembered.verdict(mark.as_ref()), Some(true));
        for (login, password, hash) in [("anno", "ne", "$hash"), ("ann", "One", "$hash"), ("ann", "one", "$new")] {
            let other = remembered.mark(login, &password.into(), hash);
            assert_eq!(remembered.verdict(other.as_ref()), None);
        }
    }

    #[test]
    fn a_verdict_runs_out() {
        let remembered = Remembered::new(Some([7; 32]), Duration::from_millis(1));
        let mark = remembered.mark("ann", &"one".into(), "$hash");
        remembered.note(mark, true);
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(remembered.verdict(mark.as_ref()), None);
    }

    #[test]
    fn nothing_is_remembered_for_no_time_or_without_a_key() {
        assert_eq!(remembered(0).mark("ann", &"one".into(), "$hash"), None);
        let keyless = Remembered::new(None, Duration::from_secs(60));
        assert_eq!(keyless.mark("ann", &"one".into(), "$hash"), None);
        assert_eq!(keyless.verdict(None), None);
    }
}
