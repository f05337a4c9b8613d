//! Points in time, in whole microseconds, and where they come from.

use std::fmt;

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
///
/// Written as that integer. Read as the integer, as its decimal digits, or as an RFC 3339
/// text, so that hand-written bundles stay readable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest and the latest time that every adapter and dialect can print:
    /// the years 1 to 9999.
    const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

    /// A point in time from its microseconds, if it lies in the years 1 to 9999.
    pub fn from_micros(micros: i64) -> Option<Self> {
        Self::RANGE.contains(&micros).then_some(Self(micros))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 text with an offset; digits beyond microseconds are cut.
    pub fn parse(text: &str) -> Option<Self> {
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        Self::from_micros(time.timestamp_micros())
    }

    /// The same point in time for calendars.
    pub fn to_utc(self) -> DateTime<Utc> {
        match Utc.timestamp_micros(self.0) {
            chrono::LocalResult::Single(time) => time,
            _ => DateTime::UNIX_EPOCH,
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("microseconds since 1970 or an RFC 3339 time in the years 1 to 9999")
            }

            fn visit_i64<E: de::Error>(self, micros: i64) -> Result<Timestamp, E> {
                Timestamp::from_micros(micros).ok_or_else(|| E::invalid_value(de::Unexpected::Signed(micros), &self))
            }

            fn visit_u64<E: de::Error>(self, micros: u64) -> Result<Timestamp, E> {
                let time = i64::try_from(micros).ok().and_then(Timestamp::from_micros);
                time.ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(micros), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                let micros = text.parse().ok().and_then(Timestamp::from_micros);
                micros
                    .or_else(|| Timestamp::parse(text))
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Microseconds since 1970-01-01T00:00:00Z, or an RFC 3339 time with an offset.",
            "anyOf": [{"type": "integer"}, {"type": "string", "format": "date-time"}]
        })
    }
}

/// Where the present comes from. Handed in, so that tests can set it.
pub trait Clock: Send + Sync {
    /// The present, in whole microseconds.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(Utc::now().timestamp_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_integer_or_as_text() {
        let text: Timestamp = serde_json::from_str("\"2015-07-07T23:36:21.93Z\"").unwrap();
        let integer: Timestamp = serde_json::from_str("1436312181930000").unwrap();
        assert_eq!(text, integer);
        assert_eq!(serde_json::from_str::<Timestamp>("\"1436312181930000\"").unwrap(), integer);
        assert_eq!(serde_json::to_string(&text).unwrap(), "1436312181930000");
    }

    #[test]
    fn an_offset_is_converted_and_nanoseconds_are_cut() {
        let time = Timestamp::parse("2016-03-04T12:26:51.1234569+05:30").unwrap();
        assert_eq!(time.to_string(), "2016-03-04T06:56:51.123456Z");
    }

    #[test]
    fn times_outside_the_calendar_are_refused() {
        for text in ["99999999999999999999", "253402300800000000", "\"2015-07-07T23:36:21\"", "\"yesterday\"", "1.5"] {
            assert!(serde_json::from_str::<Timestamp>(text).is_err(), "{text}");
        }
    }
}
