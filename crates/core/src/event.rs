//! Events: what happened, sealed into one hash chain per aggregate (decisions 16 and 17).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::coded::coded_enum;
use crate::ids::UserId;

coded_enum! {
    /// What an event stream belongs to.
    pub enum StreamKind {
        /// A request.
        Request = 1 "request",
        /// A profile template with its policies.
        Template = 2 "profileTemplate",
        /// An approval rule.
        Policy = 3 "policy",
        /// A catalog item.
        CatalogItem = 4 "catalogItem",
        /// A user.
        User = 5 "user",
        /// A group.
        Group = 6 "group",
        /// The server itself: sensitive reads.
        Server = 7 "server",
        /// A profile.
        Profile = 8 "profile",
        /// A smart card.
        Smartcard = 9 "smartcard",
        /// Something that a user has been given.
        Grant = 10 "grant",
        /// A rule about who may ask for whom.
        RequestRule = 11 "requestRule",
        /// A webhook.
        Webhook = 12 "webhook",
    }
}

/// One aggregate's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StreamId {
    /// What it belongs to.
    pub stream: StreamKind,
    /// The aggregate's GUID.
    pub id: Uuid,
}

/// The format of the stored bytes: RFC 8785 JSON.
pub const FORMAT: i16 = 1;

/// A SHA-256 digest; 64 lower-case hex digits in JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What stands before the first event of a stream.
    pub const ZERO: Self = Self([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = from_hex(&text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| de::Error::custom("must be 64 lower-case hex digits"))
    }
}

impl JsonSchema for Hash {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Hash".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[0-9a-f]{64}$"})
    }
}

pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !lower || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// Random bytes that hide an erasable value behind its digest; 32 lower-case hex digits in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = from_hex(&text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| de::Error::custom("must be 32 lower-case hex digits"))
    }
}

impl JsonSchema for Salt {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Salt".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[0-9a-f]{32}$"})
    }
}

/// A value that can be erased later without breaking the chain: the event's bytes hold only
/// its salted digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sealed {
    /// Where in the event's data the digest stands (an RFC 6901 pointer).
    pub pointer: String,
    /// The salt.
    pub salt: Salt,
    /// The value.
    pub value: Value,
}

/// Where salts and new ids come from. Handed in, so that tests can fix them.
pub trait Entropy: Send {
    /// Sixteen random bytes.
    fn bytes(&mut self) -> [u8; 16];
}

coded_enum! {
    /// What kind of change an event records.
    pub enum EventKind {
        /// The aggregate came in whole, without a history of its own.
        Imported = 1 "imported",
        /// The aggregate was made.
        Created = 2 "created",
        /// The aggregate's state changed.
        Changed = 3 "changed",
        /// A user's password was set.
        PasswordSet = 4 "passwordSet",
        /// A draft request was submitted.
        Submitted = 5 "submitted",
        /// What the request asks for was edited.
        Edited = 6 "edited",
        /// A stage of the approval began.
        StageBegun = 7 "stageBegun",
        /// Who may vote in a stage was counted anew.
        Staffed = 8 "staffed",
        /// Somebody voted.
        Voted = 9 "voted",
        /// A change of content voided a stage's votes.
        VotesVoided = 10 "votesVoided",
        /// A task was claimed.
        Claimed = 11 "claimed",
        /// A claim was given up.
        Released = 12 "released",
        /// A task went to others.
        Reassigned = 13 "reassigned",
        /// A task was delegated.
        Delegated = 14 "delegated",
        /// A task went to the manager of whoever had it.
        Escalated = 15 "escalated",
        /// A task was put aside.
        Suspended = 16 "suspended",
        /// A task was taken up again.
        Resumed = 17 "resumed",
        /// A comment, or answers, were saved with a task.
        Saved = 18 "saved",
        /// A task was given a task that it waits for.
        SubtaskCreated = 19 "subtaskCreated",
        /// A task was skipped.
        Skipped = 20 "skipped",
        /// A task's deadline passed.
        Expired = 21 "expired",
        /// A task's deadline began anew.
        Renewed = 22 "renewed",
        /// A task ended with its stage.
        TaskEnded = 23 "taskEnded",
        /// The request was approved.
        Approved = 24 "approved",
        /// The request split into child requests.
        Split = 25 "split",
        /// The request waits for another.
        Waiting = 26 "waiting",
        /// The request waits for its start date.
        Scheduled = 27 "scheduled",
        /// The request began to be carried out.
        Begun = 28 "begun",
        /// A profile, or a card, was bound to the request.
        Bound = 29 "bound",
        /// Carrying it out failed, and can be tried again.
        Stumbled = 30 "stumbled",
        /// Carrying it out is tried again.
        Retried = 31 "retried",
        /// The request ended.
        Ended = 32 "ended",
        /// Something sensitive was read.
        Read = 33 "read",
    }
}

coded_enum! {
    /// Through what a change came in.
    pub enum Channel {
        /// The MIM CM dialect.
        Mim = 1 "mim",
        /// The OIG dialect.
        Oig = 2 "oig",
        /// The native API.
        Native = 3 "native",
        /// An imported bundle.
        Import = 4 "import",
        /// The worker.
        Worker = 5 "worker",
        /// The command line.
        Command = 6 "command",
    }
}

/// An event before it has a place in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The bytes that are stored and hashed.
    pub bytes: Vec<u8>,
    /// The erasable values beside them.
    pub sealed: Vec<Sealed>,
    /// When it happened.
    pub at: Timestamp,
    /// Whose doing it was, if it was anybody's.
    pub actor: Option<UserId>,
}

/// Members whose text values are personal and must be erasable.
pub(crate) const ERASABLE: [&str; 11] = [
    "comment",
    "defaultValue",
    "displayName",
    "email",
    "failure",
    "justification",
    "login",
    "parentAccount",
    "reason",
    "title",
    "value",
];

impl NewEvent {
    /// Writes an event of `kind` with `data`, putting the erasable values beside it.
    pub fn seal(
        kind: EventKind,
        at: Timestamp,
        actor: Option<UserId>,
        channel: Channel,
        mut data: Value,
        entropy: &mut dyn Entropy,
    ) -> Self {
        let mut sealed = Vec::new();
        seal_members(&mut data, "", entropy, &mut sealed);
        let mut body = json!({
            "actor": actor, "at": at, "channel": channel, "data": data, "kind": kind,
        });
        keep_exact(&mut body);
        Self { bytes: canonical(&body), sealed, at, actor }
    }
}

/// The largest integer that RFC 8785, whose numbers are doubles, writes exactly.
const EXACT: u64 = (1 << 53) - 1;

/// Writes integers that a double cannot hold as decimal texts, which reading accepts.
pub(crate) fn keep_exact(value: &mut Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(_, member)| keep_exact(member)),
        Value::Array(elements) => elements.iter_mut().for_each(keep_exact),
        Value::Number(number) => {
            let magnitude = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
            if magnitude.is_some_and(|magnitude| magnitude > EXACT) {
                *value = Value::String(number.to_string());
            }
        }
        _ => {}
    }
}

fn seal_members(value: &mut Value, place: &str, entropy: &mut dyn Entropy, sealed: &mut Vec<Sealed>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                let pointer = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
                if ERASABLE.contains(&name.as_str()) && member.is_string() {
                    let salt = Salt(entropy.bytes());
                    let digest = sealed_digest(salt, member);
                    let value = std::mem::replace(member, json!({"sealed": digest}));
                    sealed.push(Sealed { pointer, salt, value });
                } else {
                    seal_members(member, &pointer, entropy, sealed);
                }
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                seal_members(element, &format!("{place}/{index}"), entropy, sealed);
            }
        }
        _ => {}
    }
}

/// The digest that stands in an event for an erasable value: SHA-256 over salt and canonical value.
pub fn sealed_digest(salt: Salt, value: &Value) -> Hash {
    let mut digest = Sha256::new();
    digest.update(salt.0);
    digest.update(canonical(value));
    Hash(digest.finalize().into())
}

/// RFC 8785 JSON. It fails on numbers that are no JSON alone, which a [`Value`] cannot hold.
pub(crate) fn canonical(value: &Value) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).unwrap_or_else(|_| value.to_string().into_bytes())
}

/// The state of an aggregate as the data of an event.
pub fn state_data<T: Serialize>(state: &T) -> Value {
    serde_json::to_value(state).unwrap_or_else(|_| Value::Object(Map::new()))
}

/// The hash of an event at its place: over the previous hash and the stored bytes (decision 16).
pub fn link(stream: Uuid, sequence: i64, previous: &Hash, bytes: &[u8]) -> Hash {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut digest = Sha256::new();
    digest.update(b"countersign.event.v1");
    digest.update(stream.as_bytes());
    digest.update(sequence.cast_unsigned().to_be_bytes());
    digest.update(previous.0);
    digest.update(length.to_be_bytes());
    digest.update(bytes);
    Hash(digest.finalize().into())
}

/// How far a stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// How many events it has.
    pub length: i64,
    /// The hash of the last one.
    pub head: Hash,
}

impl Chain {
    /// A stream without events.
    pub const EMPTY: Self = Self { length: 0, head: Hash::ZERO };

    /// The chain with one more event, and that event's place.
    #[must_use]
    pub fn extend(self, stream: Uuid, bytes: &[u8]) -> Self {
        let length = self.length + 1;
        Self { length, head: link(stream, length, &self.head, bytes) }
    }
}

/// An event at its place in its stream, as it is stored and exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StoredEvent {
    /// What the stream belongs to.
    pub stream: StreamKind,
    /// The aggregate's GUID.
    pub id: Uuid,
    /// The place in the stream, from 1.
    pub sequence: i64,
    /// When it happened.
    pub at: Timestamp,
    /// The format of `bytes`.
    pub format: i16,
    /// The bytes that are hashed; of format 1, a JSON text.
    pub bytes: String,
    /// The hash over the previous hash and the bytes.
    pub hash: Hash,
    /// The erasable values that have not been erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sealed: Vec<Sealed>,
}

impl StoredEvent {
    /// The stream.
    pub const fn stream_id(&self) -> StreamId {
        StreamId { stream: self.stream, id: self.id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Entropy for Fixed {
        fn bytes(&mut self) -> [u8; 16] {
            [7; 16]
        }
    }

    fn event() -> NewEvent {
        let at = Timestamp::from_micros(1_436_312_181_930_000).unwrap();
        let data = json!({"zeta": 1, "comment": "Need VPN", "items": [{"name": "Reason", "value": "x"}]});
        NewEvent::seal(EventKind::Imported, at, None, Channel::Import, data, &mut Fixed)
    }

    #[test]
    fn the_bytes_are_canonical_and_hold_no_erasable_value() {
        let event = event();
        let text = String::from_utf8(event.bytes.clone()).unwrap();
        assert!(!text.contains("Need VPN"), "{text}");
        assert!(text.starts_with(r#"{"actor":null,"at":1436312181930000,"channel":"import","data":{"comment":"#));
        let pointers: Vec<_> = event.sealed.iter().map(|sealed| sealed.pointer.as_str()).collect();
        assert_eq!(pointers, ["/comment", "/items/0/value"]);
        let body: Value = serde_json::from_str(&text).unwrap();
        for sealed in &event.sealed {
            let found = body["data"].pointer(&sealed.pointer).unwrap();
            assert_eq!(found["sealed"], json!(sealed_digest(sealed.salt, &sealed.value)));
        }
    }

    #[test]
    fn integers_beyond_a_double_are_kept_as_text() {
        let at = Timestamp::parse("9999-12-31T23:59:59.999999Z").unwrap();
        let event = NewEvent::seal(EventKind::Imported, at, None, Channel::Import, json!({"end": at}), &mut Fixed);
        let body: Value = serde_json::from_slice(&event.bytes).unwrap();
        for found in [&body["at"], &body["data"]["end"]] {
            assert_eq!(*found, json!("253402300799999999"));
            assert_eq!(serde_json::from_value::<Timestamp>(found.clone()).unwrap(), at);
        }
    }

    #[test]
    fn a_chain_tells_order_place_stream_and_content_apart() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let chain = Chain::EMPTY.extend(one, b"a").extend(one, b"b");
        assert_eq!(chain.length, 2);
        assert_ne!(chain.head, Chain::EMPTY.extend(one, b"b").extend(one, b"a").head);
        assert_ne!(chain.head, Chain::EMPTY.extend(two, b"a").extend(two, b"b").head);
        assert_ne!(chain.head, Chain::EMPTY.extend(one, b"a").extend(one, b"c").head);
    }

    #[test]
    fn the_link_is_the_documented_formula() {
        let mut input = b"countersign.event.v1".to_vec();
        input.extend(Uuid::from_u128(5).as_bytes());
        input.extend(1u64.to_be_bytes());
        input.extend([0; 32]);
        input.extend(2u32.to_be_bytes());
        input.extend(b"{}");
        let expected: [u8; 32] = Sha256::digest(&input).into();
        assert_eq!(link(Uuid::from_u128(5), 1, &Hash::ZERO, b"{}"), Hash(expected));
    }
}
