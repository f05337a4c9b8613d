//! Reading bundles: JSON Lines record by record, or one hand-written JSON array.

use std::io::{self, BufRead};

use serde::de::DeserializeOwned;

use super::{
    ApprovalRule, CatalogItem, Credential, Fault, Grant, Group, Header, Numbers, Placed, Profile, ProfileTemplate,
    Record, Request, RequestRule, Smartcard, StoredEvent, User, Webhook, WebhookCredential,
};
use crate::error::Invalid;

/// How a bundle is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A record a line.
    Lines,
    /// One JSON array.
    Array,
}

/// The records of a bundle, with a fault in the place of each that cannot be read.
#[derive(Debug)]
pub enum BundleText<R> {
    /// JSON Lines, read as they are asked for.
    Lines {
        /// The rest of the text.
        text: R,
        /// The last line that was read.
        line: u64,
    },
    /// The elements of an array.
    Array {
        /// The elements that are left, the last first.
        rest: Vec<Box<serde_json::value::RawValue>>,
        /// The last element that was read.
        element: u64,
    },
}

impl<R: BufRead> BundleText<R> {
    /// Begins to read. A text whose first character is `[` is an array, any other is lines.
    pub fn new(mut text: R) -> io::Result<Self> {
        match Self::layout(&mut text)? {
            Layout::Lines => Ok(Self::Lines { text, line: 0 }),
            Layout::Array => {
                let mut rest: Vec<_> = serde_json::from_reader(text).map_err(io::Error::from)?;
                rest.reverse();
                Ok(Self::Array { rest, element: 0 })
            }
        }
    }

    fn layout(text: &mut R) -> io::Result<Layout> {
        // Editors on Windows begin a file with a mark; the one for UTF-8 says nothing.
        match text.fill_buf()? {
            [0xef, 0xbb, 0xbf, ..] => text.consume(3),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the text is UTF-16; a bundle is UTF-8"));
            }
            _ => {}
        }
        loop {
            let buffer = text.fill_buf()?;
            let blanks = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            match buffer.get(blanks) {
                Some(b'[') => return Ok(Layout::Array),
                None if blanks > 0 => text.consume(blanks),
                _ => return Ok(Layout::Lines),
            }
        }
    }

    fn next_line(&mut self) -> Option<io::Result<Result<Placed, Fault>>> {
        let Self::Lines { text, line } = self else { return None };
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            *line += 1;
            match text.read_until(b'\n', &mut bytes) {
                Ok(0) => return None,
                Ok(_) if bytes.trim_ascii().is_empty() => {}
                Ok(_) => return Some(Ok(parse(*line, &bytes))),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn next_element(&mut self) -> Option<io::Result<Result<Placed, Fault>>> {
        let Self::Array { rest, element } = self else { return None };
        let raw = rest.pop()?;
        *element += 1;
        Some(Ok(parse(*element, raw.get().as_bytes())))
    }
}

impl<R: BufRead> Iterator for BundleText<R> {
    type Item = io::Result<Result<Placed, Fault>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_line().or_else(|| self.next_element())
    }
}

fn parse(place: u64, text: &[u8]) -> Result<Placed, Fault> {
    let record = match serde_json::from_slice::<Record>(text) {
        Ok(record) => record,
        Err(error) => return Err(Fault { place, record: name_of(text), invalid: reason_of(text, &error) }),
    };
    let placed = Placed { place, record };
    match nul_in(&placed, text) {
        Some(member) => Err(Fault {
            place,
            record: Some(placed.record.name()),
            invalid: Invalid::new(member, "holds the character U+0000, which no database can be relied on to keep"),
        }),
        None => Ok(placed),
    }
}

/// Which member of a record cannot be read, and why. The kind stands inside the record, which hides
/// the member from the reader of [`Record`]; so it is read once more as what it says it is.
fn reason_of(text: &[u8], error: &serde_json::Error) -> Invalid {
    let unread = || Invalid::new(".", shortened(error.to_string()));
    let mut members = match serde_json::from_slice(text) {
        Ok(serde_json::Value::Object(members)) => members,
        Ok(_) => return Invalid::new(".", "a record is a JSON object with a member kind"),
        Err(_) => return unread(),
    };
    let kind = members.remove("kind");
    let value = serde_json::Value::Object(members);
    let invalid = match kind.as_ref().and_then(serde_json::Value::as_str) {
        Some("header") => fault_of::<Header>(value),
        Some("numbers") => fault_of::<Numbers>(value),
        Some("user") => fault_of::<User>(value),
        Some("credential") => fault_of::<Credential>(value),
        Some("group") => fault_of::<Group>(value),
        Some("profileTemplate") => fault_of::<ProfileTemplate>(value),
        Some("catalogItem") => fault_of::<CatalogItem>(value),
        Some("approvalRule") => fault_of::<ApprovalRule>(value),
        Some("requestRule") => fault_of::<RequestRule>(value),
        Some("profile") => fault_of::<Profile>(value),
        Some("smartcard") => fault_of::<Smartcard>(value),
        Some("request") => fault_of::<Request>(value),
        Some("grant") => fault_of::<Grant>(value),
        Some("webhook") => fault_of::<Webhook>(value),
        Some("webhookSecret") => fault_of::<WebhookCredential>(value),
        Some("event") => fault_of::<StoredEvent>(value),
        _ => Some(Invalid::new("kind", shortened(error.to_string()))),
    };
    invalid.unwrap_or_else(unread)
}

fn fault_of<T: DeserializeOwned>(value: serde_json::Value) -> Option<Invalid> {
    let error = serde_path_to_error::deserialize::<_, T>(value).err()?;
    Some(Invalid::new(error.path().to_string(), shortened(error.inner().to_string())))
}

/// The most of a reason that is told: some hold the value, which may be a whole file.
const LONGEST_REASON: usize = 300;

fn shortened(mut reason: String) -> String {
    if let Some((end, _)) = reason.char_indices().nth(LONGEST_REASON) {
        reason.truncate(end);
        reason.push('\u{2026}');
    }
    reason
}

/// The member that holds a NUL, if one does. The record is looked through only if its text can hold one.
fn nul_in(placed: &Placed, text: &[u8]) -> Option<String> {
    const ESCAPE: &[u8] = br"\u0000";
    if !text.windows(ESCAPE.len()).any(|window| window == ESCAPE) {
        return None;
    }
    nul_below(&serde_json::to_value(&placed.record).ok()?, "")
}

fn nul_below(value: &serde_json::Value, place: &str) -> Option<String> {
    match value {
        serde_json::Value::String(text) => text.contains('\0').then(|| place.trim_start_matches('.').to_owned()),
        serde_json::Value::Array(elements) => {
            (0..).zip(elements).find_map(|(index, element)| nul_below(element, &format!("{place}[{index}]")))
        }
        serde_json::Value::Object(members) => {
            members.iter().find_map(|(name, member)| nul_below(member, &format!("{place}.{name}")))
        }
        _ => None,
    }
}

/// The kind and id of a record that cannot be read whole.
fn name_of(text: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(text).ok()?;
    let kind = value.get("kind")?.as_str()?;
    let id = value.get("id").and_then(|id| id.as_str()).unwrap_or("without an id");
    Some(shortened(format!("{kind} {id}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str =
        r#"{"kind":"group","id":"00000000-0000-0000-0000-000000000001","name":"APPROVERS","members":[]}"#;

    fn read(text: &str) -> Vec<Result<Placed, Fault>> {
        BundleText::new(text.as_bytes()).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn lines_and_an_array_hold_the_same_records() {
        let lines = read(&format!("{GROUP}\n\n{GROUP}\n"));
        let array = read(&format!(" [{GROUP},\n{GROUP}]"));
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1].as_ref().unwrap().place, 3);
        assert_eq!(array[1].as_ref().unwrap().place, 2);
        assert_eq!(lines[1].as_ref().unwrap().record, array[1].as_ref().unwrap().record);
    }

    #[test]
    fn a_fault_names_its_place_its_record_and_its_reason() {
        let text = GROUP.replace("\"members\":[]", "\"members\":[\"x\"]");
        let fault = read(&format!("{GROUP}\n{text}\n"))[1].clone().unwrap_err();
        assert_eq!(fault.place, 2);
        assert_eq!(fault.record.as_deref(), Some("group 00000000-0000-0000-0000-000000000001"));
        assert_eq!(fault.invalid.field, "members[0]");
        assert!(fault.invalid.reason.contains("UUID"), "{fault}");
    }

    #[test]
    fn a_mark_of_utf8_is_passed_over_and_utf16_is_refused() {
        assert!(read(&format!("\u{feff}[{GROUP}]"))[0].is_ok());
        assert!(BundleText::new(&b"\xff\xfe[\x00"[..]).is_err());
    }

    #[test]
    fn a_reason_does_not_repeat_a_whole_file() {
        let text = GROUP.replace("\"members\":[]", &format!("\"members\":\"{}\"", "x".repeat(100_000)));
        let fault = read(&text)[0].clone().unwrap_err();
        assert!(fault.to_string().len() < 1000);
    }

    #[test]
    fn a_nul_is_named_and_the_tail_of_a_descriptor_is_cut() {
        let fault = read(&GROUP.replace("APPROVERS", "APP\\u0000ROVERS"))[0].clone().unwrap_err();
        assert_eq!(fault.invalid.field, "name");
        let request = r#"{"kind":"request","id":"00000000-0000-0000-0000-000000000001","number":1,
            "state":{"status":"pending"},"originator":"00000000-0000-0000-0000-000000000002",
            "created":"2015-07-07T23:36:21.93Z","channel":"import","details":{"certificate":{"operation":"Enroll",
            "template":"00000000-0000-0000-0000-000000000003","smartcard":true,
            "target":"00000000-0000-0000-0000-000000000002","securityDescriptor":"O:S-1-5-1\u0000\u0000"}}}"#;
        let record = read(&request.replace('\n', " "))[0].clone().unwrap().record;
        let Record::Request(request) = record else { panic!("no request") };
        assert_eq!(request.certificate().unwrap().security_descriptor.as_deref(), Some("O:S-1-5-1"));
    }

    #[test]
    fn unknown_kinds_members_and_trailing_text_are_faults() {
        for (text, member) in [
            (r#"{"kind":"robot"}"#.to_owned(), "kind"),
            (r#"{"id":1}"#.to_owned(), "kind"),
            (GROUP.replace("\"members\"", "\"crew\":1,\"members\""), "crew"),
            (format!("{GROUP} x"), "."),
            ("{".to_owned(), "."),
        ] {
            let fault = read(&text)[0].clone().unwrap_err();
            assert_eq!(fault.invalid.field, member, "{fault}");
        }
    }
}
