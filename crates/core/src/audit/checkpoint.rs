//! Checkpoints: how far every stream had come at a moment, under a signature.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::key::{AuditKey, PublicKey, Signature};
use super::merkle;
use crate::clock::Timestamp;
use crate::event::{Hash, StreamId, StreamKind, canonical, keep_exact};

/// The format of what is signed.
pub const CHECKPOINT_FORMAT: i16 = 1;

/// What stands before everything that is signed, so that no other signature of the key fits.
const DOMAIN: &[u8] = b"countersign.checkpoint.v1";
/// What stands before the events whose order is digested.
const FEED: &[u8] = b"countersign.feed.v1";

/// How far one stream had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Leaf {
    /// What the stream belongs to.
    pub stream: StreamKind,
    /// The aggregate's GUID.
    pub id: Uuid,
    /// How many events it had.
    pub length: i64,
    /// The hash of the last one.
    pub head: Hash,
}

impl Leaf {
    /// The stream.
    pub const fn stream_id(&self) -> StreamId {
        StreamId { stream: self.stream, id: self.id }
    }

    fn hash(&self) -> Hash {
        let mut bytes = Vec::with_capacity(2 + 16 + 8 + 32);
        bytes.extend(self.stream.code().to_be_bytes());
        bytes.extend(self.id.as_bytes());
        bytes.extend(self.length.to_be_bytes());
        bytes.extend(self.head.0);
        merkle::leaf(&bytes)
    }
}

/// How far the streams had come that got events since the checkpoint before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Checkpoint {
    /// The place among the checkpoints, from 1.
    pub sequence: i64,
    /// The format of what is signed.
    pub format: i16,
    /// When it was made.
    pub at: Timestamp,
    /// The position of the last event that it covers.
    pub position: i64,
    /// How many streams got events.
    pub streams: i64,
    /// The root of the Merkle tree over the leaves.
    pub root: Hash,
    /// A digest over the hashes of the events that it covers, each with its position, in their order.
    pub feed: Hash,
    /// The hash of the checkpoint before; zeros at first.
    pub previous: Hash,
    /// The id of the key that signed it.
    pub key: Hash,
    /// The signature.
    pub signature: Signature,
    /// The streams, ordered by kind and id.
    pub leaves: Vec<Leaf>,
}

impl Checkpoint {
    /// What is signed: everything but the leaves, for which the root stands.
    fn message(&self) -> Vec<u8> {
        let mut signed = json!({
            "at": self.at, "feed": self.feed, "format": self.format, "key": self.key, "position": self.position,
            "previous": self.previous, "root": self.root, "sequence": self.sequence, "streams": self.streams,
        });
        keep_exact(&mut signed);
        [DOMAIN, &canonical(&signed)].concat()
    }

    /// The hash that the next checkpoint names.
    pub fn hash(&self) -> Hash {
        Hash(Sha256::digest(self.message()).into())
    }

    /// Whether the leaves are those that were signed.
    pub fn has_its_leaves(&self) -> bool {
        let leaves: Vec<Hash> = self.leaves.iter().map(Leaf::hash).collect();
        i64::try_from(leaves.len()) == Ok(self.streams) && merkle::root(&leaves) == self.root
    }

    /// Whether `key` signed it.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.id() == self.key && key.verifies(&self.message(), &self.signature)
    }
}

/// The events after one checkpoint, from which the next is made.
#[derive(Clone, Debug)]
pub struct Span {
    sequence: i64,
    previous: Hash,
    position: i64,
    feed: Sha256,
    heads: BTreeMap<StreamId, (i64, Hash)>,
}

impl Span {
    /// No events yet after the last checkpoint, of which the sequence number, the hash and the
    /// position are named.
    pub fn after(last: Option<(i64, Hash, i64)>) -> Self {
        let (sequence, previous, position) = last.unwrap_or((0, Hash::ZERO, 0));
        let feed = Sha256::new().chain_update(FEED);
        Self { sequence: sequence + 1, previous, position, feed, heads: BTreeMap::new() }
    }

    /// The position of the last event in it; at first, that of the checkpoint before.
    pub const fn position(&self) -> i64 {
        self.position
    }

    /// Whether no event has come since the checkpoint before.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Takes the next event, in the order of the positions.
    pub fn take(&mut self, position: i64, stream: StreamId, sequence: i64, hash: Hash) {
        self.position = position;
        self.feed.update(position.to_be_bytes());
        self.feed.update(hash.0);
        self.heads.insert(stream, (sequence, hash));
    }

    /// The digest over the events so far.
    pub fn feed(&self) -> Hash {
        Hash(self.feed.clone().finalize().into())
    }

    /// The checkpoint that covers it.
    pub fn sign(self, at: Timestamp, key: &AuditKey) -> Checkpoint {
        let feed = self.feed();
        let leaf = |(stream, (length, head)): (StreamId, (i64, Hash))| Leaf {
            stream: stream.stream,
            id: stream.id,
            length,
            head,
        };
        let leaves: Vec<Leaf> = self.heads.into_iter().map(leaf).collect();
        let hashes: Vec<Hash> = leaves.iter().map(Leaf::hash).collect();
        let mut checkpoint = Checkpoint {
            sequence: self.sequence,
            format: CHECKPOINT_FORMAT,
            at,
            position: self.position,
            streams: i64::try_from(leaves.len()).unwrap_or(i64::MAX),
            root: merkle::root(&hashes),
            feed,
            previous: self.previous,
            key: key.public().id(),
            signature: Signature([0; 64]),
            leaves,
        };
        checkpoint.signature = key.sign(&checkpoint.message());
        checkpoint
    }
}
