//! Each way in which a stream, a state or a checkpoint can be edited is found, where it is.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::*;
use crate::clock::Timestamp;
use crate::directory::{User, UserStatus};
use crate::event::{Chain, Channel, Entropy, EventKind, Hash, NewEvent, StreamId, StreamKind, state_data};
use crate::ids::Revision;

const STREAM: StreamId = StreamId { stream: StreamKind::User, id: Uuid::from_u128(7) };

struct Counting(u8);

impl Entropy for Counting {
    fn bytes(&mut self) -> [u8; 16] {
        self.0 += 1;
        [self.0; 16]
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000 + seconds * 1_000_000).unwrap()
}

fn user() -> User {
    User {
        id: STREAM.id.into(),
        number: 7.try_into().unwrap(),
        login: "ann".to_owned().try_into().unwrap(),
        display_name: "Ann".to_owned(),
        email: Some("ann@example.org".to_owned()),
        manager: None,
        status: UserStatus::Active,
        stand_in: None,
        proxies: Vec::new(),
        rights: Vec::new(),
        revision: Revision(1),
    }
}

/// A stream and the aggregate that its events make: made, renamed, given a password.
struct Stored {
    rows: Vec<EventRow>,
    chain: Option<(i64, Vec<u8>)>,
    user: User,
}

impl Stored {
    fn new() -> Self {
        let renamed = User { display_name: "Anna".to_owned(), revision: Revision(2), ..user() };
        let last = User { revision: Revision(3), ..renamed.clone() };
        let events = [
            (EventKind::Created, state_data(&user())),
            (EventKind::Changed, state_data(&renamed)),
            (EventKind::PasswordSet, json!({"revision": 3})),
        ];
        let mut chain = Chain::EMPTY;
        let mut rows = Vec::new();
        let mut salts = Counting(0);
        for (place, (kind, data)) in (1..).zip(events) {
            let event = NewEvent::seal(kind, at(place), None, Channel::Command, data, &mut salts);
            chain = chain.extend(STREAM.id, &event.bytes);
            rows.push(EventRow {
                position: place * 10,
                sequence: place,
                at: event.at.as_micros(),
                format: 1,
                bytes: event.bytes,
                hash: chain.head.0.to_vec(),
                sealed: serde_json::to_vec(&event.sealed).unwrap(),
            });
        }
        Self { rows, chain: Some((chain.length, chain.head.0.to_vec())), user: last }
    }

    fn audit(&self) -> AuditReport {
        let mut report = AuditReport::default();
        let mut walk = Walk::new(STREAM);
        self.rows.iter().for_each(|row| walk.take(row, &mut report));
        let chain = self.chain.as_ref().map(|(length, head)| (*length, &head[..]));
        if let Some(replayed) = walk.end(chain, &mut report) {
            replayed.compare(&self.user, &mut report);
        }
        report
    }

    /// The places of the faults after an edit.
    fn after(edit: impl FnOnce(&mut Self)) -> Vec<Place> {
        let mut stored = Self::new();
        edit(&mut stored);
        stored.audit().first.into_iter().map(|fault| fault.place).collect()
    }
}

fn event(sequence: i64) -> Place {
    Place::Event(STREAM, sequence)
}

#[test]
fn a_sound_stream_has_no_fault() {
    let report = Stored::new().audit();
    assert_eq!(report.first, []);
    assert_eq!((report.streams, report.events, report.erased, report.faults), (1, 3, 0, 0));
}

#[test]
fn each_column_of_an_event_is_held_against_the_others() {
    let stream = Place::Stream(STREAM);
    assert_eq!(Stored::after(|stored| stored.rows[1].position = 5), [event(2)]);
    assert_eq!(Stored::after(|stored| stored.rows[1].at += 1), [event(2)]);
    assert_eq!(Stored::after(|stored| stored.rows[1].format = 2), [event(2)]);
    assert_eq!(Stored::after(|stored| stored.rows[1].hash[3] ^= 1), [event(2)]);
    assert_eq!(Stored::after(|stored| stored.rows[2].hash[3] ^= 1), [event(3), stream.clone()]);
    assert_eq!(Stored::after(|stored| stored.rows[1].hash.truncate(31)), [event(2)]);
    let moved = |stored: &mut Stored| {
        stored.rows[1].sequence = 9;
        stored.rows.swap(1, 2);
        stored.rows[2].position = 40;
    };
    assert_eq!(Stored::after(moved), [event(2), event(4), event(4)]);
    assert_eq!(Stored::after(|stored| stored.chain.as_mut().unwrap().0 = 4), [event(4)]);
    assert_eq!(Stored::after(|stored| stored.chain = None), std::slice::from_ref(&stream));
    assert_eq!(Stored::after(|stored| stored.chain.as_mut().unwrap().1[0] ^= 1), [stream]);
}

#[test]
fn every_byte_of_the_bytes_and_the_sealed_values_counts() {
    let stored = Stored::new();
    for at in 0..stored.rows[1].bytes.len() {
        assert_eq!(Stored::after(|stored| stored.rows[1].bytes[at] ^= 1).first(), Some(&event(2)), "byte {at}");
    }
    let sealed = String::from_utf8(stored.rows[1].sealed.clone()).unwrap();
    for (old, new) in [("Anna", "Anne"), ("/displayName", "/displayname"), ("0404", "0405"), ("}]", "}}")] {
        assert!(sealed.contains(old), "{sealed}");
        let edited = sealed.replace(old, new).into_bytes();
        assert!(Stored::after(|stored| stored.rows[1].sealed = edited).contains(&event(2)), "{old}");
    }
}

#[test]
fn rows_that_go_come_and_change_places_are_named() {
    assert_eq!(Stored::after(|stored| drop(stored.rows.remove(0))), [event(1)]);
    assert_eq!(Stored::after(|stored| drop(stored.rows.remove(1))), [event(2)]);
    assert_eq!(Stored::after(|stored| drop(stored.rows.pop())), [event(3)]);
    let swapped = Stored::after(|stored| {
        stored.rows.swap(1, 2);
        (stored.rows[1].sequence, stored.rows[2].sequence) = (2, 3);
    });
    assert!(swapped.contains(&event(2)) && swapped.contains(&event(3)), "{swapped:?}");
    let appended = Stored::after(|stored| {
        let last = stored.rows[2].clone();
        let hash = crate::event::link(STREAM.id, 4, &Hash(last.hash[..].try_into().unwrap()), &last.bytes);
        stored.rows.push(EventRow { position: 40, sequence: 4, hash: hash.0.to_vec(), ..last });
    });
    assert_eq!(appended, [event(4)]);
    assert_eq!(Stored::after(|stored| stored.rows.clear()), [event(1)]);
    let nothing = |stored: &mut Stored| {
        stored.rows.clear();
        stored.chain = None;
    };
    assert_eq!(Stored::after(nothing), [Place::Stream(STREAM)]);
}

#[test]
fn a_cut_tail_whose_head_was_rewritten_shows_in_the_state_alone() {
    let cut = |stored: &mut Stored| {
        stored.rows.pop();
        stored.chain = Some((2, stored.rows[1].hash.clone()));
    };
    assert_eq!(Stored::after(cut), [Place::Stream(STREAM)]);
    let with_state = |stored: &mut Stored| {
        cut(stored);
        stored.user.revision = Revision(2);
    };
    assert_eq!(Stored::after(with_state), [], "this is what checkpoints are for");
}

#[test]
fn the_state_is_compared_member_by_member() {
    let mut stored = Stored::new();
    stored.user.status = UserStatus::Disabled;
    stored.user.email = None;
    stored.user.number = 8.try_into().unwrap();
    let report = stored.audit();
    let details: Vec<_> = report.first.iter().map(|fault| fault.detail.as_str()).collect();
    let expected = [
        "email is another than by its events",
        "number is 8, by its events 7",
        "status is \"disabled\", by its events \"active\"",
    ];
    assert_eq!(details, expected);
    assert_eq!(report.first[0].to_string(), format!("user {}: email is another than by its events", STREAM.id));
}

#[test]
fn what_was_erased_fits_whatever_stands_in_its_place() {
    let mut stored = Stored::new();
    for row in &mut stored.rows {
        row.sealed = b"[]".to_vec();
    }
    stored.user.login = "nobody".to_owned().try_into().unwrap();
    stored.user.email = None;
    let report = stored.audit();
    assert_eq!((report.erased, report.first), (6, Vec::new()));
    stored.user.status = UserStatus::Disabled;
    assert_eq!(stored.audit().faults, 1);
}

#[test]
fn a_history_that_cannot_have_happened_is_named() {
    let sealed = |kind, data: Value| {
        let event = NewEvent::seal(kind, at(1), None, Channel::Command, data, &mut Counting(0));
        let chain = Chain::EMPTY.extend(STREAM.id, &event.bytes);
        let (hash, sealed) = (chain.head.0.to_vec(), b"[]".to_vec());
        EventRow { position: 1, sequence: 1, at: event.at.as_micros(), format: 1, bytes: event.bytes, hash, sealed }
    };
    let one = |row: EventRow| {
        Stored::after(|stored| {
            stored.chain = Some((1, row.hash.clone()));
            stored.rows = vec![row];
        })
    };
    assert_eq!(one(sealed(EventKind::Voted, json!({}))), [event(1)]);
    assert_eq!(one(sealed(EventKind::PasswordSet, json!({"revision": 1}))), [event(1)]);
    assert_eq!(one(sealed(EventKind::Created, json!({"id": 5}))), [Place::Stream(STREAM)]);
    assert_eq!(one(sealed(EventKind::Created, json!(5))), [Place::Stream(STREAM)]);
}

#[test]
fn a_thousand_faults_are_named_and_all_are_counted() {
    let mut report = AuditReport::default();
    (0..1234).for_each(|_| report.note(Place::Order, "x"));
    assert_eq!((report.faults, report.first.len()), (1234, 1000));
}

#[test]
fn keys_are_the_files_of_other_programs() {
    // Written by openssl genpkey -algorithm ed25519, and openssl pkey -pubout.
    let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    let key = AuditKey::from_pem(private).unwrap();
    assert_eq!(key.to_pem().unwrap(), private);
    assert_eq!(key.public().to_pem().unwrap(), public);
    assert_eq!(PublicKey::from_pem(public).unwrap(), key.public());
    assert!(!format!("{key:?}").contains("1O5y"));
    assert!(AuditKey::from_pem(public).is_err() && PublicKey::from_pem(private).is_err());
}

fn key(seed: u8) -> AuditKey {
    AuditKey::from_seed(&[seed; 32])
}

/// Three checkpoints over two streams, and the key that signed them.
fn checkpoints() -> Vec<Checkpoint> {
    let other = StreamId { stream: StreamKind::Request, id: Uuid::from_u128(9) };
    let mut last = None;
    let mut made = Vec::new();
    for n in 1..=3_i64 {
        let mut span = Span::after(last);
        assert!(span.is_empty());
        let hash = |stream: u8| Hash([stream + u8::try_from(n).unwrap(); 32]);
        span.take(n * 10, STREAM, n, hash(10));
        span.take(n * 10 + 1, other, n, hash(20));
        assert_eq!(span.position(), n * 10 + 1);
        let checkpoint = span.sign(at(n), &key(1));
        last = Some((checkpoint.sequence, checkpoint.hash(), checkpoint.position));
        made.push(checkpoint);
    }
    made
}

/// The places of the faults along `stored`.
fn follow(stored: &[Checkpoint], keys: Vec<PublicKey>, published: Option<Vec<Checkpoint>>) -> Vec<String> {
    let mut report = AuditReport::default();
    let published = published.map(|published| Box::new(published.into_iter().map(Ok)) as Published);
    let mut trail = Trail::new(Trust { keys, published });
    loop {
        let next = stored.iter().find(|checkpoint| checkpoint.sequence > trail.sequence()).cloned();
        let Some(checkpoint) = trail.next(next, &mut report) else { break };
        trail.take(&checkpoint, &mut report);
    }
    report.first.iter().map(ToString::to_string).collect()
}

#[test]
fn sound_checkpoints_have_no_fault() {
    let made = checkpoints();
    assert_eq!(made.iter().map(|checkpoint| checkpoint.streams).collect::<Vec<_>>(), [2, 2, 2]);
    assert_eq!(made[2].leaves[0].stream, StreamKind::Request, "leaves are ordered by kind");
    assert_eq!(follow(&made, vec![key(2).public(), key(1).public()], Some(made[..2].to_vec())), [] as [&str; 0]);
    let written = serde_json::to_string(&made[0]).unwrap();
    assert_eq!(serde_json::from_str::<Checkpoint>(&written).unwrap(), made[0]);
}

#[test]
fn what_is_signed_is_the_documented_text() {
    let Checkpoint { at, feed, key, root, .. } = &checkpoints()[0];
    let signed = format!(
        "countersign.checkpoint.v1{{\"at\":{},\"feed\":\"{feed}\",\"format\":1,\"key\":\"{key}\",\"position\":11,\
         \"previous\":\"{}\",\"root\":\"{root}\",\"sequence\":1,\"streams\":2}}",
        at.as_micros(),
        Hash::ZERO,
    );
    let digest: [u8; 32] = Sha256::digest(signed).into();
    assert_eq!(checkpoints()[0].hash(), Hash(digest));
}

#[test]
fn whatever_is_edited_in_a_checkpoint_breaks_its_signature() {
    let edits: [fn(&mut Checkpoint); 9] = [
        |checkpoint| checkpoint.format = 2,
        |checkpoint| checkpoint.at = at(99),
        |checkpoint| checkpoint.position += 1,
        |checkpoint| checkpoint.streams += 1,
        |checkpoint| checkpoint.root.0[0] ^= 1,
        |checkpoint| checkpoint.feed.0[0] ^= 1,
        |checkpoint| checkpoint.previous.0[0] ^= 1,
        |checkpoint| checkpoint.key.0[0] ^= 1,
        |checkpoint| checkpoint.signature.0[0] ^= 1,
    ];
    for (n, edit) in edits.iter().enumerate() {
        let mut made = checkpoints();
        edit(&mut made[1]);
        let faults = follow(&made, vec![key(1).public()], None);
        let signature = |fault: &&String| fault.starts_with("checkpoint 2: ") && fault.contains("sign");
        assert!(faults.iter().any(|fault| signature(&fault)), "edit {n}: {faults:?}");
    }
}

#[test]
fn leaves_are_held_against_the_root() {
    let edits: [fn(&mut Vec<Leaf>); 5] = [
        |leaves| leaves.truncate(1),
        |leaves| leaves.swap(0, 1),
        |leaves| leaves[0].length += 1,
        |leaves| leaves[0].head.0[0] ^= 1,
        |leaves| leaves[0].stream = StreamKind::Template,
    ];
    for edit in edits {
        let mut made = checkpoints();
        edit(&mut made[2].leaves);
        let faults = follow(&made, vec![key(1).public()], None);
        assert_eq!(faults, ["checkpoint 3: its leaves are not those that its root stands for"]);
    }
}

#[test]
fn checkpoints_that_go_are_named() {
    let made = checkpoints();
    let keys = || vec![key(1).public()];
    assert_eq!(follow(&made[1..], keys(), None)[0], "checkpoint 1: is missing");
    assert_eq!(follow(&made[2..], keys(), None)[0], "checkpoint 1: is missing, as are those up to 2");
    assert_eq!(follow(&[made[0].clone(), made[2].clone()], keys(), None), ["checkpoint 2: is missing"]);
    assert_eq!(follow(&made[..1], keys(), None), [] as [&str; 0], "the end alone can be cut");
    let faults = follow(&made[..1], keys(), Some(made.clone()));
    let gone = |n| format!("checkpoint {n}: was exported, and is not in the database");
    assert_eq!(faults, [gone(2), gone(3)]);
    assert_eq!(follow(&[made[0].clone(), made[2].clone()], keys(), Some(made.clone())), [gone(2)]);
}

#[test]
fn a_chain_that_was_made_anew_is_not_the_exported_one() {
    let made = checkpoints();
    let mut span = Span::after(None);
    span.take(10, STREAM, 1, Hash([99; 32]));
    let forged = span.sign(at(1), &key(1));
    let faults = follow(&[forged], vec![key(1).public()], Some(made[..1].to_vec()));
    assert_eq!(faults, ["checkpoint 1: is not the one that was exported under this number"]);
}

#[test]
fn a_key_that_is_not_trusted_proves_nothing() {
    let faults = follow(&checkpoints()[..1], vec![key(3).public()], None);
    assert!(faults[0].starts_with("checkpoint 1: is signed with a key that is not trusted here"), "{faults:?}");
    assert_eq!(follow(&checkpoints(), Vec::new(), None), [] as [&str; 0], "without keys nothing can be said");
}

#[test]
fn a_stream_must_have_what_a_checkpoint_saw() {
    let leaf = checkpoints()[2].leaves[1];
    let hold = |found: Option<&[u8]>| {
        let mut report = AuditReport::default();
        Trail::hold(3, &leaf, found, &mut report);
        report.first.into_iter().map(|fault| fault.place).collect::<Vec<_>>()
    };
    assert_eq!(hold(Some(&leaf.head.0[..])), []);
    assert_eq!(hold(Some(&[0; 32])), [event(3)]);
    assert_eq!(hold(None), [event(3)]);
}

#[test]
fn the_feed_is_another_in_another_order() {
    let feed = |positions: [i64; 2]| {
        let mut span = Span::after(None);
        span.take(positions[0], STREAM, 1, Hash([1; 32]));
        span.take(positions[1], STREAM, 2, Hash([2; 32]));
        span.feed()
    };
    assert_ne!(feed([1, 2]), feed([1, 3]));
    assert_eq!(feed([1, 2]), feed([1, 2]));
}
