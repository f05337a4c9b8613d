//! OIG's two forms of a date (`spec/oig-requests.md` B.1).

use chrono::SecondsFormat;
use chrono_tz::Tz;
use countersign_core::clock::Timestamp;

use crate::settings::{OigCompat, OigSettings};

/// How dates are printed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dates {
    /// 12c: `2019-06-20T20:34:08Z`.
    Iso,
    /// 11g: `Fri Mar 04 12:26:51 IST 2016`, in the server's zone.
    Java(Tz),
}

impl Dates {
    /// As the release does whose shape is printed.
    pub(super) const fn of(settings: &OigSettings) -> Self {
        match settings.compat {
            OigCompat::C12 => Self::Iso,
            OigCompat::G11 => Self::Java(settings.time_zone),
        }
    }

    /// The point in time, cut to seconds.
    pub(super) fn print(self, at: Timestamp) -> String {
        let at = at.to_utc();
        match self {
            Self::Iso => at.to_rfc3339_opts(SecondsFormat::Secs, true),
            Self::Java(zone) => at.with_timezone(&zone).format("%a %b %d %H:%M:%S %Z %Y").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_cut_to_seconds() {
        let at = Timestamp::parse("2016-03-04T06:56:51.999Z").unwrap();
        assert_eq!(Dates::Iso.print(at), "2016-03-04T06:56:51Z");
        assert_eq!(Dates::Java(Tz::Asia__Kolkata).print(at), "Fri Mar 04 12:26:51 IST 2016");
        assert_eq!(Dates::Java(Tz::UTC).print(at), "Fri Mar 04 06:56:51 UTC 2016");
        assert_eq!(Dates::Java(Tz::America__New_York).print(at), "Fri Mar 04 01:56:51 EST 2016");
    }
}
