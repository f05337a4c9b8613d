//! Ids, logins, times and texts come back as they went in.

use countersign_core::bundle::Record;
use countersign_core::clock::Timestamp;
use countersign_core::directory::User;
use countersign_core::ids::{RequestId, UserNumber};
use countersign_core::repository::CommitOutcome;
use countersign_core::request::{DataItem, Request, RequestDetails};
use countersign_core::template::DataProvider;
use uuid::Uuid;

use crate::fixture::Fixture;
use crate::sample;
use crate::support::{
    assert_sound, create, export, history, identity, import, mim_list, people, read, try_import, user_change, walk,
    walk_ids,
};

/// Texts that trip pattern matching, quoting, collation and encodings.
const TRAPS: [&str; 14] = [
    "%",
    "_",
    "a_b%c",
    "O'Brien",
    "\"quoted\"",
    "back\\slash",
    "'; DROP TABLE requests; --",
    " leading and trailing ",
    "tab\tline\nfeed\r\n",
    "\u{1F600}\u{10FFFF}",
    "e\u{301} is not \u{e9}",
    "İıßſK",
    "\u{feff}\u{202e}\u{200d}",
    "NULL",
];

/// Ids that differ in one bit, the nil id and the highest are different ids.
pub async fn must_04_ids_are_compared_byte_for_byte(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 1).await;
    let base = Uuid::parse_str("a9b4b42c-cc50-4c9b-89d1-bbc0bcd5a099").unwrap().as_u128();
    let ids = [base, base ^ 1, base ^ (1 << 127), base ^ (1 << 61), 0, u128::MAX, 0x5c << 64, u128::from(b'%')];
    let mut made = Vec::new();
    for (n, id) in (1..).zip(ids) {
        let request = Request { id: RequestId::from(Uuid::from_u128(id)), ..sample::certificate_request(n, 1, 1) };
        made.push(create(&*repository, request).await);
    }
    for request in made {
        assert_eq!(read(&*repository, request.id).await, request);
    }
}

/// An id that a bundle writes in capitals or without hyphens is the same id.
pub async fn must_04_an_id_has_no_case(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let user = sample::user(10);
    let mut text = serde_json::to_value(Record::User(user.clone())).unwrap();
    text["id"] = user.id.to_string().to_uppercase().into();
    import(&*repository, vec![serde_json::from_value(text).unwrap()]).await;
    assert_eq!(repository.user(user.id).await.unwrap(), Some(user));
}

/// A login is found whatever its case, in every alphabet, and only as a whole.
pub async fn must_04_logins_have_no_case(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let user = |n, login| User { login: sample::login(login), ..sample::user(n) };
    let users = [user(1, "Ärger.Öl"), user(2, "a_b"), user(3, "100%"), user(4, "ΣΊΣΥΦΟΣ"), user(5, "o'brien\\")];
    import(&*repository, users.clone().map(Record::User).to_vec()).await;
    for (asked, expected) in [
        ("äRGER.öL", Some(0)),
        ("A_B", Some(1)),
        ("axb", None),
        ("%", None),
        ("100%", Some(2)),
        ("1000", None),
        ("O'BRIEN\\", Some(4)),
        ("a_b ", None),
        ("'", None),
    ] {
        let expected = expected.map(|n: usize| &users[n]);
        let identity = identity(&*repository, asked).await;
        assert_eq!(identity.map(|identity| identity.caller.user), expected.map(|user| user.id), "{asked}");
        if let Ok(login) = asked.to_owned().try_into() {
            assert_eq!(repository.user_by_login(&login).await.unwrap().as_ref(), expected, "{asked}");
        }
    }
    assert_eq!(repository.user_by_login(&users[3].login).await.unwrap().as_ref(), Some(&users[3]));
}

/// Two users cannot have logins, nor two groups names, that differ in case alone.
pub async fn must_04_names_that_differ_in_case_are_taken(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let login = |n, text| User { login: sample::login(text), ..sample::user(n) };
    let group = |n, name: &str| {
        Record::Group(countersign_core::directory::Group { name: name.to_owned(), ..sample::group(n, &[]) })
    };
    import(&*repository, vec![Record::User(login(1, "Ärger")), group(1, "PRÜFER")]).await;
    let taken = repository.commit(user_change(None, login(2, "äRGER"))).await.unwrap();
    assert_eq!(taken, CommitOutcome::Conflict);
    assert!(try_import(&*repository, vec![Record::User(login(2, "ÄRGER"))]).await.is_err());
    assert!(try_import(&*repository, vec![group(2, "prüfer")]).await.is_err());
    import(&*repository, vec![group(2, "pr_fer"), Record::User(login(2, "_rger"))]).await;
}

/// Times keep their microseconds, before 1970 and far ahead too.
pub async fn must_05_times_keep_their_microseconds(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 1).await;
    let times = [-62_135_596_800_000_000, -1, 0, 1, 1_436_312_181_930_001, 253_402_300_799_999_999];
    let mut newest_first = Vec::new();
    for (n, micros) in (1..).zip(times) {
        let created = Timestamp::from_micros(micros).unwrap();
        let mut request = Request { created, modified: Some(created), ..sample::certificate_request(n, 1, 1) };
        let mut task = sample::task(n, sample::principal(1));
        (task.created, task.expires) = (created, Some(created));
        request.stages = vec![sample::stage(vec![task])];
        let request = sample::in_status(request, countersign_core::request::RequestStatus::Pending);
        let request = create(&*repository, request).await;
        assert_eq!(read(&*repository, request.id).await, request);
        assert_eq!(history(&*repository, request.id).await[0].at, created);
        newest_first.insert(0, request.id);
    }
    assert_eq!(walk_ids(&*repository, &mim_list(&[sample::principal(1)]), 2).await, newest_first);
    assert_sound(&*repository).await;
}

/// Every text comes back as it went in, wherever it stands.
pub async fn must_06_texts_come_back_unchanged(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 1).await;
    for (n, text) in (10..).zip(TRAPS) {
        let number = UserNumber::try_from(i64::try_from(n).unwrap() + 1000).unwrap();
        let user = User { display_name: format!("x{text}x"), number, email: Some(text.into()), ..sample::user(n) };
        import(&*repository, vec![Record::User(user.clone())]).await;
        assert_eq!(repository.user(user.id).await.unwrap(), Some(user));

        let request = create(&*repository, texts(sample::certificate_request(n, 1, 1), text)).await;
        assert_eq!(read(&*repository, request.id).await, request);
    }
    assert_sound(&*repository).await;
}

fn texts(mut request: Request, text: &str) -> Request {
    request.justification = Some(text.to_owned());
    if let RequestDetails::Certificate(certificate) = &mut request.details {
        text.clone_into(&mut certificate.comment);
        certificate.security_descriptor = Some(text.to_owned());
        let item = |name: &str| DataItem {
            name: format!("{name}{text}"),
            value: Some(text.to_owned()),
            provider: DataProvider::Subscriber,
        };
        certificate.data_items = vec![item("b"), item("a"), item("_")];
    }
    request
}

/// An empty text is not no text.
pub async fn must_06_empty_is_not_absent(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 1).await;
    for (n, justification) in [(1, Some(String::new())), (2, None)] {
        let request = Request { justification, ..sample::certificate_request(n, 1, 1) };
        let request = create(&*repository, request).await;
        assert_eq!(read(&*repository, request.id).await, request);
    }
    assert_sound(&*repository).await;
}

/// Requests of one moment are ordered by the bytes of their ids, the highest first.
pub async fn must_06_ids_are_ordered_by_their_bytes(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    people(&*repository, 1).await;
    let ids = [0x00, 0x01, 0x0a, 0x41, 0x61, 0x7f, 0x80, 0xfe, 0xff].map(|byte: u128| byte << 120);
    for (n, id) in (1..).zip(ids) {
        let created = sample::time(0);
        let id = Uuid::from_u128(id).into();
        create(&*repository, Request { id, created, ..sample::certificate_request(n, 1, 1) }).await;
    }
    let found = walk(&*repository, &mim_list(&[sample::principal(1)]), 2).await;
    let found: Vec<_> = found.iter().map(|stored| stored.id.as_uuid().as_u128()).collect();
    assert_eq!(found, ids.into_iter().rev().collect::<Vec<_>>());
}

/// An export orders its records by the bytes of their ids.
pub async fn must_06_an_export_is_ordered_by_bytes(fixture: &dyn Fixture) {
    let repository = fixture.repository();
    let users = [0xff, 0x00, 0x80, 0x7f, 0x41, 0x61].map(|byte: u128| {
        let n = u64::try_from(byte).unwrap();
        Record::User(User { id: Uuid::from_u128(byte << 120 | 1).into(), ..sample::user(n) })
    });
    import(&*repository, users.to_vec()).await;
    let text = export(&*repository).await;
    let order: Vec<_> = text.lines().filter(|line| line.contains(r#""kind":"user""#)).collect();
    let mut ids: Vec<_> = order.iter().map(|line| line.split(r#""id":"#).nth(1).unwrap()[1..37].to_owned()).collect();
    assert_eq!(ids.len(), 6);
    assert!(ids.is_sorted(), "{ids:?}");
    ids.dedup();
    assert_eq!(ids.len(), 6);
}
